"""Qwen2-Audio, and the mini LALM, which is a small one of the same class."""

import torch

from ._family import TOWER_SITES, Family, chat_prompt, processor_inputs, stride_2_frames


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`."""
    arguments = processor_inputs(lalm, waveforms, prompts, samples)
    return arguments, stride_2_frames(arguments["feature_attention_mask"].sum(-1))


QWEN2_AUDIO = Family(
    name="Qwen2-Audio",
    model_class="Qwen2AudioForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=chat_prompt,
    inputs=_inputs,
    shortest=7 * 160,  # 70 ms, two audio tokens: the model takes a single one for a placeholder
    masks_padding=True,
    encoder="model.audio_tower",
)
