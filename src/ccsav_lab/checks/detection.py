"""Checks of the exercises on bona fide and spoof."""

import numpy as np
from sklearn.metrics import roc_curve

from ._check import check, unlike


@check
def reliability_of_two(mine, p, y) -> str | None:
    """Mean clamped margin of each of two classes, (2,); p: (N, 2) posteriors, y: (N,) 0 or 1."""
    true = p[np.arange(len(y)), y]
    clamped = np.maximum(0, 2 * true - 1)
    right = [clamped[y == c].mean() for c in (0, 1)]
    hints = {
        "a wrong vote earns nothing, not less than nothing: take max(0, margin).": [
            (2 * true - 1)[y == c].mean() for c in (0, 1)
        ],
        "that is the posterior of the true class: subtract the other's.": [
            true[y == c].mean() for c in (0, 1)
        ],
        "first class first: (bona fide, spoof).": right[::-1],
    }
    return unlike(mine, right, _likeliest(mine, hints) or "one mean per class, over its own clips.")


@check
def spoofs_caught(mine, positive, ranking, most_alarms) -> str | None:
    """Share of positives above a threshold that at most `most_alarms` of the negatives pass.

    positive: (N,) bool; ranking: (N,). Whether a clip on the threshold counts is left open.
    """
    alarms, hits, _ = roc_curve(positive, ranking, drop_intermediate=False)
    right = hits[alarms <= most_alarms].max()
    next_one = hits[alarms <= most_alarms + 1 / np.sum(~positive)].max()
    own = np.quantile(ranking[positive], 1 - most_alarms)
    hints = {
        "the threshold follows from the bona fide clips alone: so many of them may lie above.": (
            np.mean(ranking[positive] > own)
        ),
        "that threshold is too low: it is the quantile with few bona fide clips *above* it.": (
            hits[alarms <= 1 - most_alarms].max()
        ),
    }
    if between(mine, right, next_one):
        return None
    if between(mine, 1 - next_one, 1 - right):
        return "that is the share that gets through; the share that is caught is wanted."
    hint = _likeliest(mine, hints) or "set the threshold on bona fide clips, count spoofs above it."
    return unlike(mine, right, hint)


@check
def alarms_that_are_right(mine, error, shares) -> str | None:
    """Share of alarms that are spoofs, at equal error `error`, for shares of spoofs (M,)."""
    shares = np.asarray(shares)
    caught, false = shares * (1 - error), (1 - shares) * error
    hints = {
        "that is the share of spoofs that raise an alarm; of the alarms, how many are spoofs?": (
            np.full(len(shares), 1 - error)
        ),
        "that is how many of all clips are caught spoofs: divide by all alarms, right and false.": (
            caught
        ),
        "that is the share of alarms that are false: 1 minus it.": false / (caught + false),
    }
    hint = _likeliest(mine, hints) or "count the alarms among 1000 clips: true ones, false ones."
    return unlike(mine, caught / (caught + false), hint)


def between(mine, low, high) -> bool:
    """Whether this is one number, and within the two."""
    if unlike(mine, low, other := "another number") not in (None, other):
        return False
    return low - 1e-9 <= float(mine) <= high + 1e-9


def _likeliest(mine, hints):
    """The hint whose wrong answer this is, or None."""
    return next((hint for hint, wrong in hints.items() if unlike(mine, wrong) is None), None)
