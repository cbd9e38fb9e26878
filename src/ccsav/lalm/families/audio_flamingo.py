"""Audio Flamingo 3 and Music Flamingo, whose encoder has rotary embeddings of time."""

import dataclasses

import torch

from ._family import TOWER_SITES, Family, chat_prompt, processor_inputs, stride_2_frames


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`."""
    arguments = processor_inputs(lalm, waveforms, prompts, samples)
    return arguments, stride_2_frames(arguments["input_features_mask"].sum(-1))


AUDIO_FLAMINGO_3 = Family(
    name="Audio Flamingo 3",
    model_class="AudioFlamingo3ForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=chat_prompt,
    inputs=_inputs,
    masks_padding=True,
    encoder="model.audio_tower",
)
MUSIC_FLAMINGO = dataclasses.replace(
    AUDIO_FLAMINGO_3,
    name="Music Flamingo",
    model_class="MusicFlamingoForConditionalGeneration",
)
