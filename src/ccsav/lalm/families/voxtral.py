"""Voxtral: Mistral's models; the encoder hears its padding, and a clip fills the whole window."""

import torch

from ._family import TOWER_SITES, Family, halved, log_mel, padded, with_audio

BEFORE, AFTER = "<s>[INST][BEGIN_AUDIO][AUDIO]", "[/INST]"
SAMPLES_PER_TOKEN = 1280  # 80 ms: four encoder frames


def _prompt(lalm, question: str, modality: str = "audio") -> str:
    """The clip and the question between Mistral's marks, up to the answer."""
    return f"{BEFORE}{question}{AFTER}"


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and one audio token per 80 ms of the window; see `Family.inputs`.

    The marks are put in by their numbers: with `mistral-common` installed, transformers loads
    another tokenizer, which takes them for words; without it, one that has no chat template.
    """
    number = -(-samples // SAMPLES_PER_TOKEN)
    features, true = log_mel(lalm, waveforms, number * SAMPLES_PER_TOKEN)
    tokenizer = lalm.processor.tokenizer
    begin = ["<s>", "[INST]", "[BEGIN_AUDIO]"] + ["[AUDIO]"] * number
    begin, end = map(tokenizer.convert_tokens_to_ids, (begin, [AFTER]))
    texts = [text.removeprefix(BEFORE).removesuffix(AFTER) for text in prompts]
    arguments = padded(
        [begin + tokenizer.encode(text, add_special_tokens=False) + end for text in texts]
    )
    with_audio(arguments, lalm.model.config.audio_token_id, number)
    return arguments | {"input_features": features}, halved(true.sum(-1))


VOXTRAL = Family(
    name="Voxtral",
    model_class="VoxtralForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=_prompt,
    inputs=_inputs,
    encoder="model.audio_tower",
)
