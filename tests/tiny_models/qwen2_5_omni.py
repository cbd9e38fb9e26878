"""A small Qwen2.5-Omni, random weights, with the files that a folder of the hub has."""

import json
from pathlib import Path

import torch
from transformers import (
    Qwen2_5OmniConfig,
    Qwen2_5OmniForConditionalGeneration,
    Qwen2Tokenizer,
)

from .common import MELS, SECONDS, byte_pairs, extractor, save

NAMES = {"audio_token": "<|AUDIO|>", "image_token": "<|IMAGE|>", "video_token": "<|VIDEO|>"}
NAMES |= {"audio_bos_token": "<|audio_bos|>", "audio_eos_token": "<|audio_eos|>"}
NAMES |= {"vision_bos_token": "<|vision_bos|>", "vision_eos_token": "<|vision_eos|>"}
TEMPLATE = """\
{% for m in messages %}{% if loop.first and m.role != 'system' %}<|im_start|>system
You are a helpful assistant.<|im_end|>
{% endif %}<|im_start|>{{ m.role }}
{% for c in m.content %}{% if c.type == 'audio' %}<|audio_bos|><|AUDIO|><|audio_eos|>\
{% elif c.type == 'video' %}<|vision_bos|><|VIDEO|><|vision_eos|>\
{% else %}{{ c.text }}{% endif %}{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def qwen2_5_omni(folder: Path, *, thinker_only: bool = False, seconds: int = SECONDS) -> Path:
    """A full model without its speech, or its thinker alone; a decoder head is 24 numbers long."""
    vocabulary, merges = byte_pairs()
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges, extra_special_tokens=NAMES)
    tokenizer.add_tokens(["<|im_start|>", "<|im_end|>"], special_tokens=True)
    tokenizer.eos_token = "<|im_end|>"
    tokenizer.chat_template = TEMPLATE
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in NAMES.items()}
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 192,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 24,
        "rope_parameters": {"rope_type": "default", "mrope_section": [4, 4, 4]},
    }
    audio = {
        "num_mel_bins": MELS,
        "d_model": 32,
        "encoder_layers": 2,
        "encoder_attention_heads": 4,
        "encoder_ffn_dim": 64,
        "output_dim": 64,
    }
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2}
    thinker = {
        "text_config": text,
        "audio_config": audio,
        "vision_config": vision | {"out_hidden_size": 64, "fullatt_block_indexes": [1]},
        **{f"{kind}_token_index": ids[f"{kind}_token"] for kind in ("audio", "image", "video")},
        "audio_start_token_id": ids["audio_bos_token"],
        "vision_start_token_id": ids["vision_bos_token"],
    }
    torch.manual_seed(0)
    config = Qwen2_5OmniConfig(thinker_config=thinker, enable_audio_output=False)
    model = Qwen2_5OmniForConditionalGeneration(config)
    save(folder, model.thinker if thinker_only else model, tokenizer)
    save_preprocessor(folder, "Qwen2_5OmniProcessor", seconds, patch_size=14)
    return folder


def save_preprocessor(folder, processor: str, seconds: int, patch_size: int):
    """The one file in which the hub keeps the settings for audio, images and videos."""
    audio = extractor(seconds).to_dict() | {"return_attention_mask": True}
    images = {"image_processor_type": "Qwen2VLImageProcessor", "patch_size": patch_size}
    images |= {"temporal_patch_size": 2, "merge_size": 2, "processor_class": processor}
    settings = json.dumps(audio | images, indent=2)
    (Path(folder) / "preprocessor_config.json").write_text(settings)
