"""Phi-4 multimodal: a processor for sound alone, and the speech adapter.

The main branch of microsoft/Phi-4-multimodal-instruct on the hub is of another type, phi4mm, which
runs code of its own: load it with revision="refs/pr/70".
"""

from types import SimpleNamespace

import torch
import transformers

from ._adapter import fold
from ._family import Family, Site, spelled, with_audio


def _processor(name_or_path, **options) -> SimpleNamespace:
    """Tokenizer and features; `AutoProcessor` wants torchvision."""
    return SimpleNamespace(
        tokenizer=transformers.AutoTokenizer.from_pretrained(name_or_path, **options),
        feature_extractor=transformers.Phi4MultimodalFeatureExtractor.from_pretrained(
            name_or_path, **options
        ),
    )


def _adapt(model, name_or_path, revision=None) -> int:
    """Add the speech adapter, which transformers does not load by itself, to the weights."""
    return fold(model, name_or_path, "speech-lora", revision)


def _prompt(lalm, question: str, modality: str = "audio") -> str:
    """The model card's chat around the clip and the question, up to the answer."""
    audio = lalm.model.config.audio_config.audio_token_id
    return f"<|user|>{lalm.processor.tokenizer.decode([audio])}{question}<|end|><|assistant|>"


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 80 ms; see `Family.inputs`.

    `samples` is not used: the encoder hears any padding, so that there must be none.
    """
    heard = lalm.processor.feature_extractor(
        waveforms, sampling_rate=lalm.rate, return_tensors="pt"
    )
    size, audio = heard["audio_embed_sizes"], lalm.model.config.audio_config.audio_token_id
    name = lalm.processor.tokenizer.decode([audio])
    texts = [text.replace(name, name * int(size[0])) for text in prompts]
    arguments = with_audio(spelled(lalm, texts), audio, int(size[0]))
    arguments["audio_input_features"] = heard["audio_input_features"]
    return arguments | {"audio_embed_sizes": size}, size


PHI4_MULTIMODAL = Family(
    name="Phi-4 multimodal",
    model_class="Phi4MultimodalForCausalLM",
    sites=(
        Site("decoder", "model.layers", "self_attn", "last"),
        Site(
            "encoder", "model.embed_tokens_extend.audio_embed.encoder.encoders", "self_attn", "mean"
        ),
    ),
    prompt=_prompt,
    inputs=_inputs,
    window=40.0,  # the encoder cuts what is longer into pieces
    equal_lengths=True,
    adapt=_adapt,
    processor=_processor,
)
