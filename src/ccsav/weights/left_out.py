"""Which clips the heads are judged on, and what their readouts must not have seen for that."""

from typing import NamedTuple

import numpy as np
import torch

GROUPS_NEED = 4  # clips of its own class that a clip keeps, on average, when its group is left out


class Judged(NamedTuple):
    """Clips to judge readouts on: the support set's own, or others.

    X: (N, K, D); y: (M,) classes of the `fair` ones, those whose class keeps clips when they are
    left out. left_out: (N,) which support clips go together; None: nothing is left out.
    one_shot: there is nothing that could be left out; groups: (N,) of X, in that case, if told.
    """

    X: torch.Tensor
    y: torch.Tensor
    fair: torch.Tensor | slice = slice(None)
    left_out: torch.Tensor | None = None
    one_shot: bool = False
    groups: torch.Tensor | None = None


def leave_out(X: torch.Tensor, y: torch.Tensor, groups=None) -> Judged:
    """Judge the support clips by readouts made without them, or without their groups.

    X: (N, K, D); y: (N,) integers from 0 up; groups: (N,) labels or None. Whole groups are left
    out where clips then keep, on average, at least GROUPS_NEED others of their class: with fewer,
    what is lost in the estimate outweighs what is gained.
    """
    singly = torch.arange(len(y), device=y.device)
    together = singly
    if groups is not None:
        together = torch.as_tensor(np.unique(groups, return_inverse=True)[1], device=y.device)
    for codes, needed in ((together, GROUPS_NEED), (singly, 0)):
        pair = codes * (y.max() + 1) + y  # clips of one group and class
        left = torch.bincount(y)[y] - torch.bincount(pair)[pair]  # (N,)
        if left.float().mean() >= needed and left.any():
            return Judged(X, y[left > 0], left > 0, codes)
    return Judged(X, y, one_shot=True, groups=None if groups is None else together)
