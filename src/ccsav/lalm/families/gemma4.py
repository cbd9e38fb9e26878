"""Gemma 4, those with audio (E2B, E4B): a processor for sound alone."""

from types import SimpleNamespace

import torch
import transformers

from ._family import Family, Site, chat, spelled, with_audio
from .gemma3n import usm


def _processor(name_or_path, **options) -> SimpleNamespace:
    """Tokenizer and features; `AutoProcessor` wants torchvision, for videos."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(name_or_path, **options)
    return SimpleNamespace(
        tokenizer=tokenizer,
        apply_chat_template=tokenizer.apply_chat_template,
        feature_extractor=transformers.Gemma4AudioFeatureExtractor.from_pretrained(
            name_or_path, **options
        ),
    )


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`."""
    tokenizer = lalm.processor.tokenizer
    features, frames = usm(lalm, waveforms, samples)
    boa, token, eoa = tokenizer.boa_token, tokenizer.audio_token, tokenizer.eoa_token
    texts = [
        text.replace(token, boa + token * n + eoa)
        for text, n in zip(prompts, frames.tolist(), strict=True)
    ]
    arguments = with_audio(spelled(lalm, texts), lalm.model.config.audio_token_id, frames)
    return arguments | features, frames


GEMMA4 = Family(
    name="Gemma 4",
    model_class="Gemma4ForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site("encoder", "model.audio_tower.layers", "self_attn", "mean", "post.linear"),
    ),
    prompt=chat,
    inputs=_inputs,
    window=30.0,  # the extractor cuts what is longer
    masks_padding=True,
    processor=_processor,
)
