"""Small models of the real classes, random weights, with real processors, saved as folders."""

from functools import partial

from .audioflamingo3 import audioflamingo3
from .common import SECONDS
from .gemma3n import gemma3n
from .gemma4 import gemma4
from .glmasr import glmasr
from .granite_speech import granite_speech
from .musicflamingo import musicflamingo
from .phi4_multimodal import phi4_multimodal
from .qwen2_5_omni import qwen2_5_omni
from .qwen2_audio import qwen2_audio
from .qwen3_asr import qwen3_asr
from .qwen3_omni_moe import qwen3_omni_moe
from .voxtral import voxtral
from .whisper import whisper

# model_type → a function that writes a folder with such a model
FAMILIES = {
    "whisper": whisper,
    "qwen2_audio": qwen2_audio,
    "qwen2_5_omni": qwen2_5_omni,
    "qwen2_5_omni_thinker": partial(qwen2_5_omni, thinker_only=True),
    "qwen3_omni_moe": qwen3_omni_moe,
    "qwen3_omni_moe_thinker": partial(qwen3_omni_moe, thinker_only=True),
    "voxtral": voxtral,
    "audioflamingo3": audioflamingo3,
    "musicflamingo": musicflamingo,
    "granite_speech": granite_speech,
    "granite_speech_plus": partial(granite_speech, plus=True),
    "phi4_multimodal": phi4_multimodal,
    "gemma3n": gemma3n,
    "gemma4": gemma4,
    "glmasr": glmasr,
    "qwen3_asr": qwen3_asr,
}

__all__ = ["FAMILIES", "SECONDS", "qwen2_5_omni", "qwen2_audio", "qwen3_asr", "whisper"]
