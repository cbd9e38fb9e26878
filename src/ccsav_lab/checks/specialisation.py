"""Checks of lesson 04: selectivity, classes that are known by the same heads, tuning curves."""

import numpy as np

from ccsav_lab import specialise

from ._check import check, unlike


@check
def selectivity(mine, recalls) -> str | None:
    """Selectivity of one head, a number; recalls: (C,), of that head for every class."""
    recalls = np.sort(np.asarray(recalls, float))
    best, rest = recalls[-1], recalls[:-1].mean()
    right = specialise.selectivity(recalls[None]).iloc[0]
    everything = recalls.mean()
    hints = {
        (best - everything) / (best + everything): "the rest are the other classes: leave the "
        "best one out of their mean.",
        best - rest: "that is the difference alone: divide it by the sum of the two.",
    }
    for wrong, hint in hints.items():
        if not unlike(mine, wrong, "else") and unlike(mine, right, "else"):
            return hint
    return unlike(mine, right, "the best recall less the mean of the others, over their sum.")


@check
def nearest_classes(mine, table) -> str | None:
    """For every class the other class whose profile is most like its own.

    mine: (C,) names, in the order of the table's columns; table: (K, C) recalls.
    """
    names = np.array(table.columns.astype(str))
    mine = np.atleast_1d(np.asarray(mine))
    if mine.shape != names.shape:
        return f"one name for each of the {len(names)} classes is wanted, in the table's order."
    strange = [str(name) for name in mine if str(name) not in set(names)]
    if strange:
        return f"{strange[0]!r} is no class: give the names of classes, in the table's order."
    if np.any(mine.astype(str) == names):
        return "every class is most like itself: leave the diagonal out."
    alike = specialise.similarity(table).to_numpy().copy()
    np.fill_diagonal(alike, -np.inf)
    place = {name: i for i, name in enumerate(names)}
    chosen = alike[np.arange(len(names)), [place[str(name)] for name in mine]]
    worse = np.flatnonzero(chosen < alike.max(axis=1) - 1e-9)
    if not len(worse):
        return None
    first = worse[0]
    closer = int((alike[first] > chosen[first] + 1e-9).sum())
    return (
        f"{len(worse)} of {len(names)} are not the nearest; for {str(names[first])!r}, {closer} "
        "other classes have a profile that correlates more over the heads."
    )


@check
def half_response(mine, curve) -> str | None:
    """Where a curve has fallen to half of its clean response, between its points in straight lines.

    mine: a number, or NaN where it never does. curve: response by value, ascending, the last one
    clean. What counts is the crossing that is met first on the way down from the clean end.
    """
    value, response = np.asarray(curve.index, float), np.asarray(curve, float)
    half = response[-1] / 2
    below = np.flatnonzero(response < half)
    if not len(below):
        never = "it never falls that low: np.nan."
        problem = unlike(mine, np.inf, never)
        return None if problem == never and np.isnan(float(mine)) else problem or never
    i = below[-1]
    right = value[i] + (half - response[i]) / (response[i + 1] - response[i]) * (
        value[i + 1] - value[i]
    )
    problem = unlike(mine, right, "wrong", tolerance=0.02)
    if problem != "wrong":
        return problem
    if np.isclose(value, float(mine)).any():
        return "that is one of the points measured: the crossing lies between two of them."
    way = "lower" if float(mine) > right else "higher"
    return f"half of the clean response is {half:.3f}; the curve crosses it at a {way} value."
