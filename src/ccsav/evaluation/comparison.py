"""Compare methods over group-disjoint episodes, with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import special
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import recall_score
from sklearn.utils.validation import check_consistent_length, has_fit_parameter
from tqdm.auto import tqdm

from ccsav.evaluation.metrics import score
from ccsav.evaluation.splits import episodes


def fit_with_groups(method: BaseEstimator, X, y, groups: np.ndarray | None) -> BaseEstimator:
    """Fit a clone of a classifier, with the clips' groups, (N,), if its `fit` takes them."""
    takes_groups = groups is not None and has_fit_parameter(method, "groups")
    options = {"groups": groups} if takes_groups else {}
    return clone(method).fit(X, y, **options)


def evaluate(
    methods: Mapping[str, BaseEstimator],
    X: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None = None,
    *,
    shots: int | Sequence[int] = (1, 5),
    n_episodes: int = 20,
    seed: int = 0,
    progress: bool = True,
    tell_groups: bool = True,
) -> pd.DataFrame:
    """Fit all methods on the same few-shot episodes, and measure them on the queries.

    Returns a row per method, shots and episode, with the measures of `metrics.score`.

    Parameters
    ----------
    methods : name → classifier, of which a clone is fitted in each episode.
    X, y, groups : (N, K, D) head vectors, (N,) classes, and (N,) groups or None, in one order,
        whatever the index of a pandas series says; see `episodes`.
    shots : number of support clips per class, or several; `n_episodes` are drawn for each.
    tell_groups : pass the groups of the support clips to classifiers whose `fit` takes them.

    Examples
    --------
    >>> from ccsav import SAVClassifier
    >>> y = np.repeat([0, 1], 10)
    >>> X = np.eye(4)[y][:, None] + np.random.default_rng(0).normal(size=(20, 3, 4)) / 4
    >>> results = evaluate({"SAV": SAVClassifier()}, X, y, shots=5, n_episodes=2, progress=False)
    >>> results["accuracy"].tolist()
    [1.0, 1.0]
    """
    check_consistent_length(X, y, groups)
    y, groups = np.asarray(y), None if groups is None else np.asarray(groups)
    drawn = [
        (n, i, *split)
        for n in np.atleast_1d(shots).tolist()
        for i, split in enumerate(episodes(y, groups, shots=n, n_episodes=n_episodes, seed=seed))
    ]
    rows = []
    for n, i, support, query in tqdm(drawn, unit=" episodes", disable=not progress):
        support_groups = groups[support] if tell_groups and groups is not None else None
        for name, method in methods.items():
            fitted = fit_with_groups(method, X[support], y[support], support_groups)
            row = {"method": name, "shots": n, "episode": i}
            rows.append(row | score(fitted, X[query], y[query]))
    return pd.DataFrame(rows)


def class_recalls(methods, X, y, groups=None, *, shots=5, n_episodes=20, seed=0) -> pd.DataFrame:
    """Share of each class's queries that each method classifies correctly, averaged over episodes.

    Returns a row per class and a column per method, from 0 to 1.

    Parameters
    ----------
    methods, X, y, groups, shots, n_episodes, seed : as in `evaluate`, but `shots` is one number.

    Examples
    --------
    >>> from ccsav import SAVClassifier
    >>> y = np.repeat([0, 1], 10)
    >>> X = np.eye(2)[y][:, None]  # (20, 1, 2): one head, whose vector is the class
    >>> class_recalls({"SAV": SAVClassifier()}, X, y, n_episodes=2).to_dict("list")
    {'SAV': [1.0, 1.0]}
    """
    check_consistent_length(X, y, groups)
    y = np.asarray(y)
    classes = np.unique(y)
    recalls = {name: np.zeros(len(classes)) for name in methods}
    for support, query in episodes(y, groups, shots=shots, n_episodes=n_episodes, seed=seed):
        for name, method in methods.items():
            predicted = clone(method).fit(X[support], y[support]).predict(X[query])
            recall = recall_score(y[query], predicted, labels=classes, average=None)
            recalls[name] += recall / n_episodes
    return pd.DataFrame(recalls, index=classes)


def summary(results: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Mean over episodes with its 95 % interval, for each method and number of shots.

    Returns the columns mean, interval (half width, Student's t) and episodes. Episodes are drawn
    from the same clips: the interval is for other draws, not for other clips.

    Parameters
    ----------
    results, metric : from `evaluate`, and one of its columns.

    Examples
    --------
    >>> rows = [("SAV", 5, 0, 0.8), ("SAV", 5, 1, 0.9)]
    >>> results = pd.DataFrame(rows, columns=["method", "shots", "episode", "accuracy"])
    >>> summary(results)
                  mean  interval  episodes
    method shots
    SAV    5      0.85      0.64         2
    """
    values = results.groupby(["method", "shots"], sort=False)[metric]
    n, spread = values.count(), values.std()
    half = special.stdtrit((n - 1).clip(lower=1), 0.975) * spread / np.sqrt(n)
    return pd.DataFrame({"mean": values.mean(), "interval": half, "episodes": n})


def compare(results: pd.DataFrame, baseline: str, metric: str = "accuracy") -> pd.DataFrame:
    """Mean difference to a baseline, paired by episode, with its 95 % interval.

    Returns the columns of `summary`, and win, tie, loss: episodes above, at and below the baseline.

    Parameters
    ----------
    results, baseline, metric : from `evaluate`, the name of a method, and one of the columns.

    Examples
    --------
    >>> rows = [("SAV", 5, 0, 0.8), ("SAV", 5, 1, 0.9), ("CCSAV", 5, 0, 0.9), ("CCSAV", 5, 1, 1)]
    >>> results = pd.DataFrame(rows, columns=["method", "shots", "episode", "accuracy"])
    >>> compare(results, "SAV").round(2)
                  mean  interval  episodes  win  tie  loss
    method shots
    CCSAV  5       0.1       0.0         2    2    0     0
    """
    paired = results.pivot(index=["shots", "episode"], columns="method", values=metric)
    joined = results.join(paired[baseline].rename("reference"), on=["shots", "episode"])
    gain = joined[metric] - joined["reference"]
    joined = joined.assign(gain=gain, win=gain > 0, tie=gain == 0, loss=gain < 0)
    counts = joined.groupby(["method", "shots"], sort=False)[["win", "tie", "loss"]].sum()
    return summary(joined, "gain").join(counts).drop(index=baseline, level=0)
