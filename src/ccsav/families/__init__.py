"""What differs between families of audio-language models: the prompt, the inputs, where heads are.

To add a family: describe it in a file of its own, as `qwen2_audio` does, and enter it in `FAMILIES`
under the `model_type` of its transformers config.
"""

from ._family import Family, Site
from .audio_flamingo import AUDIO_FLAMINGO_3, MUSIC_FLAMINGO
from .glm_asr import GLM_ASR
from .qwen2_audio import QWEN2_AUDIO
from .qwen3_asr import QWEN3_ASR
from .voxtral import VOXTRAL
from .whisper import WHISPER

FAMILIES = {
    "whisper": WHISPER,
    "qwen2_audio": QWEN2_AUDIO,
    "voxtral": VOXTRAL,
    "audioflamingo3": AUDIO_FLAMINGO_3,
    "musicflamingo": MUSIC_FLAMINGO,
    "glmasr": GLM_ASR,
    "qwen3_asr": QWEN3_ASR,
}

__all__ = ["FAMILIES", "Family", "Site"]
