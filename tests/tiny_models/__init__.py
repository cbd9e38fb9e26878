"""Small models of the real classes, random weights, with real processors, saved as folders."""

from .audioflamingo3 import audioflamingo3
from .common import SECONDS
from .glmasr import glmasr
from .musicflamingo import musicflamingo
from .qwen2_audio import qwen2_audio
from .qwen3_asr import qwen3_asr
from .voxtral import voxtral
from .whisper import whisper

# model_type → what writes a folder of one
FAMILIES = {
    "whisper": whisper,
    "qwen2_audio": qwen2_audio,
    "voxtral": voxtral,
    "audioflamingo3": audioflamingo3,
    "musicflamingo": musicflamingo,
    "glmasr": glmasr,
    "qwen3_asr": qwen3_asr,
}

__all__ = ["FAMILIES", "SECONDS", *FAMILIES]
