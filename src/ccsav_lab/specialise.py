"""Specialisation of heads: how well each head alone finds each class, and whether that is chance.

Shapes: N clips, K heads, D numbers per head vector, C classes, n shuffles. Tables are pandas, a row
per head and a column per class.
"""

import numpy as np
import pandas as pd
import torch
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from torch import Tensor
from tqdm.auto import tqdm

from ccsav.extraction.activations import HeadActivations
from ccsav.weights import readout
from ccsav.weights.arrays import check_head_vectors, chunks
from ccsav_lab.shuffles import shuffled_labels

TIE = 1e-9  # cosines that differ by less count as equal


def probe(
    acts: HeadActivations, y: np.ndarray | None = None, groups: np.ndarray | None = None
) -> pd.DataFrame:
    """Recall of each class by each head alone, with the nearest prototype.

    Parameters
    ----------
    acts : from `extract`, N clips and K heads.
    y : (N,) indices into `acts.labels`, in place of `acts.y`.
    groups : (N,) in place of `acts.groups`. Each clip is classified by prototypes made without the
        clips of its group, or, without groups, without the clip itself; `ValueError` if all clips
        of a class are of one group.

    Returns
    -------
    (K, C) DataFrame
        Recall from 0 to 1, a row per head (index of `acts.heads`) and a column per class
        (`acts.labels`); NaN for classes without clips. The mean over columns is the head's balanced
        accuracy. Equally near prototypes share the hit, so that a head whose vectors are the same
        for all clips is at chance.
    """
    found, y, _, names = hits_by_head(acts, y, groups)
    share = np.eye(len(names))[y]  # (N, C)
    recalls = found @ (share / share.sum(0))  # (K, C)
    table = pd.DataFrame(recalls, index=acts.heads.index, columns=names)
    return table.reindex(columns=acts.labels)


def hits_by_head(acts: HeadActivations, y=None, groups=None):
    """Whether each head finds each clip's class: hits (K, N), y, groups (N,), names of classes.

    A hit is 1, or the clip's share of it among equally near prototypes; else 0. Arguments and
    prototypes as in `probe`; y and groups are numbers from 0 up.
    """
    X, y, groups, names = _labelled(acts, y, groups)
    (n_clips, n_heads, dim), n_classes = X.shape, len(names)
    found = []
    for heads in chunks(n_heads, 2 * n_clips * (n_classes + dim)):
        x = X[:, heads].double()
        _, _, scores = readout.nearest_prototype(x, y, n_classes, groups)  # (N, k, C)
        found.append(_hits(scores.permute(2, 1, 0), y.expand(x.shape[1], -1)))
    return torch.cat(found).numpy(), y.numpy(), groups.numpy(), names


def selectivity(table: pd.DataFrame | np.ndarray) -> pd.Series:
    """How much a head prefers its best class: (best - rest) / (best + rest), from 0 to 1.

    rest: the mean over the other classes. 0: equal for all classes, or all zero; 1: one class only.

    Parameters
    ----------
    table : (K, C), recalls, reliabilities or weights; `ValueError` for negative numbers and NaN.

    References
    ----------
    Class selectivity index, Morcos et al. 2018, arXiv 1803.06959.
    """
    table = pd.DataFrame(table)
    values = table.to_numpy(float)
    if values.shape[1] < 2:
        raise ValueError("table has fewer than 2 classes (columns): selectivity compares classes.")
    if not (values >= 0).all():
        raise ValueError("table has numbers that are negative or NaN: give recalls or weights.")
    best = values.max(axis=1)
    rest = (values.sum(axis=1) - best) / (values.shape[1] - 1)
    total = np.where(best > 0, best + rest, 1.0)
    return pd.Series(np.clip((best - rest) / total, 0, 1), table.index, name="selectivity")


def permutation_null(
    acts: HeadActivations, n: int = 200, seed: int = 0, *, progress: bool = True
) -> np.ndarray:
    """Balanced accuracies of all heads, as in `probe`, with shuffled labels, (n, K), from 0 to 1.

    Parameters
    ----------
    acts : N clips, K heads.
    n : number of shuffles. Labels are shuffled within each group that has several classes; groups
        of one class exchange their classes as a whole. A shuffle is the same for all heads.
    seed : of the shuffles.
    progress : show a bar.
    """
    if n < 1:
        raise ValueError(f"n={n}: shuffle at least once.")
    X, y, groups, names = _labelled(acts, None, None)
    codes = torch.as_tensor(shuffled_labels(y.numpy(), groups.numpy(), n, seed))  # (n, N)
    null = np.empty((n, X.shape[1]))
    options = {"desc": "shuffled labels", "unit": " heads", "disable": not progress}
    for head in tqdm(range(X.shape[1]), **options):
        for part in chunks(n, 4 * len(X) * len(names)):
            null[part, head] = _accuracies(X[:, head].double(), codes[part], groups, len(names))
    return null


