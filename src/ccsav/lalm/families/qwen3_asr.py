"""Qwen3-ASR: transcription models; the encoder packs clips and attends within 8 s."""

import math

import torch

from ._family import TOWER_SITES, Family, processor_inputs


def _prompt(lalm, question: str, modality: str = "audio") -> str:
    """The model's own chat template; a question goes before the clip, as its context."""
    turns = [
        {"role": "system", "content": [{"type": "text", "text": question}]},
        {"role": "user", "content": [{"type": "audio", "audio": "clip"}]},
    ]
    return lalm.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def _inputs(lalm, waveforms, prompts, samples) -> tuple[dict, torch.Tensor]:
    """Log-mel features in chunks of a second, 13 audio tokens to each; see `Family.inputs`.

    Clips are padded to whole chunks with silence, not with the processor's zeros, so that the
    features of a clip are the same in every batch. In the encoder the frames of all clips follow
    one another, (sum of frames, F): a frame is a token.
    """
    extractor = lalm.processor.feature_extractor
    chunk = 2 * extractor.n_window * extractor.hop_length
    samples = math.ceil(samples / chunk) * chunk
    arguments = processor_inputs(lalm, waveforms, prompts, samples, padding="max_length")
    return arguments, (arguments["input_ids"] == lalm.model.config.audio_token_id).sum(-1)


QWEN3_ASR = Family(
    name="Qwen3-ASR",
    model_class="Qwen3ASRForConditionalGeneration",
    sites=TOWER_SITES,
    prompt=_prompt,
    inputs=_inputs,
    question="",
    masks_padding=True,
)
