"""GLM-ASR: transcription models whose rotary encoder hears its padding."""

import torch

from ._family import Family, Site, chat, halved, positions, with_audio

SAMPLES_PER_TOKEN = 1280  # 80 ms: four encoder frames; windows are multiples of it


def inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features of the window, one audio token per 80 ms of a clip; see `Family.inputs`."""
    samples = -(-samples // SAMPLES_PER_TOKEN) * SAMPLES_PER_TOKEN
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


GLM_ASR = Family(
    name="GLM-ASR",
    model_class="GlmAsrForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site("encoder", "model.audio_tower.layers", "self_attn", "mean"),
    ),
    prompt=chat,
    inputs=inputs,
)
