"""The clips that reliabilities are estimated on: which support clips are left out together."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.cluster import hierarchy
from torch import Tensor

from ccsav.weights.readout import unit

SIMILAR = 3  # clips of a class that are left out together, on average, where groups are unknown
MIN_CLIPS_LEFT = 4  # of its own class, for a clip whose group is left out, on average


class Estimation(NamedTuple):
    """The M clips on which temperatures and reliabilities are estimated."""

    y: Tensor  # (M,) classes
    X_val: Tensor | None = None  # (M, K, D) validation clips; None: the support set
    usable: Tensor | slice = slice(None)  # support clips whose class has clips without them
    left_out: Tensor | None = None  # (N,) support clips with the same number, left out together
    one_shot: bool = False  # no clip can be left out;
    groups: Tensor | None = None  # (N,), only in that case


def leave_out(X: Tensor, y: Tensor, groups=None) -> Estimation:
    """Estimate on the support clips, each scored by readouts made without it and its group.

    X: (N, K, D); y: (N,) integers; groups: (N,) labels, or None: `similar_clips`. Groups are left
    out if, on average, MIN_CLIPS_LEFT clips of a clip's class remain, else single clips: readouts
    of fewer clips are too much worse.
    """
    singly, known = torch.arange(len(y), device=y.device), groups is not None
    groups = np.unique(groups if known else similar_clips(X, y), return_inverse=True)[1]
    groups = torch.as_tensor(groups, device=y.device)
    for codes, needed in ((groups, MIN_CLIPS_LEFT), (singly, 0)):
        pair = codes * (y.max() + 1) + y  # clips of one group and class
        left = torch.bincount(y)[y] - torch.bincount(pair)[pair]  # (N,)
        if left.float().mean() >= needed and left.any():
            return Estimation(y[left > 0], usable=left > 0, left_out=codes)
    return Estimation(y, one_shot=True, groups=groups if known else None)


def similar_clips(X: Tensor, y: Tensor) -> np.ndarray:
    """Clusters of similar clips of one class, (N,) integers, to leave out as if they were groups.

    X: (N, K, D); y: (N,). Average linkage by the cosine of all unit head vectors together, less
    their mean; SIMILAR clips per cluster on average. Clips of one source are often similar: left
    out singly, they make a head that encodes the source look reliable.
    """
    rows = [(y == c).nonzero()[:, 0] for c in range(int(y.max()) + 1)]
    clusters = np.arange(len(y))
    if max(map(len, rows)) <= SIMILAR:
        return clusters
    mean = sum(unit(X[own].float()).sum(0) for own in rows) / len(y)  # (K, D)
    for c, own in enumerate(rows):
        if len(own) > SIMILAR:
            Z = unit((unit(X[own].float()) - mean).flatten(1))
            far = (1 - Z @ Z.T).clamp(min=0).cpu().numpy()[np.triu_indices(len(own), 1)]
            tree = hierarchy.linkage(far, "average")
            number = hierarchy.fcluster(tree, max(2, round(len(own) / SIMILAR)), "maxclust")
            clusters[own.cpu()] = len(y) * (c + 1) + number
    return clusters
