"""Granite Speech and Granite Speech Plus: features without torchaudio, and the audio adapter."""

import dataclasses
from types import SimpleNamespace

import torch
import transformers

from ._adapter import merge_adapter
from ._family import Family, Site, check_audio_tokens, tokenized_inputs

# The template's own system message has today's date: head vectors would change every day.
SYSTEM = (
    "Knowledge Cutoff Date: April 2024.\nToday's Date: December 19, 2024.\n"
    "You are Granite, developed by IBM. You are a helpful AI assistant"
)


def _processor(name_or_path, revision=None) -> SimpleNamespace:
    """Tokenizer and feature extractor; `AutoProcessor` needs torchaudio."""
    from ._granite_features import GraniteFeatures  # takes seconds to import

    return SimpleNamespace(
        tokenizer=transformers.AutoTokenizer.from_pretrained(
            name_or_path, revision=revision, trust_remote_code=False
        ),
        feature_extractor=GraniteFeatures.from_pretrained(
            name_or_path, revision=revision, trust_remote_code=False
        ),
    )


def _adapt(model, name_or_path, revision=None) -> int:
    """Add the audio adapter to the weights, unless peft has loaded it."""
    if not model.config.has_lora_adapter or model._hf_peft_config_loaded:
        return 0
    return merge_adapter(model, name_or_path, revision=revision)


def _prompt(lalm, question: str, modality: str = "audio") -> str:
    """The model's own chat template around the clip and the question, up to the answer."""
    chat = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"<|audio|>{question}"},
    ]
    tokenizer = lalm.processor.tokenizer
    return tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with ten audio tokens per second; see `Family.inputs`.

    `samples` is not used: the encoder does not mask padding, so that there must be none.
    """
    features = lalm.processor.feature_extractor(waveforms)
    frames = features.shape[1]
    number = lalm.processor.feature_extractor.tokens(frames)
    texts = [text.replace("<|audio|>", "<|audio|>" * number) for text in prompts]
    arguments = tokenized_inputs(lalm, texts)
    check_audio_tokens(arguments, lalm.model.config.audio_token_id, number)
    return arguments | {"input_features": features}, torch.full((len(waveforms),), frames)


GRANITE_SPEECH = Family(
    name="Granite Speech",
    model_class="GraniteSpeechForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site("encoder", "model.encoder.layers", "attn", "mean", ("to_out",), "dim_head"),
    ),
    prompt=_prompt,
    inputs=_inputs,
    window=30.0,  # of this library: the model has no limit
    equal_lengths=True,
    adapt=_adapt,
    processor=_processor,
)
GRANITE_SPEECH_PLUS = dataclasses.replace(
    GRANITE_SPEECH,
    name="Granite Speech Plus",
    model_class="GraniteSpeechPlusForConditionalGeneration",
)
