"""Checks of lesson 02: every head alone, and what is reached by chance."""

import numpy as np
import torch

from ccsav.weights import readout
from ccsav_lab import specialise

from ._check import check, mismatch

ANY = 1e9  # a tolerance that accepts every number, but no other shape


@check
def recall(mine, acts, head, label) -> str | None:
    """Share of a class's clips that one head classifies rightly, each clip left out in turn.

    head: row of `acts.heads`; label: name of the class.
    """
    table = specialise.probe(acts, groups=np.arange(len(acts.y)))
    right = table.iloc[head][label]
    if mismatch(mine, right) is None:
        return None
    with_itself, precision = _with_itself(acts, head, label)
    if mismatch(mine, with_itself) is None:
        return "that is with every clip in its own prototype: leave each clip out."
    if mismatch(mine, precision) is None:
        return "that is the precision: how often the head is right when it predicts the class."
    if mismatch(mine, table.iloc[head].mean()) is None:
        return "that is the mean over all classes: take one class only."
    return mismatch(
        mine, right, "take this class's clips only: for how many is its prototype the nearest?"
    )


def _with_itself(acts, head, label):
    """Recall where no clip is left out, and precision where each is."""
    x = torch.as_tensor(acts.X[:, [head]]).double()
    y, c = torch.as_tensor(acts.y), acts.labels.tolist().index(label)
    predicted, left_out = (
        readout.nearest_prototype(x, y, len(acts.labels), groups)[2][:, 0].argmax(-1)
        for groups in (None, torch.arange(len(y)))
    )
    precision = (y[left_out == c] == c).double().mean()  # NaN if never predicted
    return float((predicted[y == c] == c).double().mean()), float(precision)


@check
def weakest_class_expert(mine, table) -> str | None:
    """Of the heads that are best at some class, the one with the lowest mean: (class, head).

    table: from `specialise.probe`; the head is one of its index.
    """
    if not isinstance(mine, tuple) or len(mine) != 2:
        return "give a pair: the name of a class, and a head of table.index."
    label, head = mine
    if label not in table.columns or head not in table.index:
        return "the first of the pair must be one of table.columns, the second of table.index."
    best = table == table.max()
    if not best.at[head, label]:
        return f"head {head} is not the best at {str(label)!r}: look down that column."
    overall = table.mean(axis=1)
    lowest = overall[best.any(axis=1)].min()
    if overall[head] > lowest + 1e-9:
        return "the best head of another class has a lower mean: compare them all."
    return None


@check
def false_alarms(mine, n_heads, level=0.05) -> str | None:
    """Heads that pass a test at `level` each, if no head tells classes apart; within a fifth."""
    right = level * n_heads
    if mismatch(mine, level) is None:
        return "that is the share of heads: give the number."
    if problem := mismatch(mine, right, tolerance=ANY):
        return problem
    if abs(float(mine) - right) <= right / 5:
        return None
    return f"each of the {n_heads} heads passes with a probability of {level:g}: how many in all?"


@check
def majority_class_accuracy(mine, counts) -> str | None:
    """Plain and balanced accuracy of always predicting the commonest class; counts: (C,) clips."""
    counts = np.asarray(counts)
    right = np.array([counts.max() / counts.sum(), 1 / len(counts)])
    if mismatch(mine, right[::-1]) is None:
        return "the numbers are right, in the other order: plain accuracy first."
    if problem := mismatch(mine, right, tolerance=ANY):
        return problem
    if abs(np.asarray(mine, dtype=float)[0] - right[0]) > 1e-3:
        return "plain accuracy is the share of all clips that are classified rightly."
    return mismatch(
        mine, right, "balanced accuracy is the mean of the recalls: one of them is 1.", 1e-3
    )
