"""Checks of lesson 12: a perfect listener, what heads gain from both senses, a missing sense."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ccsav.extraction.activations import HeadActivations
from ccsav.weights.ccsav import CCSAVClassifier

from ._check import OTHER, check, matching_hint, mismatch


@check
def perfect_listener(mine, classes: pd.DataFrame) -> str | None:
    """Accuracy of one who hears every sound and guesses among the classes that have it."""
    alike = {
        column: classes.groupby(column)[column].transform("size") for column in ("sound", "motion")
    }
    right = (1 / alike["sound"]).mean()
    hints = {
        "that is in per cent; give a share from 0 to 1.": 100 * right,
        "that is a perfect viewer: group by the column `sound`.": (1 / alike["motion"]).mean(),
        "that counts the classes with a sound of their own; the others are guessed, and some of "
        "the guesses are right.": (alike["sound"] == 1).mean(),
        "that counts different sounds; a class of them is right only by a guess.": 1
        / alike["sound"].mean(),
    }
    if np.isclose(right, 1 / alike["motion"]).all():  # the two columns are alike: no such hint
        hints.pop("that is a perfect viewer: group by the column `sound`.")
    problem = mismatch(mine, right, OTHER)
    if problem != OTHER:
        return problem
    hint = "take 1 / (number of classes with the same sound) for each class, then the mean."
    return matching_hint(mine, hints) or hint


@check
def gain_of_both(mine, recalls: Mapping[str, pd.DataFrame], kinds: Sequence[str]) -> str | None:
    """Gain of each head from "audio+video" over its better single sense, (K,), from -1 to 1.

    recalls: modality → (K, C); kinds: (C,), of which the classes of kind "both" count.
    """
    counted = np.asarray(kinds) == "both"
    values = {m: table.to_numpy() for m, table in recalls.items()}  # (K, C)
    both, audio, video = (values[m][:, counted] for m in ("audio+video", "audio", "video"))
    right = both.mean(1) - np.maximum(audio.mean(1), video.mean(1))
    every = {m: table.mean(1) for m, table in values.items()}
    hints = {
        "that is in points; give shares from -1 to 1.": 100 * right,
        "the sign is the other way round: both less the better sense.": -right,
        "that is the gain over the mean of the senses; take the better one.": both.mean(1)
        - (audio.mean(1) + video.mean(1)) / 2,
        "that is the gain over the worse sense.": both.mean(1)
        - np.minimum(audio.mean(1), video.mean(1)),
        'that is over all classes; take those of the kind "both".': every["audio+video"]
        - np.maximum(every["audio"], every["video"]),
        "each class chooses its own better sense there: first take the mean over classes.": (
            both - np.maximum(audio, video)
        ).mean(1),
    }
    problem = mismatch(mine, right, OTHER)
    if problem != OTHER:
        return problem
    hint = 'the mean recall over the classes of kind "both", less the larger of the two others.'
    return matching_hint(mine, hints) or hint


@check
def missing_sense(
    mine, acts: Mapping[str, HeadActivations], support: np.ndarray, query: np.ndarray
) -> str | None:
    """Accuracy from "audio" of CCSAV fitted on "audio+video", and on all modalities, (2,)."""
    asked = acts["audio"]

    def accuracy(modalities, groups=True):
        X, y = (
            np.concatenate([getattr(acts[m], name)[support] for m in modalities])
            for name in ("X", "y")
        )
        clips = np.tile(support, len(modalities)) if groups else None
        fitted = CCSAVClassifier().fit(X, y, groups=clips)
        return fitted.score(asked.X[query], asked.y[query])

    right = np.array([accuracy(["audio+video"]), accuracy(list(acts))])
    problem = mismatch(mine, right, OTHER, tolerance=5e-3)
    if problem != OTHER:
        return problem
    hints = {
        "those are per cent; give shares from 0 to 1.": 100 * right,
        "the order is the other way round: first the one fitted on audio+video.": right[::-1],
        "the second is without groups: a clip's other modalities must be left out with it.": [
            right[0],
            accuracy(list(acts), groups=False),
        ],
        "the first is fitted on audio alone; fit it on audio+video.": [
            accuracy(["audio"]),
            right[1],
        ],
    }
    hint = 'fit on the rows `support`, and score on acts["audio"].X[query] both times.'
    return matching_hint(mine, hints) or hint
