"""Clips with several labels each: episodes, and measures.

Shapes: N clips, C classes. Y is an indicator matrix, (N, C): 1 where a clip has a class, else 0;
`ccsav.clips.corpora.indicator(table["labels"])` makes it.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import accuracy_score, average_precision_score, f1_score
from sklearn.utils.validation import check_consistent_length

LEAST = 2  # support clips that have a class
_ATTEMPTS = 100  # random orders of the groups to try before a request is called impossible


def multilabel_episodes(
    Y: np.ndarray | pd.DataFrame,
    groups: np.ndarray | None = None,
    *,
    clips: int,
    n_episodes: int,
    seed: int = 0,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw episodes of clips with several labels; support and queries have no group in common.

    A random half of the groups may give support clips (more where they are too few). `clips` of
    them are drawn, so that each class is in at least 2. Every clip whose group gave no support clip
    is a query; each class is in at least one query.

    Parameters
    ----------
    Y : (N, C) indicator matrix.
    groups : (N,), what must not be on both sides (pool of sources, recording); default: each clip
        is a group of its own.
    clips, n_episodes, seed : support clips in all, episodes to draw, and the seed of the draws.

    Yields
    ------
    support, query : clip indices, (clips,) and (number of queries,).

    Raises
    ------
    ValueError : `clips` is impossible with these groups; names the classes that lack clips.

    Examples
    --------
    >>> Y, pool = np.tile([[1, 0], [0, 1], [1, 1]], (8, 1)), np.repeat([1, 2, 3, 4], 6)
    >>> for support, query in multilabel_episodes(Y, pool, clips=4, n_episodes=2):
    ...     print(set(pool[support]) & set(pool[query]), Y[support].sum(axis=0) >= 2)
    set() [ True  True]
    set() [ True  True]
    """
    names, Y = list(getattr(Y, "columns", range(np.shape(Y)[1]))), np.asarray(Y) > 0
    groups = np.arange(len(Y)) if groups is None else np.asarray(groups)
    if len(groups) != len(Y):
        raise ValueError(f"groups has {len(groups)} entries for {len(Y)} clips.")
    if clips < 1 or n_episodes < 1:
        raise ValueError(f"clips={clips} and n_episodes={n_episodes} must both be at least 1.")
    _, group_of = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    for _ in range(n_episodes):
        yield _draw(Y, group_of, clips, rng, names)


def multilabel_score(Y: np.ndarray, scores: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Measure scores and decisions on clips with several labels.

    Parameters
    ----------
    Y : (N, C) indicator matrix of what is true.
    scores : (N, C), larger where a class is more likely; only their order within a class counts.
    predicted : (N, C) indicator matrix of what was decided.

    Returns
    -------
    dict
        From 0 to 1. mean_average_precision and macro_f1 (means over the classes that at least one
        clip has), and exact_match (share of clips whose classes are decided exactly).

    Examples
    --------
    >>> Y = np.array([[1, 0], [0, 1], [1, 1]])
    >>> scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]])
    >>> {name: round(value, 2) for name, value in multilabel_score(Y, scores, scores > 0.5).items()}
    {'mean_average_precision': 0.92, 'exact_match': 0.67, 'macro_f1': 0.83}
    """
    Y, scores, predicted = np.asarray(Y) > 0, np.asarray(scores), np.asarray(predicted) > 0
    if not Y.shape == scores.shape == predicted.shape:
        raise ValueError(
            f"Y, scores and predicted must be of one shape, (N, C), but are {Y.shape}, "
            f"{scores.shape} and {predicted.shape}."
        )
    present = Y.any(axis=0)  # (C,)
    if not present.any():
        raise ValueError("Y: no clip has any class, so there is nothing to measure.")
    return {
        "mean_average_precision": float(
            average_precision_score(Y[:, present], scores[:, present], average="macro")
        ),
        "exact_match": float(accuracy_score(Y, predicted)),
        "macro_f1": float(
            f1_score(Y[:, present], predicted[:, present], average="macro", zero_division=0)
        ),
    }


def evaluate_detectors(
    methods: Mapping[str, BaseEstimator],
    X: np.ndarray,
    Y: np.ndarray | pd.DataFrame,
    groups: np.ndarray | None = None,
    *,
    clips: int,
    n_episodes: int = 10,
    n_classes: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Fit all methods on the same draws of support clips, and measure them on the queries.

    Parameters
    ----------
    methods : name → multi-label classifier, of which a clone is fitted in each episode.
    X : (N, K, D) head vectors.
    Y, groups, clips, n_episodes, seed : as of `multilabel_episodes`.
    n_classes : how many classes are to be detected, drawn for each episode; default: all.

    Returns
    -------
    DataFrame
        A row per method and episode: method, shots (support clips in all), episode, and the
        measures of `multilabel_score`; for `ccsav.summary` and `ccsav.compare`.

    Examples
    --------
    >>> from ccsav import MultiLabelCCSAVClassifier
    >>> Y = np.tile([[1, 0], [0, 1], [1, 1], [0, 0]], (6, 1))  # 24 clips, 2 classes
    >>> noise = np.random.default_rng(0).normal(size=(24, 4, 3)) / 9  # 4 heads, 3 numbers
    >>> X, methods = np.c_[Y, np.ones(24)][:, None] + noise, {"CCSAV": MultiLabelCCSAVClassifier()}
    >>> evaluate_detectors(methods, X, Y, clips=12, n_episodes=2)["exact_match"].tolist()
    [1.0, 1.0]
    """
    check_consistent_length(X, Y, groups)
    Y, rows = np.asarray(Y), []
    drawn = multilabel_episodes(Y, groups, clips=clips, n_episodes=n_episodes, seed=seed)
    for i, (support, query) in enumerate(drawn):
        order = np.random.default_rng([seed, i]).permutation(Y.shape[1])
        of = Y[:, np.sort(order[:n_classes])]
        for name, method in methods.items():
            fitted = clone(method).fit(X[support], of[support])
            scores, predicted = fitted.decision_function(X[query]), fitted.predict(X[query])
            row = {"method": name, "shots": clips, "episode": i}
            rows.append(row | multilabel_score(of[query], scores, predicted))
    return pd.DataFrame(rows)


