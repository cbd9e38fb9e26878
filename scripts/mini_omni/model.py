"""The untrained mini omni model: tokenizer, settings, and a model of six million parameters."""

import copy
import json
from pathlib import Path

import torch
from mini_lalm.model import learned_pairs
from transformers import (
    Qwen2_5OmniThinkerConfig,
    Qwen2_5OmniThinkerForConditionalGeneration,
    Qwen2Tokenizer,
    WhisperFeatureExtractor,
)

from ccsav.disk.writing import write_whole
from ccsav.lalm.loading import load_lalm

SECONDS, MEL_BINS = 2, 64
SIZE, FPS = 56, 8  # pixels, frames per second: 4 tokens for each pair of frames, 32 in 2 s
NAMES = {"audio_token": "<|AUDIO|>", "image_token": "<|IMAGE|>", "video_token": "<|VIDEO|>"}
NAMES |= {"audio_bos_token": "<|audio_bos|>", "audio_eos_token": "<|audio_eos|>"}
NAMES |= {"vision_bos_token": "<|vision_bos|>", "vision_eos_token": "<|vision_eos|>"}
PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
TEXT = {
    "hidden_size": 192,
    "intermediate_size": 512,
    "num_hidden_layers": 6,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "head_dim": 24,
    "max_position_embeddings": 2048,
    "rope_parameters": {
        "rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 4, 4]
    },
}  # fmt: skip
AUDIO = {  # as the mini LALM's encoder, which it starts from
    "num_mel_bins": MEL_BINS,
    "d_model": 192,
    "encoder_layers": 4,
    "encoder_attention_heads": 6,
    "encoder_ffn_dim": 768,
    "output_dim": TEXT["hidden_size"],
}
VISION = {
    "depth": 3,
    "hidden_size": 160,
    "intermediate_size": 448,
    "num_heads": 4,
    "out_hidden_size": TEXT["hidden_size"],
    "fullatt_block_indexes": [0, 1, 2],
}
TEMPLATE = """\
{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.content is string %}{{ m.content }}{% else %}{% for c in m.content %}\
{% if c.type == 'audio' %}<|audio_bos|><|AUDIO|><|audio_eos|>\
{% elif c.type == 'video' %}<|vision_bos|><|VIDEO|><|vision_eos|>\
{% elif c.type == 'text' %}{{ c.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def build_tokenizer(words: list[str], asked: list[str]) -> Qwen2Tokenizer:
    """Byte-pair encoding of the words of all questions and answers."""
    vocabulary, merges = learned_pairs(words, asked)
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges, extra_special_tokens=NAMES)
    tokenizer.add_tokens([PAD, START, END], special_tokens=True)
    tokenizer.pad_token, tokenizer.eos_token = PAD, END
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def build_model(tokenizer: Qwen2Tokenizer, seed: int) -> Qwen2_5OmniThinkerForConditionalGeneration:
    """A model with the mini LALM's audio encoder, frozen, and else random weights.

    Its output layer shares the weights of the token embeddings.
    """
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in NAMES.items()}
    end, pad = tokenizer.convert_tokens_to_ids([END, PAD])
    config = Qwen2_5OmniThinkerConfig(
        text_config=TEXT | {"vocab_size": len(tokenizer), "pad_token_id": pad},
        audio_config=AUDIO,
        vision_config=VISION,
        audio_start_token_id=ids["audio_bos_token"],
        audio_end_token_id=ids["audio_eos_token"],
        vision_start_token_id=ids["vision_bos_token"],
        vision_end_token_id=ids["vision_eos_token"],
        eos_token_id=end,
        pad_token_id=pad,
        **{f"{kind}_token_id": ids[f"{kind}_token"] for kind in ("audio", "image", "video")},
    )
    torch.manual_seed(seed)
    model = Qwen2_5OmniThinkerForConditionalGeneration(config)
    take_encoder(model.model.audio_tower)
    model.lm_head.weight = model.get_input_embeddings().weight
    model.generation_config.eos_token_id = end
    model.generation_config.pad_token_id = pad
    return model


def take_encoder(tower: torch.nn.Module) -> None:
    """Copy the mini LALM's encoder into an audio tower, all but its `proj`, and freeze the copy.

    Both classes compute the same from the same weights: the layers and fixed positions of Whisper,
    the mean of each two frames, and a normalisation.
    """
    learned = load_lalm("mini", device="cpu").model.model.audio_tower.state_dict()
    del learned["embed_positions.weight"]  # sines in both
    for part in ("weight", "bias"):
        learned[f"ln_post.{part}"] = learned.pop(f"layer_norm.{part}")
    new, _ = tower.load_state_dict(learned, strict=False)
    if set(new) != {"proj.weight", "proj.bias", "audio_bos_eos_token.weight"}:
        raise ValueError(f"the mini LALM's encoder does not fit: {new}.")
    for name, weight in tower.named_parameters():
        weight.requires_grad_(name.startswith("proj."))


def extractor() -> WhisperFeatureExtractor:
    """Log-mel features of up to 2 s."""
    return WhisperFeatureExtractor(
        feature_size=MEL_BINS, chunk_length=SECONDS, return_attention_mask=True
    )


def save(model, tokenizer, folder: Path) -> None:
    """Save a model as the hub keeps one: in float16, with its settings for sound and videos."""
    model = copy.deepcopy(model).half()
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    frames = {"patch_size": 14, "temporal_patch_size": 2, "merge_size": 2}
    processor = {"processor_class": "Qwen2_5OmniProcessor"}
    sound = extractor().to_dict() | {"image_processor_type": "Qwen2VLImageProcessor"}
    pixels = {"shortest_edge": SIZE**2, "longest_edge": SIZE**2}
    video = {"video_processor_type": "Qwen2VLVideoProcessor", "fps": FPS, "size": pixels}
    settings = {
        "preprocessor_config.json": sound | frames | processor,
        "video_preprocessor_config.json": video | frames | processor,
    }
    for name, content in settings.items():
        text = json.dumps(content, indent=2) + "\n"
        write_whole(folder / name, lambda path, text=text: path.write_text(text, "utf-8"))
