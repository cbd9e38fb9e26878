"""Checks of lesson 06: leaks between support and query, clear differences, specialists."""

import numpy as np

from ccsav_lab import specialise

from ._check import OTHER, check, mismatch


@check
def leaked_share(mine, groups, support, query) -> str | None:
    """Share of the queries, 0 to 1, whose group also has a support clip."""
    groups = np.asarray(groups)
    right = np.isin(groups[query], groups[support]).mean()
    if isinstance(mine, float | int) and np.isclose(mine, 1 - right) and not np.isclose(right, 0.5):
        return "that is the share of queries whose group has *no* support clip."
    hint = "test for each query whether its group is among groups[support], then take the mean."
    return mismatch(mine, right, hint)


@check
def clear_differences(mine, mean, interval) -> str | None:
    """Numbers of differences clearly (above, below) zero: the whole interval is on that side."""
    mean, interval = np.asarray(mean), np.asarray(interval)
    right = [(mean > interval).sum(), (mean < -interval).sum()]
    problem = mismatch(mine, right, OTHER)
    if problem != OTHER:
        return problem
    if np.array_equal(mine, [(mean > 0).sum(), (mean < 0).sum()]):
        return "those are signs: a difference is clear only if its whole interval has one sign."
    if np.array_equal(mine, right[::-1]):
        return "in the other order: first those above zero."
    return "clear above zero: mean - interval > 0; clear below: mean + interval < 0."


@check
def largest_excess(mine, recalls, head) -> str | None:
    """The class for which a head is most above what head and class alone give, and by how much."""
    excess = specialise.interaction(recalls).loc[head]
    if not (isinstance(mine, tuple | list) and len(mine) == 2):
        return "give two things: the name of a class, and a number."
    label, value = mine
    if label in excess.index and np.isclose(excess[label], excess.max()):  # one of equals is right
        return mismatch(
            value, excess.max(), "the excess is recall - head mean - class mean + mean."
        )
    if label == recalls.loc[head].idxmax():
        return "that is the class with the head's largest recall: subtract what the class gives."
    return "another class: work out the excess for every class, then take the largest."
