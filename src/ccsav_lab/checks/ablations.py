"""Checks of what is left when heads are removed."""

import numpy as np

from ccsav_lab.ablate import answers, without

from ._check import check, unlike


@check
def lone_voters(mine, clf) -> str | None:
    """How many different heads vote where each class keeps its most reliable one (`top_k=1`)."""
    best = clf.reliability_.argmax(axis=0)  # (C,)
    if len(best) > len(set(best)) and unlike(mine, len(best), "") is None:
        return "one head per class, but two classes may share theirs: count different heads."
    hint = "each class keeps the one head of its largest reliability; count each such head once."
    return unlike(mine, len(set(best)), hint)


@check
def weights_without(mine, clf, head) -> str | None:
    """Weights (K, C) after one head has left the vote, each class's summing to 1 again."""
    right = without(clf, head).weights_
    whole = clf.weights_.copy()
    whole[head] = 0
    if unlike(mine, whole, "") is None and unlike(mine, right, "") is not None:
        return "the head is gone, but its share is not handed on: each class must sum to 1."
    if unlike(mine, np.delete(right, head, axis=0), "") is None:
        return "keep the head's row, as zeros: then rows are still places in X."
    scaled_together = whole / whole.sum() * whole.shape[1]
    if unlike(mine, scaled_together, "") is None:
        return "normalise each class by itself: they do not lose the same share."
    return unlike(mine, right, "put the head's row to 0, then divide each class by what is left.")


@check
def least_silence(mine, lalm, waveform, question=None) -> str | None:
    """Heads, indices into `lalm.heads`, that change the answer to a clip, and all are needed."""
    try:
        mine = np.unique(np.atleast_1d(np.asarray(mine)).astype(int)).tolist()
    except (TypeError, ValueError):
        return "a list of indices into lalm.heads is wanted."
    if not mine:
        return "the list is empty: nothing is silenced."
    try:
        fewer = {f"without {head}": [h for h in mine if h != head] for head in mine}
        sets = {"all": mine, **{name: heads for name, heads in fewer.items() if heads}}
        cases = {name: {"heads": heads, "positions": "prompt"} for name, heads in sets.items()}
        said = answers(lalm, [waveform], question, cases).iloc[0]
    except ValueError as error:
        return str(error)
    if said["all"] == said["intact"]:
        return f"with your {len(mine)} heads silenced it still says {said['intact']!r}."
    spare = [h for h in mine if said.get(f"without {h}", said["intact"]) != said["intact"]]
    if spare:
        return f"it would do without head {spare[0]}: the answer changes even if that one is heard."
    return None
