"""Checks of the exercises on the paper's table."""

import numpy as np
from scipy import stats

from ._check import check, unlike


@check
def known(mine, accuracy, options) -> str | None:
    """Share of clips that are known, if all others are guessed among `options`; one or several.

    accuracy: from 0 to 1; options: how many; numbers or arrays of one shape.
    """
    accuracy, options = np.asarray(accuracy, float), np.asarray(options, float)
    right = (accuracy - 1 / options) / (1 - 1 / options)
    hint = "an unknown clip is right once in n: a = p + (1 - p) / n. Solve it for p."
    if unlike(mine, accuracy - 1 / options) is None:
        hint = "chance is taken off, but now even a perfect model falls short of 1: divide."
    if unlike(mine, accuracy + (1 - accuracy) / options) is None:
        hint = "that goes from p to the accuracy; the other way is wanted."
    return unlike(mine, right, hint)


@check
def paired(mine, a, b) -> str | None:
    """(mean, half interval) of a - b over the same episodes, (E,) each; 95 %, Student's t."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    reach = stats.t.ppf(0.975, len(a) - 1)
    half = reach * stats.sem(a - b)
    right = [np.mean(a - b), half]
    hint = "take the differences episode by episode; then their mean, and t · s / √E."
    try:
        mean, width = (float(x) for x in mine)
    except (TypeError, ValueError):
        return "give two numbers: the mean difference, and half its interval."
    apart = reach * np.hypot(stats.sem(a), stats.sem(b))
    if np.isclose(mean, -right[0]) and not np.isclose(right[0], 0):
        hint = "the other way round: the first less the second."
    elif np.isclose(mean, right[0]) and np.isclose(width, apart):
        hint = "that is for methods that had different clips; these had the same: pair them."
    elif np.isclose(mean, right[0]) and np.isclose(width, 2 * half):
        hint = "the interval reaches so far from end to end; half of it is wanted."
    elif np.isclose(mean, right[0]) and np.isclose(width, np.std(a - b, ddof=1)):
        hint = "that is the spread of single episodes; their mean is surer by √E."
    elif np.isclose(mean, right[0]):
        hint = "the mean is right. Half the interval is t · s / √E, with s over E - 1."
    return unlike([mean, width], right, hint)


@check
def best_draw(mine, accuracy) -> str | None:
    """Points gained by telling the best draw of each test part in place of the mean.

    accuracy: (parts, draws), from 0 to 1.
    """
    accuracy = np.asarray(accuracy, float)
    right = 100 * (accuracy.max(axis=1) - accuracy.mean(axis=1)).mean()
    hint = "for each part: its best draw less the mean of its draws; then the mean over parts."
    if unlike(mine, right / 100) is None:
        hint = "in points, please: 100 times that."
    elif unlike(mine, 100 * (accuracy.max() - accuracy.mean())) is None:
        hint = "that is the best of all parts at once; a table has the mean over parts."
    elif unlike(mine, 100 * (accuracy.max(axis=0) - accuracy.mean(axis=0)).mean()) is None:
        hint = "that is along the other axis: a row is a part, and its columns are draws."
    return unlike(mine, right, hint)
