"""Gemma 4, the models with audio (E2B, E4B): a processor for audio alone."""

from types import SimpleNamespace

import torch
import transformers

from ._family import Family, Site, chat_prompt, check_audio_tokens, tokenized_inputs
from .gemma3n import usm_features


def _processor(name_or_path, revision=None) -> SimpleNamespace:
    """Tokenizer and feature extractor; `AutoProcessor` needs torchvision, for videos."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        name_or_path, revision=revision, trust_remote_code=False
    )
    return SimpleNamespace(
        tokenizer=tokenizer,
        apply_chat_template=tokenizer.apply_chat_template,
        feature_extractor=transformers.Gemma4AudioFeatureExtractor.from_pretrained(
            name_or_path, revision=revision, trust_remote_code=False
        ),
    )


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`."""
    tokenizer = lalm.processor.tokenizer
    features, frames = usm_features(lalm, waveforms, samples)
    boa, token, eoa = tokenizer.boa_token, tokenizer.audio_token, tokenizer.eoa_token
    texts = [
        text.replace(token, boa + token * n + eoa)
        for text, n in zip(prompts, frames.tolist(), strict=True)
    ]
    arguments = tokenized_inputs(lalm, texts)
    check_audio_tokens(arguments, lalm.model.config.audio_token_id, frames)
    return arguments | features, frames


GEMMA4 = Family(
    name="Gemma 4",
    model_class="Gemma4ForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site("encoder", "model.audio_tower.layers", "self_attn", "mean", ("post.linear",)),
    ),
    prompt=chat_prompt,
    inputs=_inputs,
    window=30.0,  # the extractor cuts what is longer
    masks_padding=True,
    processor=_processor,
)
