"""Checks of lesson 03: from margins to weights and temperatures."""

import numpy as np
import torch

from ccsav.weights.readout import temperatures

from ._check import check, unlike

CLOSE = 0.05  # share by which a temperature found on a grid may be off


@check
def margins(mine, p, y) -> str | None:
    """Margins of one clip in every head, (K,); p: its posteriors, (K, C); y: its class."""
    right = p[:, y] - np.delete(p, y, axis=1).max(axis=1)
    hint = "the right class's posterior, less the largest of the others'."
    if not unlike(mine, p[:, y] - p.max(axis=1), hint) and unlike(mine, right, hint):
        return "you compare with the largest of all classes: leave the right one out of it."
    return unlike(mine, right, hint)


@check
def weights(mine, r, tau_w) -> str | None:
    """Weights by class, (K, C), from reliabilities r (K, C)."""
    sharp = np.asarray(r, float) ** (1 / tau_w)
    right = sharp / sharp.sum(axis=0)
    hint = "r to the power of 1/τ_w; then each column must sum to 1."
    if not unlike(mine, sharp / sharp.sum(axis=1, keepdims=True), hint):
        return "your rows sum to 1: share out over the heads, for each class."
    return unlike(mine, right, hint)


@check
def prototype_without(mine, others) -> str | None:
    """A class's prototype without one clip, (D,); others: the clips that are left, (n - 1, D)."""
    return unlike(
        mine,
        np.mean(others, axis=0),
        "the class's clips add up to n times their mean; take h away, divide by what is left.",
        tolerance=1e-3,
    )


@check
def temperature(mine, cos, y) -> str | None:
    """The likeliest temperature of one head; cos: its left-out cosines, (N, C); y: (N,)."""
    right = float(temperatures(torch.as_tensor(cos)[:, None], torch.as_tensor(y))[0])
    if np.shape(mine) != ():
        return f"one number is wanted, but yours has the shape {np.shape(mine)}."
    way = "colder" if float(mine) > right else "warmer"
    hint = f"{float(mine):.3f} is not the best: a {way} one makes the true classes likelier."
    return unlike(mine, right, hint, tolerance=CLOSE * right)
