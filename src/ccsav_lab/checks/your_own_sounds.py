"""Checks of lesson 08: how many clips to test on, and clips of other classes."""

import numpy as np
from scipy.stats import norm

from ._check import between, check, mismatch


@check
def clips_needed(mine, accuracy, half_width) -> str | None:
    """Test clips for a 95 % interval of ± `half_width` around `accuracy`.

    By the normal approximation; anything within one clip is right.
    """
    z = norm.ppf(0.975)
    right = z**2 * accuracy * (1 - accuracy) / half_width**2
    if between(mine, right - 1, right + 1):
        return None
    hint = "square ± 1.96 · √(p (1 - p) / n) and solve it for n."
    if between(mine, right / 4 - 1, right / 4 + 1):
        hint = "half_width reaches to each side: half of the interval, not all of it."
    if between(mine, right / z**2 - 1, right / z**2 + 1):
        hint = "that interval reaches one standard error to each side; 95 % take 1.96 of them."
    return mismatch(mine, right, hint)


@check
def strangers_accepted(mine, own, strangers, kept) -> str | None:
    """Share of strangers at or above the threshold that keeps a share `kept` of one's own clips.

    own, strangers: (N,), (M,) largest probabilities. Any threshold between two clips is right.
    """
    low, high = (
        np.mean(strangers >= np.quantile(own, 1 - kept, method=method))
        for method in ("higher", "lower")
    )
    if between(mine, low, high):
        return None
    hint = "set the threshold on your own clips, count the strangers above it."
    if between(mine, 1 - high, 1 - low):
        hint = "that is the share that is rejected: give the share that is accepted."
    other_end = np.mean(strangers >= np.quantile(own, kept))
    if between(mine, other_end, other_end):
        hint = "that threshold rejects most of your own clips: most of them must lie above it."
    return mismatch(mine, low, hint)
