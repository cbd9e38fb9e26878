"""Checks of lesson 00: the least confident vote, a learning curve."""

import operator

import numpy as np
import pandas as pd

from ccsav.evaluation.comparison import evaluate, summary
from ccsav.weights.ccsav import CCSAVClassifier

from ._check import check, mismatch


@check
def least_confident(mine, votes) -> str | None:
    """Index of the clip whose largest vote is smallest; votes: (N, C), from 0 to 1."""
    largest = np.asarray(votes).max(axis=1)  # (N,)
    try:
        clip = operator.index(mine)  # 1.7 is refused, not cut to 1
    except TypeError:
        return f"give one whole number; this is a {type(mine).__name__}."
    if not 0 <= clip < len(largest):
        return f"votes has the rows 0 to {len(largest) - 1}."
    if np.isclose(largest[clip], largest.max()):
        return "this is the most confident one: look for the opposite."
    if not np.isclose(largest[clip], largest.min()):
        return (
            f"the largest vote on clip {clip} is {100 * largest[clip]:.0f} %, and others are "
            "smaller. First take the largest number of each row, then the row where that is "
            "smallest."
        )
    return None


@check
def learning_curve(mine, X, y, groups, shots, seed) -> str | None:
    """Table of `ccsav.summary` for CCSAV at several numbers of shots, twenty episodes each."""
    if not isinstance(mine, pd.DataFrame) or "mean" not in mine:
        return "give the table of ccsav.summary: pass it what ccsav.evaluate returns."
    absent = sorted(set(shots) - set(mine.index.get_level_values("shots")))
    if absent:
        return f"the table lacks {absent} shots: give evaluate the whole list, shots={shots}."
    methods = {"CCSAV": CCSAVClassifier()}
    right = summary(evaluate(methods, X, y, groups, shots=shots, seed=seed, progress=False))
    if len(mine) != len(right):
        return f"{len(right)} rows are needed, one per number of shots; yours has {len(mine)}."
    if not (mine["episodes"] == right["episodes"].iloc[0]).all():
        return "take the default number of episodes of evaluate."
    return mismatch(
        mine["mean"], right["mean"], "the numbers are of another method or of other episodes: "
        "take CCSAVClassifier() without arguments, all of acts.X, and seed=seed."
    )  # fmt: skip
