"""Checks of lesson 11: what is trained, what guessing costs, what a random connector keeps, and
which head gains by training.
"""

import numpy as np
import pandas as pd
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


@check
def head_that_gained(mine, before: pd.DataFrame, after: pd.DataFrame) -> str | None:
    """The head that gained most on the first task, and its gain on each task: (head, gain, gain).

    before, after: accuracy of every head alone, from 0 to 1, a row per head and a column per task.
    """
    gain = after - before  # (K, tasks)
    first = gain.columns[0]
    wanted = 1 + gain.shape[1]
    if not isinstance(mine, tuple | list) or len(mine) != wanted:
        return f"give {wanted} things: a head of the index, and its gain on each task."
    head, *gains = mine
    if not np.isscalar(head) or head not in gain.index:
        return "the first must be a head: one of before.index."
    right, column = gain.loc[head], gain[first]
    if column[head] < column.max() - 1e-9:
        if column[head] == column.min():
            return "that head lost most: take `before` away from `after`, not the other way round."
        if head == gain[gain.columns[-1]].idxmax():
            return f"that head gained most on {gain.columns[-1]}: choose it on {first}."
        if after.loc[head, first] == after[first].max():
            return "that is the best head after training: which one *rose* most?"
        return f"another head gained more on {first}: look at after - before for every head."
    if mismatch(gains, 100 * right) is None:
        return "that is in per cent; give gains from -1 to 1."
    if mismatch(gains, after.loc[head]) is None:
        return "those are the accuracies after training: take away those before it."
    return mismatch(gains, right, "the gains are after - before in that head's row, in order.")
