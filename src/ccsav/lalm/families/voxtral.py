"""Voxtral: Mistral's models; the encoder does not mask padding, and a clip fills the window."""

import math

import torch

from ._family import (
    TOWER_SITES,
    Family,
    check_audio_tokens,
    stride_2_frames,
    token_inputs,
    whisper_features,
)

BEFORE, AFTER = "<s>[INST][BEGIN_AUDIO][AUDIO]", "[/INST]"
SAMPLES_PER_TOKEN = 1280  # 80 ms: four encoder frames


def _prompt(lalm, question: str, modality: str = "audio") -> str:
    """The clip and the question between Mistral's control tokens, up to the answer."""
    return f"{BEFORE}{question}{AFTER}"


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features and one audio token per 80 ms of the window; see `Family.inputs`.

    Control tokens are added by their ids: with `mistral-common` installed, transformers loads
    another tokenizer, which splits them like words; without it, one without a chat template.
    """
    number = math.ceil(samples / SAMPLES_PER_TOKEN)
    features, true = whisper_features(lalm, waveforms, number * SAMPLES_PER_TOKEN)
    tokenizer = lalm.processor.tokenizer
    begin = ["<s>", "[INST]", "[BEGIN_AUDIO]"] + ["[AUDIO]"] * number
    begin, end = map(tokenizer.convert_tokens_to_ids, (begin, [AFTER]))
    texts = [text.removeprefix(BEFORE).removesuffix(AFTER) for text in prompts]
    arguments = token_inputs(
        [begin + tokenizer.encode(text, add_special_tokens=False) + end for text in texts]
    )
    check_audio_tokens(arguments, lalm.model.config.audio_token_id, number)
    return arguments | {"input_features": features}, stride_2_frames(true.sum(-1))


VOXTRAL = Family(
    name="Voxtral",
    model_class="VoxtralForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=_prompt,
    inputs=_inputs,
    encoder="model.audio_tower",
)
