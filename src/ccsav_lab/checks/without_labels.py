"""Checks of lesson 09: labels from the model's own answers."""

import numpy as np

from ccsav_lab.pseudo_labels import majority
from ccsav_lab.zero_shot import match

from ._check import OTHER, check, matching_hint, mismatch


@check
def newly_accepted(mine, answers, labels, threshold) -> str | None:
    """Number of clips that reach a threshold only if failed answers are left out of the vote.

    answers: a list of answers for each clip, (N,); labels: those that an answer may name.
    """
    named = [[match(answer, list(labels)) for answer in of_clip] for of_clip in answers]
    strict = np.array([majority(votes)[1] for votes in named])
    lenient = np.array([majority([v for v in votes if v is not None])[1] for votes in named])
    right = int(np.sum((lenient >= threshold) & (strict < threshold)))
    if mismatch(mine, right) is None:
        return None
    if mismatch(mine, int(np.sum(lenient >= threshold))) is None:
        return "that is all clips that pass now: give those that did not pass before."
    return mismatch(
        mine, right, "for each clip: the winner's votes, divided by the answers that name a "
        "label; count the clips that reach the threshold in this way only."
    )  # fmt: skip


@check
def agreement(mine, accuracy, wrong, n_classes) -> str | None:
    """How often a classifier agrees with labels of which a share `wrong` is wrong at random.

    accuracy: its share of right answers, 0 to 1; wrong labels fall evenly on the other classes.
    """
    both_right, both_wrong = accuracy * (1 - wrong), (1 - accuracy) * wrong
    right = both_right + both_wrong / (n_classes - 1)
    hints = {
        "almost: a wrong answer can equal a wrong label. How often?": both_right,
        "where both are wrong, they need not name the same class: there are others.": (
            both_right + both_wrong
        ),
        "do not subtract: of the clips classified rightly, only some have a wrong label.": (
            accuracy - wrong
        ),
    }
    if mismatch(mine, right) is None:
        return None
    hint = "two ways to agree: both are right, or both are wrong and name the same class."
    return mismatch(mine, right, matching_hint(mine, hints) or hint)


@check
def kept_and_right(mine, given, predicted, true) -> str | None:
    """(Share of the clips kept, share of right labels among them); clips that disagree are dropped.

    given, predicted, true: (N,) labels: the given ones, the left-out predictions, the true ones.
    """
    given, predicted, true = map(np.asarray, (given, predicted, true))
    agree, correct = given == predicted, given == true
    right = [agree.mean(), correct[agree].mean()]
    hints = {
        "in the other order: first the share that is kept.": right[::-1],
        "divide the right labels by the number of clips that are *kept*, not by all.": [
            agree.mean(), (agree & correct).mean()
        ],
        "those are the clips that you drop.": [(~agree).mean(), correct[~agree].mean()],
    }  # fmt: skip
    problem = mismatch(mine, right, OTHER)
    if problem != OTHER:
        return problem
    hint = "keep the clips whose left-out prediction equals their given label."
    return matching_hint(mine, hints) or hint
