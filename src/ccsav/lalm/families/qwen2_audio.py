"""Qwen2-Audio, and the mini and the small LALM, which are of the same class."""

from pathlib import Path

import torch
import transformers

from ._family import TOWER_SITES, Family, chat_prompt, processor_inputs, stride_2_frames
from ._folder import check_template


def _processor(name_or_path, revision=None) -> object:
    """The processor of a folder that has a chat template."""
    check_template(Path(name_or_path))
    return transformers.AutoProcessor.from_pretrained(
        name_or_path, revision=revision, trust_remote_code=False
    )


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per four mel frames; see `Family.inputs`."""
    arguments = processor_inputs(lalm, waveforms, prompts, samples)
    return arguments, stride_2_frames(arguments["feature_attention_mask"].sum(-1))


QWEN2_AUDIO = Family(
    name="Qwen2-Audio",
    model_class="Qwen2AudioForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=chat_prompt,
    inputs=_inputs,
    shortest=7,  # two audio tokens: the model takes a single one for a placeholder
    masks_padding=True,
    encoder="model.audio_tower",
    processor=_processor,
)
