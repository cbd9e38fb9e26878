"""A tiny Qwen2-Audio."""

from pathlib import Path

import torch
from transformers import (
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    Qwen2Tokenizer,
    WhisperFeatureExtractor,
)

from .common import SECONDS, byte_pairs, save


def qwen2_audio(
    folder: Path,
    *,
    seconds: int = SECONDS,
    hidden: int = 64,
    layers: int = 3,
    heads: int = 4,
    head_dim: int = 24,
    audio_width: int = 32,
    audio_layers: int = 2,
) -> Path:
    """A Qwen2-Audio with grouped-query attention and a head_dim of its own."""
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    names += ["<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"]
    vocabulary, merges = byte_pairs()
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges)
    tokenizer.add_tokens(names, special_tokens=True)
    torch.manual_seed(0)
    config = Qwen2AudioConfig(
        audio_config={
            "model_type": "qwen2_audio_encoder",
            "num_mel_bins": 80,
            "d_model": audio_width,
            "encoder_layers": audio_layers,
            "encoder_attention_heads": 4,
            "encoder_ffn_dim": 4 * audio_width,
            "max_source_positions": 50 * seconds,
        },
        text_config={
            "model_type": "qwen2",
            "vocab_size": len(tokenizer),
            "hidden_size": hidden,
            "intermediate_size": 3 * hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": heads // 2,
            "head_dim": head_dim,
            "max_position_embeddings": 2048,
        },
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
    )
    extractor = WhisperFeatureExtractor(feature_size=80, chunk_length=seconds)
    processor = Qwen2AudioProcessor(feature_extractor=extractor, tokenizer=tokenizer)
    return save(folder, Qwen2AudioForConditionalGeneration(config), processor)
