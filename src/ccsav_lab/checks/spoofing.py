"""Checks of lesson 07: reliability of two classes, thresholds, alarms."""

import numpy as np
from sklearn.metrics import roc_curve

from ._check import between, check, matching_hint, mismatch


@check
def reliability_of_two(mine, p, y) -> str | None:
    """Mean clamped margin of each of two classes, (2,); p: (N, 2) posteriors; y: (N,) 0 or 1."""
    true = p[np.arange(len(y)), y]
    clamped = np.maximum(0, 2 * true - 1)
    right = [clamped[y == c].mean() for c in (0, 1)]
    hints = {
        "a wrong vote counts as 0, not as a negative number: take max(0, margin).": [
            (2 * true - 1)[y == c].mean() for c in (0, 1)
        ],
        "that is the posterior of the true class: subtract that of the other class.": [
            true[y == c].mean() for c in (0, 1)
        ],
        "in the other order: (bona fide, spoof).": right[::-1],
    }
    return mismatch(
        mine, right, matching_hint(mine, hints) or "one mean per class, over its own clips."
    )


@check
def spoofs_caught(mine, positive, ranking, most_alarms) -> str | None:
    """Share of positives above a threshold that at most `most_alarms` of the negatives exceed.

    positive: (N,) bool; ranking: (N,). A clip on the threshold may count or not.
    """
    alarms, hits, _ = roc_curve(positive, ranking, drop_intermediate=False)
    right = hits[alarms <= most_alarms].max()
    one_more = hits[alarms <= most_alarms + 1 / np.sum(~positive)].max()
    of_spoofs = np.quantile(ranking[positive], 1 - most_alarms)
    hints = {
        "the threshold follows from the bona fide clips alone: that share of them may lie above.": (
            np.mean(ranking[positive] > of_spoofs)
        ),
        "that threshold is too low: it is the quantile with few bona fide clips *above* it.": (
            hits[alarms <= 1 - most_alarms].max()
        ),
    }
    if between(mine, right, one_more):
        return None
    if between(mine, 1 - one_more, 1 - right):
        return "that is the share of spoofs that are missed: give the share that is caught."
    hint = matching_hint(mine, hints) or "set the threshold on bona fide clips, count spoofs above."
    return mismatch(mine, right, hint)


@check
def alarms_that_are_right(mine, error, shares) -> str | None:
    """Share of alarms that are spoofs, at equal error rate `error`, for shares of spoofs (M,)."""
    shares = np.asarray(shares)
    caught, false = shares * (1 - error), (1 - shares) * error
    hints = {
        "that is the share of spoofs that raise an alarm: give that of alarms that are spoofs.": (
            np.full(len(shares), 1 - error)
        ),
        "that is the share of all clips that are caught spoofs: divide by all alarms.": (caught),
        "that is the share of alarms that are false: subtract it from 1.": false / (caught + false),
    }
    hint = matching_hint(mine, hints) or "count the true and the false alarms among 1000 clips."
    return mismatch(mine, caught / (caught + false), hint)
