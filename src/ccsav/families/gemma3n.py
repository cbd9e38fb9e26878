"""Gemma 3n, loaded without its vision tower."""

import torch

from ._family import Family, Site, left_pad, positions

SILENCE = 1_600  # samples after the longest clip: the encoder looks that far beyond a clip's end


def load(name_or_path, **options):
    """The model without its vision tower, whether or not timm is installed."""
    from ._gemma3n_model import load  # takes seconds to import

    return load(name_or_path, **options)


def prompt(lalm, question: str, modality: str = "audio") -> str:
    """The model's own chat template around the clip and the question, up to the answer."""
    content = [{"type": "audio"}, {"type": "text", "text": question}]
    chat = [{"role": "user", "content": content}]
    return lalm.processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)


def inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and a chat with 188 audio tokens, however long the clip.

    The model itself fills up the tokens that a clip leaves over. Clips are followed by
    `SILENCE`, and `samples` is not used: without it, the end of the longest clip would be heard
    otherwise than in a batch with a longer one.
    """
    processor, config = lalm.processor, lalm.model.config
    audio = processor.feature_extractor(
        waveforms,
        padding="max_length",
        max_length=max(map(len, waveforms)) + SILENCE,
        truncation=False,
        pad_to_multiple_of=None,
        return_tensors="pt",
    )
    texts = [text.replace(processor.audio_token, processor.full_audio_sequence) for text in prompts]
    tokens, mask = left_pad(processor.tokenizer(texts, add_special_tokens=False)["input_ids"])
    heard = (tokens == config.audio_token_id).sum(-1)
    if not torch.all(heard == config.audio_soft_tokens_per_image):
        raise ValueError(f"the prompts in this batch hold {heard.tolist()} audio tokens.")
    arguments = {
        "input_ids": tokens,
        "attention_mask": mask,
        "position_ids": positions(mask),
        "input_features": audio["input_features"],
        "input_features_mask": audio["input_features_mask"],
    }
    frames = -(-audio["input_features_mask"].sum(-1) // 4)  # two convolutions of stride 2
    return arguments, frames


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
    prompt=prompt,
    inputs=inputs,
    window=30.0,  # 188 audio tokens of 160 ms
    masks_padding=True,
    load=load,
    unused=("model.vision_tower.",),
)
