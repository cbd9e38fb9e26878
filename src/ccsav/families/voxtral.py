"""Voxtral: Mistral's models; the encoder hears its padding, and a clip fills the whole window."""

import torch

from ._family import Family, Site, halved, left_pad, positions

BEFORE, AFTER = "<s>[INST][BEGIN_AUDIO][AUDIO]", "[/INST]"
SAMPLES_PER_TOKEN = 1280  # 80 ms: four encoder frames


def prompt(lalm, question: str, modality: str = "audio") -> str:
    """The clip and the question between Mistral's marks, up to the answer."""
    return f"{BEFORE}{question}{AFTER}"


def inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and one audio token per 80 ms of the window; see `Family.inputs`.

    The marks are put in by their numbers: with `mistral-common` installed, transformers loads
    another tokenizer, which takes them for words; without it, one that has no chat template.
    """
    number = -(-samples // SAMPLES_PER_TOKEN)
    audio = lalm.processor.feature_extractor(
        waveforms,
        sampling_rate=lalm.rate,
        max_length=number * SAMPLES_PER_TOKEN,
        padding="max_length",
        return_attention_mask=True,
        return_tensors="pt",
    )
    tokenizer = lalm.processor.tokenizer
    begin = ["<s>", "[INST]", "[BEGIN_AUDIO]"] + ["[AUDIO]"] * number
    begin, end = map(tokenizer.convert_tokens_to_ids, (begin, [AFTER]))
    texts = [text.removeprefix(BEFORE).removesuffix(AFTER) for text in prompts]
    tokens, mask = left_pad(
        [begin + tokenizer.encode(text, add_special_tokens=False) + end for text in texts]
    )
    heard = ((tokens == lalm.model.config.audio_token_id) & (mask == 1)).sum(-1)
    if not torch.all(heard == number):
        raise ValueError(f"prompts hold {heard.tolist()} audio tokens, not {number} each.")
    arguments = {
        "input_features": audio["input_features"],
        "input_ids": tokens,
        "attention_mask": mask,
        "position_ids": positions(mask),
    }
    return arguments, halved(audio["attention_mask"].sum(-1))


VOXTRAL = Family(
    name="Voxtral",
    model_class="VoxtralForConditionalGeneration",
    sites=(
        Site("decoder", "model.language_model.layers", "self_attn", "last"),
        Site("encoder", "model.audio_tower.layers", "self_attn", "mean"),
    ),
    prompt=prompt,
    inputs=inputs,
    encoder="model.audio_tower",
)
