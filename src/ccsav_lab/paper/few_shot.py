"""Scores of few-shot methods on planned episodes, kept on disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.multioutput import MultiOutputClassifier
from sklearn.utils import get_tags
from tqdm.auto import tqdm

from ccsav.evaluation.comparison import fit_with_groups, summary
from ccsav.evaluation.metrics import score
from ccsav.extraction.activations import HeadActivations
from ccsav_lab.several_labels import multilabel_score

from .kept import add_rows, read_rows
from .protocol import COMPARED, COMPARED_SEVERAL, Episode
from .spoofing import VerificationErrors, min_tdcf, spoof_ranking

METRICS = [
    "accuracy", "macro_f1", "equal_error_rate", "min_tdcf", "exact_match", "mean_average_precision",
]  # fmt: skip


def mean_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and half 95 % interval of every metric that was measured.

    Parameters
    ----------
    rows : from `score_episodes`.

    Returns
    -------
    pd.DataFrame
        A row per heads and method; the columns are metrics, and <metric>_interval.
    """
    parts = {}
    for heads, part in rows.assign(shots=0).groupby("heads", sort=False):
        measured = [metric for metric in METRICS if metric in part and part[metric].notna().any()]
        tables = {metric: summary(part, metric).droplevel("shots") for metric in measured}
        columns = {metric: table["mean"] for metric, table in tables.items()}
        columns |= {f"{metric}_interval": table["interval"] for metric, table in tables.items()}
        parts[heads] = pd.DataFrame(columns)
    return pd.concat(parts, names=["heads", "method"])


def score_episodes(
    acts: HeadActivations,
    y: np.ndarray,
    episodes: Sequence[Episode],
    file: Path,
    methods: Mapping[str, BaseEstimator] | None = None,
    errors: VerificationErrors | None = None,
) -> pd.DataFrame:
    """Scores of every method on every episode and set of heads, from a file or computed into it.

    Parameters
    ----------
    acts : head vectors of N clips, with their groups.
    y : labels (N,), or classes of 0 and 1, (N, C).
    episodes : indices into the N clips.
    file : CSV file to which the scores of an episode are added when they are computed.
    methods : name → classifier; default: `COMPARED`, or `COMPARED_SEVERAL` for several labels.
    errors : of speaker verification, for the tandem cost; None: it is not measured.
    """
    y = np.asarray(y)
    if methods is None:
        methods = COMPARED_SEVERAL if y.ndim == 2 else COMPARED
    columns = ["heads", "method", "part", "episode", *METRICS]
    tables = [read_rows(file, ["episode", *METRICS])] if file.is_file() else []
    done = {(row.heads, row.episode, row.method) for table in tables for row in table.itertuples()}
    for number, episode in enumerate(tqdm(episodes, unit=" episodes")):
        for heads, mask in acts.head_sets().items():
            missing = [name for name in methods if (heads, number, name) not in done]
            if not missing:
                continue
            X = acts.X[:, mask]
            scores = [_scores(methods[m], X, y, acts.groups, episode, errors) for m in missing]
            table = pd.DataFrame(scores).assign(heads=heads, part=episode.part, episode=number)
            table = table.assign(method=missing).reindex(columns=columns)
            add_rows(table, file)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _scores(method, X, y, groups, episode, errors) -> dict:
    """Scores of one method on one episode; y: labels (N,), or classes of 0 and 1, (N, C)."""
    _, support, query = episode
    if y.ndim == 2:
        return _multi_label_scores(method, X, y, support, query)
    of_support = None if groups is None else np.asarray(groups)[support]
    fitted = fit_with_groups(method, X[support], y[support], of_support)
    found = score(fitted, X[query], y[query])
    if errors is not None:
        spoofed = y[query] == fitted.classes_[-1]
        found["min_tdcf"] = min_tdcf(spoofed, spoof_ranking(fitted, X[query]), errors)
    return found


def _multi_label_scores(method, X, Y, support, query) -> dict:
    """Scores of a classifier of several labels, or of one classifier per class, present or absent.

    Methods without probabilities get the logistic function of their scores.
    """
    if get_tags(method).classifier_tags.multi_label:
        fitted = clone(method).fit(X[support], Y[support])
        scores = fitted.decision_function(X[query])
        return multilabel_score(Y[query], scores, fitted.predict(X[query]))
    fitted = MultiOutputClassifier(clone(method)).fit(X[support], Y[support])
    if hasattr(method, "predict_proba"):
        proba = np.stack([p[:, 1] for p in fitted.predict_proba(X[query])], axis=1)
    else:
        scores = [one.decision_function(X[query]) for one in fitted.estimators_]
        proba = 1 / (1 + np.exp(-np.stack(scores, axis=1)))
    return multilabel_score(Y[query], proba, proba > 0.5)