def _draw(Y, group_of, clips, rng, names):
    """One (support, query) split, or a `ValueError` that says what is short."""
    for _ in range(_ATTEMPTS):
        chosen = _support_groups(Y, group_of, clips, rng)
        support = _support(Y, rng.permutation(np.flatnonzero(np.isin(group_of, chosen))), clips)
        if support is not None:
            query = np.flatnonzero(~np.isin(group_of, group_of[support]))
            if Y[query].any(axis=0).all():
                return support, query
    raise ValueError(_shortage(Y, group_of, clips, names))


def _support_groups(Y, group_of, clips, rng):
    """A random half of the groups, and those after it that a class or the number of clips needs."""
    order = rng.permutation(group_of.max() + 1)
    chosen = list(order[: max(1, len(order) // 2)])
    for group in order[len(chosen) :]:
        allowed = np.isin(group_of, chosen)
        short = Y[allowed].sum(axis=0) < LEAST  # (C,)
        if allowed.sum() < clips or Y[group_of == group][:, short].any():
            chosen.append(group)
    return chosen


def _support(Y, order, clips):
    """The first clips of an order of clips that give each class `LEAST`, and then the first others.

    None if that is impossible, or takes more than `clips`.
    """
    counts, needed = np.zeros(Y.shape[1], int), np.zeros(len(order), bool)
    for i, labels in enumerate(Y[order]):
        needed[i] = (counts[labels] < LEAST).any()
        counts += needed[i] * labels
    if (counts < LEAST).any() or needed.sum() > clips or len(order) < clips:
        return None
    return np.concatenate([order[needed], order[~needed]])[:clips]


def _shortage(Y, group_of, clips, names):
    """Say what keeps `clips` support clips from having each class, with queries of each class."""
    lacking, sizes = [], np.bincount(group_of)  # (groups,)
    for name, has in zip(names, Y.T, strict=True):
        per_group = np.bincount(group_of[has], minlength=len(sizes))
        most = per_group.sum() - min(per_group[per_group > 0], default=0)
        if most < LEAST:  # one group is left to the queries
            lacking.append(
                f"class {name!r} is in {has.sum()} clips of {np.count_nonzero(per_group)} groups, "
                f"so at most {most} are for support"
            )
    if not lacking and len(group_of) - sizes.min() < clips:
        lacking = [f"at most {len(group_of) - sizes.min()} of {len(group_of)} are for support"]
    reasons = lacking or [
        f"no division of the {len(sizes)} groups leaves every class a query, or {clips} clips are "
        f"too few for {Y.shape[1]} classes"
    ]
    return (
        f"{clips} support clips with each class in at least {LEAST} of them, and group-disjoint "
        f"queries, are impossible: {'; '.join(reasons[:5])}{' …' if len(reasons) > 5 else ''}. "
        "Ask for another number, add clips, or use finer groups."
    )
