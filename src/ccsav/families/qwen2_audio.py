"""Qwen2-Audio, and the mini LALM, which is a small one of the same class."""

import torch

from ._family import Family, Site, chat, halved, positions, with_audio


def inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`."""
    arguments = dict(
        lalm.processor(
            text=prompts,
            audio=waveforms,
            sampling_rate=lalm.rate,
            audio_kwargs={"max_length": samples},
            text_kwargs={"padding": True, "padding_side": "left"},
            return_tensors="pt",
        )
    )
    arguments["position_ids"] = positions(arguments["attention_mask"])
    frames = halved(arguments["feature_attention_mask"].sum(-1))
    return with_audio(arguments, lalm.model.config.audio_token_id), frames


QWEN2_AUDIO = Family(
    name="Qwen2-Audio",
    model_class="Qwen2AudioForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site("encoder", "model.audio_tower.layers", "self_attn", "mean"),
    ),
    prompt=chat,
    inputs=inputs,
    shortest=7 * 160,  # 70 ms, two audio tokens: one would be taken for a place to fill in
    masks_padding=True,
    encoder="model.audio_tower",
)
