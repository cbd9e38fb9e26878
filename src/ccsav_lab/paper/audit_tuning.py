"""Settings of CALM chosen on the test part, as in the published runs, against a nested choice."""

from itertools import product
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from ccsav.weights.ccsav import CCSAVClassifier

from .heard import Heard

TAUS, TAUS_OF_WEIGHTS, HEADS_KEPT = (0.01, 0.03, 0.07, 0.2), (0.5, 1.0), (None, 5, 20)
FOLDS = 3


class Tuned(NamedTuple):
    """Accuracy in the test part of three settings of CALM, from 0 to 1.

    settings : number of settings tried. best : the best one in the test part. nested : the one that
    is best on other clips, NaN without such clips. default : `CCSAVClassifier.calm()`.
    """

    settings: int
    best: float
    nested: float
    default: float


def tune_calm(heard: Heard, X_val: np.ndarray | None = None, y_val=None) -> Tuned:
    """Choose settings of CALM on the test part, and on other clips, and score both on the test.

    Parameters
    ----------
    heard : from `hear`.
    X_val, y_val : (M, K, D), (M,) questions to choose on; None: support questions that are left
        out, in up to three parts that share no source, where every class has two or more.
    """
    kept = [k for k in HEADS_KEPT if k is None or k < heard.X.shape[1]]
    grid = [
        CCSAVClassifier.calm(tau, tau_w=tau_w, top_k=k)
        for tau, tau_w, k in product(TAUS, TAUS_OF_WEIGHTS, kept)
    ]
    test = np.array([heard.right(method).mean() for method in grid])
    default = heard.right(CCSAVClassifier.calm()).mean()
    if X_val is None:
        other = _left_out_accuracies(heard, grid)
    else:
        other = [(heard.fit(method).predict(X_val) == y_val).mean() for method in grid]
    nested = np.nan if other is None else test[np.argmax(other)]
    return Tuned(len(grid), test.max(), nested, default)


def _left_out_accuracies(heard, grid):
    """Accuracy of every setting on support questions left out, or None where a class has one."""
    rows = heard.support
    y, groups = heard.y[rows], heard.groups[rows]
    parts = min(FOLDS, np.unique(y, return_counts=True)[1].min(), len(set(groups)))
    if parts < 2:
        return None
    folds = StratifiedGroupKFold(parts, shuffle=True, random_state=0)
    hits = np.zeros((len(grid), len(rows)))
    for fit, score in folds.split(rows, y, groups):
        if len(set(y[fit])) > 1 and len(score):
            for i, method in enumerate(grid):
                predicted = heard.fit(method, rows[fit]).predict(heard.X[rows[score]])
                hits[i, score] = predicted == y[score]
    return hits.mean(axis=1)
