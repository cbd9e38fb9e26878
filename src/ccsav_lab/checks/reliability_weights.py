"""Checks of lesson 03: from margins to weights and temperatures."""

import numpy as np
import torch

from ccsav.weights.readout import temperatures

from ._check import check, matching_hint, mismatch

CLOSE = 0.05  # relative error that a temperature found on a grid may have


@check
def margins_of_clip(mine, p, y) -> str | None:
    """Margins of one clip in every head, (K,); p: its posteriors, (K, C); y: its class."""
    right = p[:, y] - np.delete(p, y, axis=1).max(axis=1)
    hint = "the posterior of the true class, less the largest of the others."
    if not mismatch(mine, p[:, y] - p.max(axis=1), hint) and mismatch(mine, right, hint):
        return "the largest is taken over all classes: leave the true class out."
    return mismatch(mine, right, hint)


@check
def weights_by_class(mine, r, tau_w) -> str | None:
    """Weights by class, (K, C), from reliabilities r (K, C)."""
    sharp = np.asarray(r, float) ** (1 / tau_w)
    right = sharp / sharp.sum(axis=0)
    if mismatch(mine, right) is None:
        return None
    blunt = np.asarray(r, float) ** tau_w
    hints = {
        "your rows sum to 1: normalise over the heads, for each class.": (
            sharp / sharp.sum(axis=1, keepdims=True)
        ),
        "the power is right; now divide each column by its sum.": sharp,
        "the exponent is 1 / τ_w, not τ_w: a smaller τ_w must give sharper weights.": (
            blunt / blunt.sum(axis=0)
        ),
    }
    hint = "r to the power of 1/τ_w; then each column must sum to 1."
    return mismatch(mine, right, matching_hint(mine, hints) or hint)


@check
def prototype_without(mine, others) -> str | None:
    """A class's prototype without one clip, (D,); others: the remaining clips, (n - 1, D)."""
    total, n = np.sum(others, axis=0), len(others) + 1
    hints = {
        "you divided by n: after h is taken away, n - 1 clips remain.": total / n,
        "that is the sum of the other clips: divide it by how many they are.": total,
    }
    hint = "the class's clips sum to n times their mean; subtract h, divide by how many remain."
    return mismatch(mine, total / (n - 1), matching_hint(mine, hints) or hint, tolerance=1e-3)


@check
def temperature(mine, cos, y) -> str | None:
    """Temperature of largest likelihood of one head; cos: left-out cosines, (N, C); y: (N,)."""
    right = float(temperatures(torch.as_tensor(cos)[:, None], torch.as_tensor(y))[0])
    if np.shape(mine) != ():
        return f"give one number; yours has the shape {np.shape(mine)}."
    better = "lower" if float(mine) > right else "higher"
    hint = f"{float(mine):.3f} is not the best: a {better} one makes the true classes more likely."
    return mismatch(mine, right, hint, tolerance=CLOSE * right)
