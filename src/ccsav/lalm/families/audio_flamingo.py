"""Audio Flamingo 3: sounds, speech and music; and Music Flamingo, which adds rotary time."""

import dataclasses

import torch

from ._family import TOWER_SITES, Family, chat, halved, processed


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`."""
    arguments = processed(lalm, waveforms, prompts, samples)
    return arguments, halved(arguments["input_features_mask"].sum(-1))


AUDIO_FLAMINGO_3 = Family(
    name="Audio Flamingo 3",
    model_class="AudioFlamingo3ForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=chat,
    inputs=_inputs,
    masks_padding=True,
    encoder="model.audio_tower",
)
MUSIC_FLAMINGO = dataclasses.replace(
    AUDIO_FLAMINGO_3,
    name="Music Flamingo",
    model_class="MusicFlamingoForConditionalGeneration",
)
