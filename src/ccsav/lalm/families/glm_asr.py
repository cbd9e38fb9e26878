"""GLM-ASR: transcription models whose rotary encoder does not mask padding."""

import math

import torch

from ._family import TOWER_SITES, Family, chat_prompt, processor_inputs, stride_2_frames

SAMPLES_PER_TOKEN = 1280  # 80 ms: four encoder frames; windows are multiples of it


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features of the window, one audio token per 80 ms of a clip; see `Family.inputs`."""
    samples = math.ceil(samples / SAMPLES_PER_TOKEN) * SAMPLES_PER_TOKEN
    arguments = processor_inputs(lalm, waveforms, prompts, samples)
    return arguments, stride_2_frames(arguments["input_features_mask"].sum(-1))


GLM_ASR = Family(
    name="GLM-ASR",
    model_class="GlmAsrForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=chat_prompt,
    inputs=_inputs,
)
