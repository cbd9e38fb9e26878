"""Phi-4 multimodal: a processor for audio alone, and the speech adapter.

The main branch of microsoft/Phi-4-multimodal-instruct on the hub is of another type, phi4mm, which
needs code that comes with it: load it with revision="refs/pr/70".
"""

from types import SimpleNamespace

import torch
import transformers

from ._adapter import merge_adapter
from ._family import Family, Site, check_audio_tokens, tokenized_inputs


def _processor(name_or_path, revision=None) -> SimpleNamespace:
    """Tokenizer and feature extractor; `AutoProcessor` needs torchvision."""
    return SimpleNamespace(
        tokenizer=transformers.AutoTokenizer.from_pretrained(
            name_or_path, revision=revision, trust_remote_code=False
        ),
        feature_extractor=transformers.Phi4MultimodalFeatureExtractor.from_pretrained(
            name_or_path, revision=revision, trust_remote_code=False
        ),
    )


def _adapt(model, name_or_path, revision=None) -> int:
    """Add the speech adapter, which transformers does not load, to the weights."""
    return merge_adapter(model, name_or_path, "speech-lora", revision)


def _prompt(lalm, question: str, modality: str = "audio") -> str:
    """The model card's chat around the clip and the question, up to the answer."""
    audio = lalm.model.config.audio_config.audio_token_id
    return f"<|user|>{lalm.processor.tokenizer.decode([audio])}{question}<|end|><|assistant|>"


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 80 ms; see `Family.inputs`.

    `samples` is not used: the encoder does not mask padding, so that there must be none.
    """
    audio = lalm.processor.feature_extractor(
        waveforms, sampling_rate=lalm.rate, return_tensors="pt"
    )
    sizes, token_id = audio["audio_embed_sizes"], lalm.model.config.audio_config.audio_token_id
    token, number = lalm.processor.tokenizer.decode([token_id]), int(sizes[0])
    texts = [text.replace(token, token * number) for text in prompts]
    arguments = tokenized_inputs(lalm, texts)
    check_audio_tokens(arguments, token_id, number)
    arguments["audio_input_features"] = audio["audio_input_features"]
    return arguments | {"audio_embed_sizes": sizes}, sizes


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
