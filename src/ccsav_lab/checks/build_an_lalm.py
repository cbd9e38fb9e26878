"""Checks of lesson 11: what is trained, what guessing costs, and what a random connector keeps."""

import numpy as np
import torch

from ccsav.lalm.model import LALM

from ._check import OTHER, check, matching_hint, mismatch


@check
def share_trained(mine, lalm: LALM) -> str | None:
    """Share of the model's numbers, 0 to 1, that belong to the connector."""
    total = sum(weight.numel() for weight in lalm.model.parameters())
    linear = lalm.model.model.multi_modal_projector.linear
    weights, bias = linear.weight.numel(), linear.bias.numel()
    right = (weights + bias) / total
    hints = {
        "that is in per cent; give a share from 0 to 1.": 100 * right,
        "that is the number in the connector; divide by the number in the whole model.": weights
        + bias,
    }
    if isinstance(mine, float | int):
        scaled = {hint: value / right for hint, value in hints.items()}
        if hint := matching_hint(mine / right, scaled):
            return hint
        if np.isclose(mine, weights / total, rtol=1e-6):
            return "the connector adds a bias too: one number per number that it puts out."
        ok = np.isclose(mine, right, rtol=1e-4)
        return None if ok else "add up weight.numel() over parameters() of both."
    return mismatch(mine, right)


@check
def loss_of_guessing(mine, vocabulary: int) -> str | None:
    """Loss in nats of a model that gives each of so many tokens the same probability."""
    right = np.log(vocabulary)
    hints = {
        "that is in bits: take the natural logarithm.": np.log2(vocabulary),
        "that is to the base of 10: take the natural logarithm.": np.log10(vocabulary),
        "a loss is not negative: it is *minus* the logarithm of a probability.": -right,
        "that is the probability; the loss is minus its logarithm.": 1 / vocabulary,
    }
    problem = mismatch(mine, right, OTHER, tolerance=1e-3)
    if problem != OTHER:
        return problem
    return matching_hint(mine, hints) or "each of the tokens has probability 1 / vocabulary."


@check
def connector_undone(mine, audio: torch.Tensor, linear: torch.nn.Linear, encoded) -> str | None:
    """The encoder's output, (..., E), from the connector's output, (..., F)."""
    encoded, audio = torch.as_tensor(encoded).float(), torch.as_tensor(audio).detach().float()
    weight, bias = linear.weight.detach().float(), linear.bias.detach().float()
    problem = mismatch(mine, encoded.cpu(), OTHER, tolerance=1e-2)
    if problem != OTHER:
        return problem
    mine = torch.as_tensor(np.asarray(torch.as_tensor(mine).detach().cpu(), dtype=np.float32))
    if np.allclose(mine, (audio @ torch.linalg.pinv(weight).T).cpu(), atol=1e-2):
        return "first take away the bias."
    if any(np.allclose(mine, ((audio - b) @ weight).cpu(), atol=1e-2) for b in (0, bias)):
        return "the transpose is not the inverse: try torch.linalg.pinv."
    return "solve W x + b = audio for x: take away b, then multiply by the pseudo-inverse of W."
