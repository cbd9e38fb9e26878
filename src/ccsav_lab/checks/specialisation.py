"""Checks of lesson 04: selectivity, similar classes, tuning curves."""

import numpy as np

from ccsav_lab import specialise

from ._check import OTHER, check, matching_hint, mismatch


@check
def selectivity_of_head(mine, recalls) -> str | None:
    """Selectivity of one head, a number; recalls: (C,), of that head for every class."""
    recalls = np.sort(np.asarray(recalls, float))
    best, rest, mean = recalls[-1], recalls[:-1].mean(), recalls.mean()
    right = specialise.selectivity(recalls[None]).iloc[0]
    hints = {
        "the rest are the other classes: leave the best one out of their mean.": (
            (best - mean) / (best + mean)
        ),
        "that is the difference alone: divide it by the sum of the two.": best - rest,
    }
    if mismatch(mine, right) is None:
        return None
    hint = "the best recall less the mean of the others, over their sum."
    return mismatch(mine, right, matching_hint(mine, hints) or hint)


@check
def nearest_classes(mine, table) -> str | None:
    """For every class the other class with the most similar profile.

    mine: (C,) names, in the order of the table's columns; table: (K, C) recalls.
    """
    names = np.array(table.columns.astype(str))
    mine = np.atleast_1d(np.asarray(mine))
    if mine.shape != names.shape:
        return f"give one name for each of the {len(names)} classes, in the table's order."
    unknown = [str(name) for name in mine if str(name) not in set(names)]
    if unknown:
        return f"{unknown[0]!r} is no class: give the names of classes, in the table's order."
    if np.any(mine.astype(str) == names):
        return "every class is most similar to itself: leave the diagonal out."
    similarity = specialise.similarity(table).to_numpy().copy()
    np.fill_diagonal(similarity, -np.inf)
    column = {name: i for i, name in enumerate(names)}
    chosen = similarity[np.arange(len(names)), [column[str(name)] for name in mine]]
    worse = np.flatnonzero(chosen < similarity.max(axis=1) - 1e-9)
    if not len(worse):
        return None
    first = worse[0]
    closer = int((similarity[first] > chosen[first] + 1e-9).sum())
    return (
        f"{len(worse)} of {len(names)} are not the nearest; for {str(names[first])!r}, {closer} "
        "other classes have a profile that correlates more over the heads."
    )


@check
def half_response(mine, curve) -> str | None:
    """Value at which a curve has fallen to half of its clean response, by linear interpolation.

    mine: a number, or NaN if it never falls that low. curve: response by value, ascending; the
    last is the clean one. The first crossing on the way down from the clean end counts.
    """
    value, response = np.asarray(curve.index, float), np.asarray(curve, float)
    half = response[-1] / 2
    below = np.flatnonzero(response < half)
    if not len(below):
        never = "it never falls that low: np.nan."
        problem = mismatch(mine, np.inf, never)
        return None if problem == never and np.isnan(float(mine)) else problem or never
    i = below[-1]
    share = (half - response[i]) / (response[i + 1] - response[i])
    right = value[i] + share * (value[i + 1] - value[i])
    problem = mismatch(mine, right, OTHER, tolerance=0.02)
    if problem != OTHER:
        return problem
    if np.isclose(value, float(mine)).any():
        return "that is one of the measured points: the crossing lies between two of them."
    side = "lower" if float(mine) > right else "higher"
    return f"half of the clean response is {half:.3f}; the curve crosses it at a {side} value."
