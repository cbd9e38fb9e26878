"""A small Qwen3-Omni, random weights, with the files that a folder of the hub has."""

from pathlib import Path

import torch
from transformers import (
    Qwen2Tokenizer,
    Qwen3OmniMoeConfig,
    Qwen3OmniMoeForConditionalGeneration,
)

from .common import MELS, SECONDS, byte_pairs, save
from .qwen2_5_omni import save_preprocessor

NAMES = {f"{kind}_token": f"<|{kind}_pad|>" for kind in ("audio", "image", "video")}
NAMES |= {"audio_bos_token": "<|audio_start|>", "audio_eos_token": "<|audio_end|>"}
NAMES |= {"vision_bos_token": "<|vision_start|>", "vision_eos_token": "<|vision_end|>"}
TEMPLATE = """\
{% for m in messages %}<|im_start|>{{ m.role }}
{% for c in m.content %}{% if c.type == 'audio' %}<|audio_start|><|audio_pad|><|audio_end|>\
{% elif c.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>\
{% else %}{{ c.text }}{% endif %}{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
TEXT = {
    "hidden_size": 64,
    "moe_intermediate_size": 32,
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 24,
    "rope_parameters": {"rope_type": "default", "mrope_section": [4, 4, 4]},
}
AUDIO = {
    "num_mel_bins": MELS,
    "d_model": 32,
    "encoder_layers": 2,
    "encoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "n_window_infer": 200,  # mel frames within which the encoder attends: 2 s, in the real one 8 s
    "downsample_hidden_size": 8,
    "output_dim": 64,
}
VISION = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2}
VISION |= {"out_hidden_size": 64, "num_position_embeddings": 64, "deepstack_visual_indexes": [0]}


def qwen3_omni_moe(folder: Path, *, thinker_only: bool = False, seconds: int = SECONDS) -> Path:
    """A full model without its speech, or its thinker alone; a decoder head is 24 numbers long."""
    vocabulary, merges = byte_pairs()
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges, extra_special_tokens=NAMES)
    tokenizer.add_tokens(["<|im_start|>", "<|im_end|>"], special_tokens=True)
    tokenizer.eos_token = "<|im_end|>"
    tokenizer.chat_template = TEMPLATE
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in NAMES.items()}
    thinker = {
        "text_config": TEXT | {"vocab_size": len(tokenizer)},
        "audio_config": AUDIO,
        "vision_config": VISION,
        **{f"{kind}_token_id": ids[f"{kind}_token"] for kind in ("audio", "image", "video")},
        "position_id_per_seconds": 13,
        "audio_start_token_id": ids["audio_bos_token"],
        "vision_start_token_id": ids["vision_bos_token"],
    }
    torch.manual_seed(0)
    config = Qwen3OmniMoeConfig(thinker_config=thinker, enable_audio_output=False)
    model = Qwen3OmniMoeForConditionalGeneration(config)
    save(folder, model.thinker if thinker_only else model, tokenizer)
    save_preprocessor(folder, "Qwen3OmniMoeProcessor", seconds, patch_size=16)
    return folder
