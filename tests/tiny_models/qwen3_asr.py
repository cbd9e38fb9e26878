"""A tiny Qwen3-ASR with its processor."""

from pathlib import Path

import torch
from transformers import (
    Qwen2Tokenizer,
    Qwen3ASRConfig,
    Qwen3ASRFeatureExtractor,
    Qwen3ASRForConditionalGeneration,
    Qwen3ASRProcessor,
)

from .common import MELS, SECONDS, byte_pairs, save

# text is taken from the system's turn only, clips from the user's
TEMPLATE = """\
<|im_start|>system
{% for turn in messages if turn.role == 'system' -%}
{%- for part in turn.content %}{{ part.text }}{% endfor -%}
{%- endfor -%}
<|im_end|>
<|im_start|>user
{% for turn in messages if turn.role == 'user' -%}
{%- for part in turn.content if part.type == 'audio' -%}
<|audio_start|><|audio_pad|><|audio_end|>
{%- endfor -%}
{%- endfor -%}
<|im_end|>
{% if add_generation_prompt %}<|im_start|>assistant
{% endif -%}"""
MARKS = {
    "audio_bos_token": "<|audio_start|>",
    "audio_token": "<|audio_pad|>",
    "audio_eos_token": "<|audio_end|>",
}


def qwen3_asr(folder: Path, *, seconds: int = SECONDS, layers: int = 3) -> Path:
    """A Qwen3-ASR whose encoder attends within 2 s; the decoder has a head_dim of its own."""
    vocabulary, merges = byte_pairs()
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges, extra_special_tokens=MARKS)
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer.add_tokens(names, special_tokens=True)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    torch.manual_seed(0)
    config = Qwen3ASRConfig(
        audio_config={
            "model_type": "qwen3_asr_encoder",
            "num_mel_bins": MELS,
            "d_model": 40,
            "encoder_layers": 2,
            "encoder_attention_heads": 4,
            "encoder_ffn_dim": 128,
            "downsample_hidden_size": 8,
            "output_dim": 64,
            "n_window_infer": 200,
        },
        text_config={
            "model_type": "qwen3",
            "vocab_size": len(tokenizer),
            "hidden_size": 64,
            "intermediate_size": 192,
            "num_hidden_layers": layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 24,
            "max_position_embeddings": 2048,
        },
        audio_token_id=tokenizer.convert_tokens_to_ids("<|audio_pad|>"),
        pad_token_id=end,
        eos_token_id=end,
    )
    extractor = Qwen3ASRFeatureExtractor(feature_size=MELS, chunk_length=seconds)
    processor = Qwen3ASRProcessor(extractor, tokenizer, chat_template=TEMPLATE)
    return save(folder, Qwen3ASRForConditionalGeneration(config), processor)
