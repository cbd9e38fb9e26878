"""GLM-ASR: transcription models whose rotary encoder hears its padding."""

import torch

from ._family import TOWER_SITES, Family, chat, halved, processed

SAMPLES_PER_TOKEN = 1280  # 80 ms: four encoder frames; windows are multiples of it


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features of the window, one audio token per 80 ms of a clip; see `Family.inputs`."""
    samples = -(-samples // SAMPLES_PER_TOKEN) * SAMPLES_PER_TOKEN
    arguments = processed(lalm, waveforms, prompts, samples)
    return arguments, halved(arguments["input_features_mask"].sum(-1))


GLM_ASR = Family(
    name="GLM-ASR",
    model_class="GlmAsrForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=chat,
    inputs=_inputs,
)
