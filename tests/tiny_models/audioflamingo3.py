"""A tiny Audio Flamingo 3 with its processor."""

from pathlib import Path

import torch
from transformers import (
    AudioFlamingo3Config,
    AudioFlamingo3ForConditionalGeneration,
    AudioFlamingo3Processor,
    Qwen2Tokenizer,
)

from .common import MELS, SECONDS, byte_pairs, extractor, save

# the clip comes before the text, whatever their order in the turn
TEMPLATE = """\
{%- if messages[0].role != 'system' %}<|im_start|>system
You are a helpful assistant.<|im_end|>
{% endif -%}
{%- for turn in messages -%}
<|im_start|>{{ turn.role }}
{% for part in turn.content if part.type == 'audio' %}<sound>{% endfor -%}
{%- for part in turn.content if part.type == 'text' %}{{ part.text }}{% endfor -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif -%}"""


def audioflamingo3(folder: Path, *, seconds: int = SECONDS, layers: int = 3) -> Path:
    """An Audio Flamingo 3 with grouped-query attention and a head_dim of its own."""
    vocabulary, merges = byte_pairs()
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges)
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<sound>"]
    tokenizer.add_tokens(names, special_tokens=True)
    torch.manual_seed(0)
    config = AudioFlamingo3Config(
        audio_config=encoder(seconds),
        text_config=decoder(len(tokenizer), layers),
        audio_token_id=tokenizer.convert_tokens_to_ids("<sound>"),
    )
    processor = AudioFlamingo3Processor(extractor(seconds), tokenizer, chat_template=TEMPLATE)
    return save(folder, AudioFlamingo3ForConditionalGeneration(config), processor)


def encoder(seconds: int) -> dict:
    """Its audio encoder, Music Flamingo's too."""
    return {
        "model_type": "audioflamingo3_encoder",
        "num_mel_bins": MELS,
        "hidden_size": 40,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "max_source_positions": 50 * seconds,
    }


def decoder(vocabulary: int, layers: int) -> dict:
    """Its language model, Music Flamingo's too."""
    return {
        "model_type": "qwen2",
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "intermediate_size": 192,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 24,
        "max_position_embeddings": 2048,
    }
