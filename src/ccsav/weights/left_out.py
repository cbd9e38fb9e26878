"""Which support clips are left out, and the readouts of every head with their scores of them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ccsav.weights.arrays import chunks
from ccsav.weights.readout import class_scores, nearest_prototype, unit
from ccsav.weights.ridge import ridge_readout

READOUTS = {"prototype": ("prototype",), "ridge": ("ridge",), "both": ("prototype", "ridge")}
MIN_CLIPS_LEFT = 4  # of its own class, for a clip whose group is left out, on average


class Estimation(NamedTuple):
    """The M clips on which temperatures and reliabilities are estimated."""

    y: Tensor  # (M,) classes
    X_val: Tensor | None = None  # (M, K, D) validation clips; None: the support set
    usable: Tensor | slice = slice(None)  # support clips whose class has clips without them
    left_out: Tensor | None = None  # (N,) support clips with the same number, left out together
    one_shot: bool = False  # no clip can be left out;
    groups: Tensor | None = None  # (N,), only in that case


def leave_out(y: Tensor, groups=None) -> Estimation:
    """Estimate on the support clips, each scored by readouts made without it, or its group.

    y: (N,) integers; groups: (N,) labels. Whole groups are left out if, on average, MIN_CLIPS_LEFT
    clips of a clip's class remain, else single clips: readouts of fewer clips are too much worse.
    """
    singly = torch.arange(len(y), device=y.device)
    together = singly
    if groups is not None:
        together = torch.as_tensor(np.unique(groups, return_inverse=True)[1], device=y.device)
    for codes, needed in ((together, MIN_CLIPS_LEFT), (singly, 0)):
        pair = codes * (y.max() + 1) + y  # clips of one group and class
        left = torch.bincount(y)[y] - torch.bincount(pair)[pair]  # (N,)
        if left.float().mean() >= needed and left.any():
            return Estimation(y[left > 0], usable=left > 0, left_out=codes)
    return Estimation(y, one_shot=True, groups=None if groups is None else together)


def fit_readouts(
    X: Tensor, y: Tensor, n_classes: int, clips: Estimation, kinds: tuple[str, ...], penalty: float
) -> Iterator[tuple[int, slice, Tensor, Tensor, Tensor]]:
    """Fit readouts on a few heads at a time: not all (M, K, C) scores are in memory at once.

    Yields the place of the kind ("prototype" or "ridge"), the k heads, coef (k, D, C), intercept
    (k, C), and the scores of the estimation clips, (M, k, C).
    """
    for heads in chunks(X.shape[1], len(X) * (n_classes + X.shape[2])):
        x = X[:, heads].float()
        for place, kind in enumerate(kinds):
            if kind == "ridge":
                fitted = ridge_readout(x, y, n_classes, penalty, clips.left_out)
            else:
                fitted = nearest_prototype(x, y, n_classes, clips.left_out)
            coef, intercept, scores = fitted
            if clips.X_val is not None:
                scores = class_scores(unit(clips.X_val[:, heads].float()), coef, intercept)
            yield place, heads, coef, intercept, scores[clips.usable]
