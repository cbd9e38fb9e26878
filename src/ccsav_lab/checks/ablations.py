"""Checks of lesson 05: votes and answers without some heads."""

import numpy as np

from ccsav_lab.ablate import answers_when_silenced

from ._check import check, mismatch


@check
def distinct_best_heads(mine, clf) -> str | None:
    """Number of different heads that vote if each class keeps its best head alone (`top_k=1`)."""
    best = clf.reliability_.argmax(axis=0)  # (C,)
    if len(best) > len(set(best)) and mismatch(mine, len(best)) is None:
        return "one head per class, but two classes may share a head: count different heads."
    hint = "each class keeps the head of its largest reliability; count each such head once."
    return mismatch(mine, len(set(best)), hint)


@check
def weights_without(mine, clf, head) -> str | None:
    """Weights (K, C) without one head in the vote; each class sums to 1."""
    right = clf.without(head).weights_
    removed = clf.weights_.copy()
    removed[head] = 0
    if mismatch(mine, removed) is None and mismatch(mine, right) is not None:
        return "the head is removed, but its share is missing: each class must sum to 1."
    if mismatch(mine, np.delete(right, head, axis=0)) is None:
        return "keep the head's row, as zeros: then row k still belongs to head k of X."
    scaled_together = removed / removed.sum() * removed.shape[1]
    if mismatch(mine, scaled_together) is None:
        return "normalise each class by itself: classes do not lose the same share."
    return mismatch(mine, right, "set the head's row to 0, then divide each class by its sum.")


@check
def smallest_silenced_set(mine, lalm, waveform, question=None) -> str | None:
    """Indices into `lalm.heads`: silencing them changes the answer, and none can be spared."""
    try:
        mine = np.unique(np.atleast_1d(np.asarray(mine)).astype(int)).tolist()
    except (TypeError, ValueError):
        return "give a list of indices into lalm.heads."
    if not mine:
        return "the list is empty: no head is silenced."
    fewer = {f"without {head}": [h for h in mine if h != head] for head in mine}
    sets = {"all": mine, **{name: heads for name, heads in fewer.items() if heads}}
    cases = {name: {"heads": heads, "positions": "prompt"} for name, heads in sets.items()}
    try:
        answer = answers_when_silenced(lalm, [waveform], question, cases).iloc[0]
    except ValueError as error:
        return str(error)
    if answer["all"] == answer["intact"]:
        return f"with your {len(mine)} heads silenced the answer is still {answer['intact']!r}."
    spare = [h for h in mine if answer.get(f"without {h}", answer["intact"]) != answer["intact"]]
    if spare:
        return f"head {spare[0]} can be spared: the answer changes even if it is not silenced."
    return None
