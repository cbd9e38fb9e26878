"""Checks of lesson 02: every head alone, and what luck would do."""

import numpy as np
import torch

from ccsav.weights import readout
from ccsav_lab import specialise

from ._check import check, unlike

ANY = 1e9  # a tolerance that lets every number pass, but no other shape


@check
def recall(mine, acts, head, label) -> str | None:
    """Share of a class's clips that one head gets right, each clip left out in its turn.

    head: place in `acts.heads`; label: name of the class.
    """
    alone = np.arange(len(acts.y))
    table = specialise.probe(acts, groups=alone)
    right = table.iloc[head][label]
    if unlike(mine, right, "") is None:
        return None
    flattered, precise = _flattered(acts, head, label)
    if unlike(mine, flattered, "") is None:
        return "so it is when every clip helps to make its own prototype: leave each one out."
    if unlike(mine, precise, "") is None:
        return "that is how often the head is right when it says the class, its precision."
    if unlike(mine, table.iloc[head].mean(), "") is None:
        return "that is the mean over all classes: only one class is asked for."
    return unlike(mine, right, "of this class's clips alone, how many have it as their nearest?")


def _flattered(acts, head, label):
    """Recall where nothing is left out, and precision."""
    x = torch.as_tensor(acts.X[:, [head]]).double()
    y, c = torch.as_tensor(acts.y), acts.labels.tolist().index(label)
    seen, left_out = (
        readout.nearest_prototype(x, y, len(acts.labels), groups)[2][:, 0].argmax(-1)
        for groups in (None, torch.arange(len(y)))
    )
    precision = (y[left_out == c] == c).double().mean()  # NaN where it is never said
    return float((seen[y == c] == c).double().mean()), float(precision)


@check
def modest_expert(mine, table) -> str | None:
    """Of the heads that are best for some class, the worst overall: (name of a class, head).

    table: from `specialise.probe`; the head is one of its index.
    """
    if not isinstance(mine, tuple) or len(mine) != 2:
        return "give a pair: a class's name, and a head of table.index."
    label, head = mine
    if label not in table.columns or head not in table.index:
        return "the first of the pair must be one of table.columns, the second of table.index."
    best = table == table.max()
    if not best.at[head, label]:
        return f"head {head} is not the best for {label!r}: look down that column."
    overall = table.mean(axis=1)
    lowest = overall[best.any(axis=1)].min()
    if overall[head] > lowest + 1e-9:
        return "another class's best head is worse overall: compare them all."
    return None


@check
def false_alarms(mine, n_heads, level=0.05) -> str | None:
    """Heads that pass a test at `level` each, if no head knows anything; within a fifth."""
    right = level * n_heads
    hint = f"each of the {n_heads} heads passes with a probability of {level:g}: how many in all?"
    if unlike(mine, level, "") is None:
        return "that is the share of heads: how many heads is it?"
    return unlike(mine, right, "", ANY) or (None if abs(float(mine) - right) <= right / 5 else hint)


@check
def chance(mine, counts) -> str | None:
    """Plain and balanced accuracy of saying the commonest class always; counts: (C,) clips."""
    counts = np.asarray(counts)
    right = np.array([counts.max() / counts.sum(), 1 / len(counts)])
    if unlike(mine, right[::-1], "") is None:
        return "the right numbers, in the other order: plain accuracy first."
    if problem := unlike(mine, right, "", ANY):
        return problem
    if abs(np.asarray(mine, dtype=float)[0] - right[0]) > 1e-3:
        return "plain accuracy is the share of all clips that it gets right."
    return unlike(
        mine, right, "balanced accuracy is the mean of the recalls: one class has 1.", 1e-3
    )
