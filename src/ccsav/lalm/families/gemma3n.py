"""Gemma 3n, loaded without its vision tower."""

import torch

from ._family import Family, Site, chat, spelled, with_audio

SILENCE = 1_600  # samples after the longest clip: the encoder looks that far beyond a clip's end


def _load(name_or_path, **options):
    """The model without its vision tower, whether or not timm is installed."""
    from ._gemma3n_model import load  # takes seconds to import

    return load(name_or_path, **options)


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with 188 audio tokens, however long the clip.

    The model itself fills up the tokens that a clip leaves over. Clips are followed by
    `SILENCE`, and `samples` is not used: without it, the end of the longest clip would be heard
    otherwise than in a batch with a longer one.
    """
    processor, config = lalm.processor, lalm.model.config
    features, frames = usm(lalm, waveforms, max(map(len, waveforms)) + SILENCE)
    texts = [text.replace(processor.audio_token, processor.full_audio_sequence) for text in prompts]
    number = config.audio_soft_tokens_per_image
    return with_audio(spelled(lalm, texts), config.audio_token_id, number) | features, frames


def usm(lalm, waveforms, samples) -> tuple[dict, torch.Tensor]:
    """Features of the Universal Speech Model's kind, padded to `samples`, and encoder frames."""
    audio = lalm.processor.feature_extractor(
        waveforms,
        padding="max_length",
        max_length=samples,
        truncation=False,
        pad_to_multiple_of=None,
        return_tensors="pt",
    )
    frames = -(-audio["input_features_mask"].sum(-1) // 4)  # two convolutions of stride 2
    return {name: audio[name] for name in ("input_features", "input_features_mask")}, frames


GEMMA3N = Family(
    name="Gemma 3n",
    model_class="Gemma3nForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site(
            "encoder",
            "model.audio_tower.conformer",
            "attention",
            "mean",
            "post",
            "attn.head_dim",
        ),
    ),
    prompt=chat,
    inputs=_inputs,
    window=30.0,  # 188 audio tokens of 160 ms
    masks_padding=True,
    load=_load,
    unused=("model.vision_tower.",),
)
