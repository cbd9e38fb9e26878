"""A tiny Music Flamingo with its processor."""

from pathlib import Path

import torch
from transformers import (
    MusicFlamingoConfig,
    MusicFlamingoForConditionalGeneration,
    MusicFlamingoProcessor,
    Qwen2Tokenizer,
)

from .audioflamingo3 import TEMPLATE, decoder, encoder
from .common import SECONDS, byte_pairs, extractor, save


def musicflamingo(folder: Path, *, seconds: int = SECONDS, layers: int = 3) -> Path:
    """A Music Flamingo: Audio Flamingo 3 with rotary time and marks around the clip."""
    vocabulary, merges = byte_pairs()
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges)
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    sound = ["<sound>", "<|sound_bos|>", "<|sound_eos|>"]
    tokenizer.add_tokens(names + sound, special_tokens=True)
    clip, begin, end = tokenizer.convert_tokens_to_ids(sound)
    torch.manual_seed(0)
    config = MusicFlamingoConfig(
        audio_config=encoder(seconds),
        text_config=decoder(len(tokenizer), layers),
        audio_token_id=clip,
        audio_bos_token_id=begin,
        audio_eos_token_id=end,
        rope_parameters={"rope_type": "default", "rope_theta": 1200},
    )
    template = TEMPLATE.replace("a helpful assistant", "Music Flamingo")
    processor = MusicFlamingoProcessor(extractor(seconds), tokenizer, chat_template=template)
    return save(folder, MusicFlamingoForConditionalGeneration(config), processor)
