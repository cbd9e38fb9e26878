"""A tiny Voxtral, with the files that its folder on the hub has."""

import base64
import json
from pathlib import Path

import torch
from transformers import VoxtralConfig, VoxtralForConditionalGeneration

from .common import MELS, SECONDS, extractor, save

MARKS = """
    <unk> <s> </s> [INST] [/INST] [AVAILABLE_TOOLS] [/AVAILABLE_TOOLS] [TOOL_RESULTS]
    [/TOOL_RESULTS] [TOOL_CALLS] [IMG] <pad> [IMG_BREAK] [IMG_END] [PREFIX] [MIDDLE] [SUFFIX]
    [SYSTEM_PROMPT] [/SYSTEM_PROMPT] [TOOL_CONTENT]
"""
SPECIAL = dict(enumerate(MARKS.split())) | {24: "[AUDIO]", 25: "[BEGIN_AUDIO]", 34: "[TRANSCRIBE]"}
SPECIALS = 40


def voxtral(folder: Path, *, seconds: int = SECONDS, layers: int = 3) -> Path:
    """A Voxtral with grouped-query attention and a head_dim of its own, byte tokens."""
    torch.manual_seed(0)
    config = VoxtralConfig(
        audio_config={
            "model_type": "voxtral_encoder",
            "num_mel_bins": MELS,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 128,  # 4 frames of 32 numbers make one token
            "max_source_positions": 50 * seconds,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": SPECIALS + 256,
            "hidden_size": 64,
            "intermediate_size": 192,
            "num_hidden_layers": layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 24,
            "max_position_embeddings": 2048,
        },
        audio_token_id=24,
    )
    model = VoxtralForConditionalGeneration(config)
    model.generation_config.pad_token_id = 11
    save(folder, model, extractor(seconds))
    (Path(folder) / "tekken.json").write_text(json.dumps(tekken(seconds)))
    return folder


def tekken(seconds: int) -> dict:
    """What tekken.json holds: one token for each byte, after the special ones."""
    names = [SPECIAL.get(rank, f"<SPECIAL_{rank}>") for rank in range(SPECIALS)]
    return {
        "type": "tekken",
        "version": 1,
        "config": {
            "pattern": r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+",
            "num_vocab_tokens": 256,
            "default_vocab_size": SPECIALS + 256,
            "default_num_special_tokens": SPECIALS,
            "version": "v7",
        },
        "vocab": [
            {"rank": i, "token_bytes": base64.b64encode(bytes([i])).decode(), "token_str": None}
            for i in range(256)
        ],
        "special_tokens": [
            {"rank": rank, "token_str": name, "is_control": True} for rank, name in enumerate(names)
        ],
        "audio": {
            "sampling_rate": 16000,
            "frame_rate": 12.5,
            "audio_encoding_config": {"num_mel_bins": MELS, "hop_length": 160, "window_size": 400},
            "chunk_length_s": float(seconds),
        },
    }
