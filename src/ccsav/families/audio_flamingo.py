"""Audio Flamingo 3: sounds, speech and music; and Music Flamingo, which adds rotary time."""

import dataclasses

import torch

from ._family import Family, Site, chat, halved, positions, with_audio


def inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`."""
    arguments = dict(
        lalm.processor(
            text=prompts,
            audio=waveforms,
            audio_kwargs={"max_length": samples, "sampling_rate": lalm.rate},
            text_kwargs={"padding": True, "padding_side": "left"},
            return_tensors="pt",
        )
    )
    arguments["position_ids"] = positions(arguments["attention_mask"])
    frames = halved(arguments["input_features_mask"].sum(-1))
    return with_audio(arguments, lalm.model.config.audio_token_id), frames


AUDIO_FLAMINGO_3 = Family(
    name="Audio Flamingo 3",
    model_class="AudioFlamingo3ForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site("encoder", "model.audio_tower.layers", "self_attn", "mean"),
    ),
    prompt=chat,
    inputs=inputs,
    masks_padding=True,
    encoder="model.audio_tower",
)
MUSIC_FLAMINGO = dataclasses.replace(
    AUDIO_FLAMINGO_3,
    name="Music Flamingo",
    model_class="MusicFlamingoForConditionalGeneration",
)
