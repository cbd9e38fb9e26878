"""What differs between families of audio-language models: prompt, inputs, where heads are.

To add a family: describe it in a file of its own, as `qwen2_audio` does, and enter it in `FAMILIES`
under the `model_type` of its transformers config.
"""

import transformers

from ._family import Family, Site, position_ids, shortened_encoder
from ._folder import check_complete, check_folder, limited_time, named_errors
from .audio_flamingo import AUDIO_FLAMINGO_3, MUSIC_FLAMINGO
from .gemma3n import GEMMA3N
from .gemma4 import GEMMA4
from .glm_asr import GLM_ASR
from .granite_speech import GRANITE_SPEECH, GRANITE_SPEECH_PLUS
from .phi4_multimodal import PHI4_MULTIMODAL
from .qwen2_5_omni import QWEN2_5_OMNI
from .qwen2_audio import QWEN2_AUDIO
from .qwen3_asr import QWEN3_ASR
from .qwen3_omni_moe import QWEN3_OMNI_MOE
from .voxtral import VOXTRAL
from .whisper import WHISPER

FAMILIES = {
    "whisper": WHISPER,
    "qwen2_audio": QWEN2_AUDIO,
    "qwen2_5_omni": QWEN2_5_OMNI,
    "qwen2_5_omni_thinker": QWEN2_5_OMNI,
    "qwen3_omni_moe": QWEN3_OMNI_MOE,
    "qwen3_omni_moe_thinker": QWEN3_OMNI_MOE,
    "voxtral": VOXTRAL,
    "audioflamingo3": AUDIO_FLAMINGO_3,
    "musicflamingo": MUSIC_FLAMINGO,
    "granite_speech": GRANITE_SPEECH,
    "granite_speech_plus": GRANITE_SPEECH_PLUS,
    "phi4_multimodal": PHI4_MULTIMODAL,
    "gemma3n": GEMMA3N,
    "gemma4": GEMMA4,
    "glmasr": GLM_ASR,
    "qwen3_asr": QWEN3_ASR,
}

__all__ = [
    "FAMILIES",
    "Family",
    "Site",
    "check_complete",
    "check_folder",
    "find_family",
    "limited_time",
    "named_errors",
    "position_ids",
    "shortened_encoder",
]


def find_family(name_or_path, revision: str | None = None) -> Family:
    """The family of a model, by its config.json, or an `OSError` / `ValueError` of one sentence."""
    try:
        config, _ = transformers.PreTrainedConfig.get_config_dict(name_or_path, revision=revision)
    except OSError as error:
        raise OSError(
            f"{name_or_path}: no local folder, and the Hugging Face hub does not give it. Check "
            "the name and the connection, or give the folder of a model."
        ) from error
    model_type = str(config.get("model_type"))
    if model_type not in FAMILIES:
        known = ", ".join(f"{family.name} ({key})" for key, family in FAMILIES.items())
        raise ValueError(
            f"{name_or_path}: model type {model_type} is not supported; the families are {known}."
        )
    return FAMILIES[model_type]
