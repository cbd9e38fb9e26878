"""Checks of the lesson on labels from the model's own answers."""

from collections.abc import Sequence

import numpy as np

from ccsav_lab.pseudo_labels import majority
from ccsav_lab.zero_shot import match

from ._check import check, unlike


@check
def let_in(mine, answers, labels, threshold) -> str | None:
    """How many clips pass a threshold only if failed answers do not count against the label.

    answers: a list of answers for each clip, (N,); labels: those that may be named.
    """
    named = [[match(answer, list(labels)) for answer in said] for said in answers]
    strict = np.array([majority(some)[1] for some in named])
    lenient = np.array([majority([x for x in some if x is not None])[1] for some in named])
    right = int(np.sum((lenient >= threshold) & (strict < threshold)))
    total = int(np.sum(lenient >= threshold))
    if np.shape(mine) == () and _same(mine, total) and total != right:
        return "that is all that pass now; only those are wanted that did not pass before."
    return unlike(
        mine, right, "for each clip: the votes of the winner, over the answers that name a label; "
        "then count those that reach the threshold this way and not the other."
    )  # fmt: skip


@check
def agreement(mine, accuracy, wrong, n_classes) -> str | None:
    """How often a classifier agrees with labels of which a share `wrong` is wrong at random.

    accuracy: how often it is right, 0 to 1; wrong labels fall evenly on the other classes.
    """
    both_right = accuracy * (1 - wrong)
    right = both_right + (1 - accuracy) * wrong / (n_classes - 1)
    if _same(mine, right):
        return None
    if _same(mine, both_right):
        return "nearly: a wrong answer can meet a label that is wrong in the same way. How often?"
    if _same(mine, both_right + (1 - accuracy) * wrong):
        return "where both are wrong, they need not name the same class: there are others."
    if _same(mine, accuracy - wrong):
        return "do not subtract: of the clips that it gets right, only some have a wrong label."
    return unlike(
        mine, right, "two ways to agree: both are right, or both are wrong and name the same class."
    )


@check
def sifted(mine, given, said, true) -> str | None:
    """(share of the clips kept, share of right labels among them) where answers agree with labels.

    given, said, true: (N,) labels: those given, the left-out answers, and the true ones.
    """
    given, said, true = map(np.asarray, (given, said, true))
    agree = given == said
    right = [agree.mean(), (given == true)[agree].mean()]
    problem = unlike(mine, right, "other numbers")
    if problem != "other numbers":
        return problem
    if _same(mine, right[::-1]):
        return "the other way round: first the share that is kept."
    if _same(mine, [agree.mean(), (agree & (given == true)).mean()]):
        return "divide the right labels by the number of clips that are *kept*, not by all."
    if _same(mine, [(~agree).mean(), (given == true)[~agree].mean()]):
        return "those are the clips that you throw away."
    return "keep the clips whose left-out answer is the label that they were given."


def _same(mine, value: float | Sequence[float]) -> bool:
    return unlike(mine, value) is None