def better_than_chance(
    acts: HeadActivations, n: int = 200, seed: int = 0, *, null: np.ndarray | None = None
) -> pd.DataFrame:
    """Permutation test of each head's balanced accuracy.

    Parameters
    ----------
    acts, n, seed : as in `permutation_null`.
    null : (n, K), from `permutation_null`, in place of new shuffles.

    Returns
    -------
    pd.DataFrame
        A row per head. accuracy: balanced, from 0 to 1. p: the share of shuffles in which this head
        is as accurate. p_corrected: the share in which any head is as accurate, which bounds the
        probability of one or more false discoveries among all K heads. The true labels count as
        one more shuffle, so that no p is below 1/(n+1). (Westfall and Young 1993.)
    """
    null = permutation_null(acts, n, seed) if null is None else np.asarray(null)
    accuracy = probe(acts).mean(axis=1)
    if null.ndim != 2 or null.shape[1] != len(accuracy):
        raise ValueError(f"null has shape {null.shape}, but acts has {len(accuracy)} heads.")
    reached = accuracy.to_numpy() - TIE
    as_good = {"p": null >= reached, "p_corrected": null.max(axis=1, keepdims=True) >= reached}
    p = {name: (1 + good.sum(axis=0)) / (1 + len(null)) for name, good in as_good.items()}
    return pd.DataFrame({"accuracy": accuracy} | p)


def interaction(table: pd.DataFrame) -> pd.DataFrame:
    """Recall of each head × class, less what head and class alone give.

    Parameters
    ----------
    table : (K, C) DataFrame
        From `probe`.

    Returns
    -------
    (K, C) DataFrame
        Recall - head mean - class mean + grand mean, the interaction of a two-way layout; rows
        and columns sum to 0.
    """
    by_head = table.mean(axis=1)
    return table.sub(by_head, axis=0) - table.mean(axis=0) + by_head.mean()


def similarity(table: pd.DataFrame) -> pd.DataFrame:
    """Correlation over heads between the columns of two classes, (K, C) → (C, C).

    Near 1: the same heads are good at both classes. A class on which all heads are equal: 0.
    """
    r = pd.DataFrame(table).corr().fillna(0.0)
    return r.where(~np.eye(len(r), dtype=bool), 1.0)


def order(similarity: pd.DataFrame) -> list:
    """The classes in an order in which similar classes are neighbours.

    Parameters
    ----------
    similarity : (C, C) correlations. 1 minus them are the distances of a hierarchical clustering
        (average linkage), whose leaves are ordered to minimise the distances of neighbours.
    """
    if len(similarity) < 2:
        return list(similarity.index)
    distance = squareform((1 - similarity.to_numpy()).clip(0, 2), checks=False)
    tree = hierarchy.linkage(distance, "average", optimal_ordering=True)
    return list(similarity.index[hierarchy.leaves_list(tree)])


def _labelled(acts, y, groups) -> tuple[Tensor, Tensor, Tensor, np.ndarray]:
    """Head vectors (N, K, D), classes and groups as numbers from 0 up (N,), names of classes."""
    y = acts.y if y is None else np.asarray(y)
    if y is None:
        raise ValueError("acts has no labels: extract from a dataset with labels, or give y.")
    groups = acts.groups if groups is None else np.asarray(groups)
    groups = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    X = check_head_vectors(acts.X)
    if y.shape != (len(X),) or groups.shape != (len(X),):
        raise ValueError(f"y {y.shape} and groups {groups.shape} must be ({len(X)},), one a clip.")
    present, y = np.unique(y, return_inverse=True)
    names = acts.labels[present]
    for c, name in enumerate(names):
        if len(np.unique(groups[y == c])) == 1:
            raise ValueError(
                f"all clips of class {name!r} are one clip or of one group, so that none is left "
                "for a prototype: add clips, leave the class out, or give finer groups."
            )
    return X, torch.as_tensor(y), torch.as_tensor(groups), names


def _hits(scores: Tensor, y: Tensor) -> Tensor:
    """1 where the true class has the best score, divided among equals, (C, …, N) → (…, N)."""
    best = scores.amax(0) - TIE
    right = scores.gather(0, y[None])[0] >= best
    return right.double() / (scores >= best).sum(0)


def _accuracies(h: Tensor, codes: Tensor, groups: Tensor, n_classes: int) -> Tensor:
    """One head's balanced accuracy for n labellings at once, (N, D), (n, N) → (n,).

    As `readout.leave_group_out`, but each class of each labelling is a row of one matrix, so that
    one matrix product gives all prototypes and another one all cosines.
    """
    Y = torch.nn.functional.one_hot(codes.T, n_classes).permute(2, 1, 0).to(h.dtype)  # (C, n, N)
    total = Y @ h  # (C, n, D), sums in place of means: the cosine is the same
    u = readout.unit(h)
    if len(groups.unique()) == len(groups):
        cos = _leave_one_out(h, u, total, codes)
    else:
        cos = torch.empty_like(Y)
        for group in groups.unique():
            rows = groups == group
            without = total - Y[:, :, rows] @ h[rows]
            cos[:, :, rows] = readout.unit(without) @ u[rows].T
    share = 1 / (n_classes * Y.sum(-1).T.gather(1, codes))  # (n, N)
    return (share * _hits(cos, codes)).sum(-1)


def _leave_one_out(h: Tensor, u: Tensor, total: Tensor, codes: Tensor) -> Tensor:
    """Cosines with prototypes without the clip, by |t - h|² = |t|² - 2 h·t + |h|², → (C, n, N)."""
    size, length = h.norm(dim=-1), total.norm(dim=-1, keepdim=True)
    cos = total @ u.T  # not yet divided by the length
    own = cos.gather(0, codes[None])[0]  # (n, N)
    square = length.expand_as(cos).gather(0, codes[None])[0] ** 2
    without = (square - 2 * size * own + size**2).clamp(min=1e-24).sqrt()
    cos /= length.clamp(min=1e-12)
    return cos.scatter_(0, codes[None], ((own - size) / without)[None])
