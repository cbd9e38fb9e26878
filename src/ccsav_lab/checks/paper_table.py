"""Checks of lesson 10: correction for guessing, paired differences, best draws, better senses."""

import numpy as np
from scipy import stats

from ._check import check, matching_hint, mismatch


@check
def share_known(mine, accuracy, options) -> str | None:
    """Share of clips that the model knows, if it guesses among `options` on all others.

    accuracy: from 0 to 1; options: how many; numbers or arrays of one shape.
    """
    accuracy, options = np.asarray(accuracy, float), np.asarray(options, float)
    right = (accuracy - 1 / options) / (1 - 1 / options)
    hints = {
        "chance is subtracted, but now a perfect model falls short of 1: divide.": (
            accuracy - 1 / options
        ),
        "that computes the accuracy from p: solve for p.": accuracy + (1 - accuracy) / options,
    }
    if mismatch(mine, right) is None:
        return None
    hint = "an unknown clip is right once in n: a = p + (1 - p) / n. Solve it for p."
    return mismatch(mine, right, matching_hint(mine, hints) or hint)


@check
def paired_difference(mine, a, b) -> str | None:
    """(Mean, half of the 95 % interval) of a - b over the same episodes, (E,) each; Student's t."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    difference, t = a - b, stats.t.ppf(0.975, len(a) - 1)
    mean, half = difference.mean(), t * stats.sem(difference)
    unpaired = t * np.hypot(stats.sem(a), stats.sem(b))
    try:
        mine = [float(x) for x in mine]
        my_mean, my_half = mine
    except (TypeError, ValueError):
        return "give two numbers: the mean difference, and half its interval."
    hint = "take the differences episode by episode; then their mean, and t · s / √E."
    if np.isclose(my_mean, -mean) and not np.isclose(mean, 0):
        hint = "the sign is reversed: take the first less the second."
    elif np.isclose(my_mean, mean):
        hint = _hint_on_interval(my_half, half, unpaired, difference.std(ddof=1))
    return mismatch(mine, [mean, half], hint)


def _hint_on_interval(mine, half, unpaired, spread):
    """The hint on half an interval that is not right, where the mean is."""
    if np.isclose(mine, unpaired):
        return "that is for methods on different clips; these had the same: pair them."
    if np.isclose(mine, 2 * half):
        return "that is the interval from end to end: give half of it."
    if np.isclose(mine, spread):
        return "that is the standard deviation of episodes: divide by √E, multiply by t."
    return "the mean is right. Half the interval is t · s / √E, with s over E - 1."


@check
def best_draw_gain(mine, accuracy) -> str | None:
    """Points gained by reporting the best draw of each test part in place of the mean.

    accuracy: (parts, draws), from 0 to 1.
    """
    accuracy = np.asarray(accuracy, float)
    right = 100 * (accuracy.max(axis=1) - accuracy.mean(axis=1)).mean()
    hints = {
        "give it in points: 100 times that.": right / 100,
        "that is the best of all parts at once: a table reports the mean over parts.": (
            100 * (accuracy.max() - accuracy.mean())
        ),
        "that is along the other axis: a row is a part, and its columns are draws.": (
            100 * (accuracy.max(axis=0) - accuracy.mean(axis=0)).mean()
        ),
    }
    if mismatch(mine, right) is None:
        return None
    hint = "for each part: its best draw less the mean of its draws; then the mean over parts."
    return mismatch(mine, right, matching_hint(mine, hints) or hint)


@check
def points_above_senses(mine, recall) -> str | None:
    """Points by which both senses are above the better one of each class, mean over classes.

    recall: (C, 3), from 0 to 1; the columns are the first sense, the second, and both.
    """
    recall = np.asarray(recall, float)
    alone, both = recall[:, :2], recall[:, 2]
    right = 100 * (both - alone.max(axis=1)).mean()
    hints = {
        "give it in points: 100 times that.": right / 100,
        "the sign is reversed: both senses, less the better one.": -right,
        "that is above one sense for all classes: choose the better one for each class.": (
            100 * (both.mean() - alone.mean(axis=0).max())
        ),
        "that is above the worse sense of each class: take the better one.": (
            100 * (both - alone.min(axis=1)).mean()
        ),
        "with both among those to choose from, it can only be 0 or less: leave that column out.": (
            100 * (both - recall.max(axis=1)).mean()
        ),
    }
    if mismatch(mine, right) is None:
        return None
    hint = "for each class: both less the larger of the two senses; then the mean over classes."
    return mismatch(mine, right, matching_hint(mine, hints) or hint)
