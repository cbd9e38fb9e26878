"""A tiny GLM-ASR with its processor."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GlmAsrConfig,
    GlmAsrForConditionalGeneration,
    GlmAsrProcessor,
    TokenizersBackend,
)

from .common import MELS, SECONDS, byte_pairs, extractor, save

# the clip is a turn of the user's by itself; <|pad|> stands for its tokens
TEMPLATE = """\
{%- for turn in messages -%}
<|{{ turn.role }}|>
{% for part in turn.content -%}
{%- if part.type == 'audio' %}<|begin_of_audio|><|pad|><|end_of_audio|><|user|>
{% else %}{{ part.text }}{% endif -%}
{%- endfor -%}
{%- endfor -%}
{%- if add_generation_prompt %}<|assistant|>
{% endif -%}"""
NAMES = ["<|user|>", "<|assistant|>", "<|begin_of_audio|>", "<|pad|>", "<|end_of_audio|>"]


def glmasr(folder: Path, *, seconds: int = SECONDS, layers: int = 3) -> Path:
    """A GLM-ASR with grouped-query attention and a head_dim of its own throughout."""
    vocabulary, merges = byte_pairs()
    backend = Tokenizer(models.BPE(vocabulary, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    end = "<|endoftext|>"
    tokenizer = TokenizersBackend(tokenizer_object=backend, eos_token=end, pad_token=end)
    tokenizer.add_tokens(NAMES, special_tokens=True)
    torch.manual_seed(0)
    config = GlmAsrConfig(
        audio_config={
            "model_type": "glmasr_encoder",
            "num_mel_bins": MELS,
            "hidden_size": 40,
            "intermediate_size": 160,  # 4 frames of 40 numbers make one token
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "head_dim": 12,
            "max_position_embeddings": 50 * seconds,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "hidden_size": 64,
            "intermediate_size": 192,
            "num_hidden_layers": layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 24,
            "max_position_embeddings": 2048,
            "eos_token_id": [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<|user|>")],
            "pad_token_id": tokenizer.pad_token_id,
        },
        audio_token_id=tokenizer.convert_tokens_to_ids("<|pad|>"),
    )
    processor = GlmAsrProcessor(extractor(seconds), tokenizer, chat_template=TEMPLATE)
    return save(folder, GlmAsrForConditionalGeneration(config), processor)
