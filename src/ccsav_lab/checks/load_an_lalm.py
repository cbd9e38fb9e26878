"""Checks of lesson 01: audio tokens, head vectors, and what they add to a layer's output."""

import numpy as np
import torch

from ccsav.lalm.model import LALM

from ._check import OTHER, check, mismatch


@check
def audio_tokens(mine, lalm: LALM, seconds) -> str | None:
    """Numbers of audio tokens in the prompt for clips of these durations (s).

    For models without audio tokens: numbers of frames of the audio encoder.
    """
    right = []
    for duration in seconds:
        silence = np.zeros(round(duration * lalm.rate), np.float32)
        inputs, frames = lalm.inputs([silence], [lalm.prompt()])
        token = getattr(lalm.model.config, "audio_token_id", None)
        count = frames[0] if token is None else (inputs["input_ids"] == token).sum()
        right.append(int(count))
    problem = mismatch(mine, right, OTHER)
    if problem == OTHER:
        ratios = np.asarray(mine, float) / right
        if np.allclose(ratios, ratios[0], rtol=0.1):
            return f"all are {ratios[0]:.3g} times what is right: count the halvings of the rate."
        return "proportional to the durations, and whole numbers: round as the model does."
    return problem


@check
def heads_of_layer(mine, lalm: LALM, waveform, question: str, layer: int) -> str | None:
    """Head vectors of one decoder layer at the last prompt token, (H, D)."""
    right = _decoder_vectors(lalm, waveform, question, layer)
    problem = mismatch(mine, right, OTHER)
    if problem != OTHER:
        return problem
    mine = np.asarray(mine, float)
    if np.allclose(mine.T.reshape(right.shape), right, atol=1e-4):
        return "the numbers are right, their order is not: each head is one contiguous block."
    table = lalm.heads
    for other in table.loc[table["kind"] == "decoder", "layer"].unique():
        if other != layer and np.allclose(
            mine, _decoder_vectors(lalm, waveform, question, other), atol=1e-4
        ):
            return f"these are the heads of layer {other}; take layer {layer}."
    return "these are not the head vectors: take o_proj's *input*, at the *last* position."


def _decoder_vectors(lalm, waveform, question, layer):
    """Head vectors of one decoder layer, (H, D)."""
    table = lalm.heads
    rows = table[(table["kind"] == "decoder") & (table["layer"] == layer)]
    return lalm.head_vectors([waveform], question, rows)[0].numpy()


@check
def contributions(mine, projection: torch.nn.Linear, vectors) -> str | None:
    """Length of each head's part of its layer's output, (H,), from head vectors (H, D).

    A part is the product of the head's columns of the projection's weight with its vector.
    """
    vectors = torch.as_tensor(vectors).float().cpu()
    weight = projection.weight.detach().float().cpu().unflatten(1, vectors.shape)  # (out, H, D)
    parts = torch.einsum("ohd,hd->ho", weight, vectors)  # (H, out)
    problem = mismatch(mine, parts.norm(dim=1), OTHER)
    if problem != OTHER:
        return problem
    mine = np.asarray(mine, float)
    if np.allclose(mine, vectors.norm(dim=1), rtol=1e-3):
        return "these are the lengths of the head vectors, before the projection."
    if np.allclose(mine, parts.square().sum(1), rtol=1e-3):
        return "these are squares of lengths."
    return "multiply each head's D *columns* of the weight with its vector, then take the length."
