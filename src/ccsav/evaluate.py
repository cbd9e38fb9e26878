"""How well methods do, over group-disjoint episodes, with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.base import BaseEstimator, clone
from tqdm.auto import tqdm

from ccsav.episodes import episodes


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
) -> pd.DataFrame:
    """Fit every method on the same few-shot episodes and score it on their queries.

    methods: name → classifier; each episode fits a clone. X: (N, K, D); y: (N,);
    groups: (N,) or None, see `episodes`. shots: support clips per class, each a series of
    `n_episodes` episodes.

    Returns one row per method, shots and episode, with the accuracy, from 0 to 1.
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
            fitted = clone(method).fit(X[support], y[support])
            rows.append((name, n, number, fitted.score(X[query], y[query])))
    return pd.DataFrame(rows, columns=["method", "shots", "episode", "accuracy"])


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy over episodes and its 95 % interval, one row per method and shots.

    results: from `evaluate`. Columns: mean, interval (half width, Student's t), episodes.
    Episodes redraw the same clips, so the interval speaks of the draw, not of other clips.
    """
    return _interval(results, results["accuracy"])


def compare(results: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Mean difference to a baseline, paired by episode, with its 95 % interval; see `summary`."""
    paired = results.pivot(index=["shots", "episode"], columns="method", values="accuracy")
    reference = paired[baseline].rename("reference")
    joined = results.join(reference, on=["shots", "episode"])
    return _interval(joined, joined["accuracy"] - joined["reference"]).drop(index=baseline, level=0)


def _interval(results, values):
    grouped = values.groupby([results["method"], results["shots"]], sort=False)
    n = grouped.count()
    half = stats.t.ppf(0.975, (n - 1).clip(lower=1)) * grouped.std() / np.sqrt(n)
    return pd.DataFrame({"mean": grouped.mean(), "interval": half, "episodes": n})
