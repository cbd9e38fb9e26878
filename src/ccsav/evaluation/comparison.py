"""How well methods do, over group-disjoint episodes, with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import recall_score
from sklearn.utils.validation import has_fit_parameter
from tqdm.auto import tqdm

from ccsav.evaluation.metrics import score
from ccsav.evaluation.splits import episodes


def evaluate(
    methods: Mapping[str, BaseEstimator],
    X: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None = None,
    *,
    shots: Sequence[int] = (1, 5),
    n_episodes: int = 20,
    seed: int = 0,
    progress: bool = True,
    tell_groups: bool = True,
) -> pd.DataFrame:
    """Fit every method on the same few-shot episodes and score it on their queries.

    methods: name → classifier; each episode fits a clone. X: (N, K, D); y: (N,);
    groups: (N,) or None, see `episodes`. shots: support clips per class, each a series of
    `n_episodes` episodes. tell_groups: give the support clips' groups to classifiers whose
    `fit` takes them.

    Returns one row per method, shots and episode, with the columns of `metrics.score`, 0 to 1.
    """
    drawn = [
        (n, number, *split)
        for n in shots
        for number, split in enumerate(
            episodes(y, groups, shots=n, n_episodes=n_episodes, seed=seed)
        )
    ]
    rows = []
    for n, number, support, query in tqdm(drawn, unit=" episodes", disable=not progress):
        for name, method in methods.items():
            takes = tell_groups and groups is not None and has_fit_parameter(method, "groups")
            told = {"groups": groups[support]} if takes else {}
            fitted = clone(method).fit(X[support], y[support], **told)
            row = {"method": name, "shots": n, "episode": number}
            rows.append(row | score(fitted, X[query], y[query]))
    return pd.DataFrame(rows)


def class_recalls(
    methods: Mapping[str, BaseEstimator],
    X: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None = None,
    *,
    shots: int = 5,
    n_episodes: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """Share of each class's queries that each method gets right, averaged over episodes.

    Arguments as in `evaluate`. Returns one row per class, one column per method, 0 to 1.
    """
    classes = np.unique(y)
    found = {name: np.zeros(len(classes)) for name in methods}
    for support, query in episodes(y, groups, shots=shots, n_episodes=n_episodes, seed=seed):
        for name, method in methods.items():
            said = clone(method).fit(X[support], y[support]).predict(X[query])
            found[name] += recall_score(y[query], said, labels=classes, average=None) / n_episodes
    return pd.DataFrame(found, index=classes)


def summary(results: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Mean over episodes and its 95 % interval, one row per method and shots.

    results: from `evaluate`; metric: one of its columns. Columns: mean, interval (half width,
    Student's t), episodes. Episodes redraw the same clips, so the interval speaks of the draw,
    not of other clips.
    """
    return _interval(results, results[metric])


def compare(results: pd.DataFrame, baseline: str, metric: str = "accuracy") -> pd.DataFrame:
    """Mean difference to a baseline, paired by episode, with its 95 % interval; see `summary`.

    Columns besides: win, tie, loss, in how many episodes the value was higher, equal, lower.
    """
    paired = results.pivot(index=["shots", "episode"], columns="method", values=metric)
    reference = paired[baseline].rename("reference")
    joined = results.join(reference, on=["shots", "episode"])
    difference = joined[metric] - joined["reference"]
    table = _interval(joined, difference)
    sign = np.sign(difference).groupby([joined["method"], joined["shots"]], sort=False)
    for name, value in (("win", 1), ("tie", 0), ("loss", -1)):
        table[name] = sign.apply(lambda s, v=value: int((s == v).sum()))
    return table.drop(index=baseline, level=0)


def _interval(results, values):
    grouped = values.groupby([results["method"], results["shots"]], sort=False)
    n = grouped.count()
    half = stats.t.ppf(0.975, (n - 1).clip(lower=1)) * grouped.std() / np.sqrt(n)
    return pd.DataFrame({"mean": grouped.mean(), "interval": half, "episodes": n})
