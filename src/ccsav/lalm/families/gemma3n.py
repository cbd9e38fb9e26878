"""Gemma 3n, loaded without its vision tower."""

import torch

from ._family import Family, Site, chat_prompt, check_audio_tokens, tokenized_inputs

SILENCE = 1_600  # samples after the longest clip: the encoder uses that much after a clip's end


def _load(name_or_path, **options):
    """The model without its vision tower, whether or not timm is installed."""
    from ._gemma3n_model import load_without_vision  # takes seconds to import

    return load_without_vision(name_or_path, **options)


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with 188 audio tokens, however long the clip.

    The model itself fills the tokens that a short clip does not need. `samples` is not used:
    `SILENCE` follows the longest clip, so that its end is encoded as in a batch with a longer one.
    """
    processor, config = lalm.processor, lalm.model.config
    features, frames = usm_features(lalm, waveforms, max(map(len, waveforms)) + SILENCE)
    texts = [text.replace(processor.audio_token, processor.full_audio_sequence) for text in prompts]
    arguments = tokenized_inputs(lalm, texts)
    check_audio_tokens(arguments, config.audio_token_id, config.audio_soft_tokens_per_image)
    return arguments | features, frames


def usm_features(lalm, waveforms, samples) -> tuple[dict, torch.Tensor]:
    """Features of the Universal Speech Model's kind, padded to `samples`, and encoder frames."""
    audio = lalm.processor.feature_extractor(
        waveforms,
        padding="max_length",
        max_length=samples,
        truncation=False,
        pad_to_multiple_of=None,
        return_tensors="pt",
    )
    frames = (
        audio["input_features_mask"].sum(-1) + 3
    ) // 4  # rounded up: two convolutions of stride 2
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
            ("post",),
            "attn.head_dim",
        ),
    ),
    prompt=chat_prompt,
    inputs=_inputs,
    window=30.0,  # 188 audio tokens of 160 ms
    masks_padding=True,
    load=_load,
    unused=("model.vision_tower.",),
)
