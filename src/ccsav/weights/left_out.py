"""The clips that reliabilities are estimated on: which support clips are left out together."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

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
    if groups is not None:
        groups = torch.as_tensor(np.unique(groups, return_inverse=True)[1], device=y.device)
    for codes, needed in ((singly if groups is None else groups, MIN_CLIPS_LEFT), (singly, 0)):
        pair = codes * (y.max() + 1) + y  # clips of one group and class
        left = torch.bincount(y)[y] - torch.bincount(pair)[pair]  # (N,)
        if left.float().mean() >= needed and left.any():
            return Estimation(y[left > 0], usable=left > 0, left_out=codes)
    return Estimation(y, one_shot=True, groups=groups)
