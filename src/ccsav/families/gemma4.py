"""Gemma 4, those with audio (E2B, E4B): a processor for sound alone."""

from types import SimpleNamespace

import torch
import transformers

from ._family import Family, Site, left_pad, positions


def processor(name_or_path, **options) -> SimpleNamespace:
    """Tokenizer and features; `AutoProcessor` wants torchvision, for videos."""
    return SimpleNamespace(
        tokenizer=transformers.AutoTokenizer.from_pretrained(name_or_path, **options),
        feature_extractor=transformers.Gemma4AudioFeatureExtractor.from_pretrained(
            name_or_path, **options
        ),
    )


def prompt(lalm, question: str, modality: str = "audio") -> str:
    """The model's own chat template around the clip and the question, up to the answer."""
    content = [{"type": "audio"}, {"type": "text", "text": question}]
    chat = [{"role": "user", "content": content}]
    tokenizer = lalm.processor.tokenizer
    return tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)


def inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with one audio token per 40 ms; see `Family.inputs`."""
    tokenizer = lalm.processor.tokenizer
    audio = lalm.processor.feature_extractor(
        waveforms,
        padding="max_length",
        max_length=samples,
        truncation=False,
        pad_to_multiple_of=None,
        return_tensors="pt",
    )
    frames = -(-audio["input_features_mask"].sum(-1) // 4)  # two convolutions of stride 2
    boa, token, eoa = tokenizer.boa_token, tokenizer.audio_token, tokenizer.eoa_token
    texts = [
        text.replace(token, boa + token * n + eoa)
        for text, n in zip(prompts, frames.tolist(), strict=True)
    ]
    tokens, mask = left_pad(tokenizer(texts, add_special_tokens=False)["input_ids"])
    heard = (tokens == lalm.model.config.audio_token_id).sum(-1)
    if not torch.all((heard == frames) & (heard > 0)):
        raise ValueError(f"the prompts in this batch hold {heard.tolist()} audio tokens.")
    arguments = {
        "input_ids": tokens,
        "attention_mask": mask,
        "position_ids": positions(mask),
        "input_features": audio["input_features"],
        "input_features_mask": audio["input_features_mask"],
    }
    return arguments, frames


GEMMA4 = Family(
    name="Gemma 4",
    model_class="Gemma4ForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site("encoder", "model.audio_tower.layers", "self_attn", "mean", "post.linear"),
    ),
    prompt=prompt,
    inputs=inputs,
    window=30.0,  # the extractor cuts what is longer
    masks_padding=True,
    processor=processor,
)
