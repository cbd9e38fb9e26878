"""Checks of the exercises on sounds of one's own."""

import numpy as np
from scipy.stats import norm

from ._check import check, unlike
from .detection import between


@check
def clips_needed(mine, accuracy, half_width) -> str | None:
    """Clips to judge on, so that the 95 % interval around `accuracy` is ± `half_width`.

    By the normal approximation; anything within one clip is right.
    """
    z = norm.ppf(0.975)
    right = z**2 * accuracy * (1 - accuracy) / half_width**2
    if between(mine, right - 1, right + 1):
        return None
    hint = "square ± 1.96 · √(p (1 - p) / n) and solve it for n."
    if between(mine, right / 4 - 1, right / 4 + 1):
        hint = "the width is given to each side: half of the interval, not all of it."
    if between(mine, right / z**2 - 1, right / z**2 + 1):
        hint = "that is one standard error wide; 95 % reach 1.96 of them to each side."
    return unlike(mine, right, hint)


@check
def strangers_let_in(mine, own, strangers, kept) -> str | None:
    """Share of strangers at least as confident as the threshold that keeps `kept` of one's own.

    own, strangers: (N,), (M,) largest probabilities. Between two clips any threshold is right.
    """
    low, high = (
        np.mean(strangers >= np.quantile(own, 1 - kept, method=how)) for how in ("higher", "lower")
    )
    if between(mine, low, high):
        return None
    hint = "set the threshold on your own clips, count the strangers above it."
    if between(mine, 1 - high, 1 - low):
        hint = "that is the share that is turned away; the share that gets in is wanted."
    other_end = np.mean(strangers >= np.quantile(own, kept))
    if between(mine, other_end, other_end):
        hint = "that threshold turns most of your own clips away: most of them must lie above it."
    return unlike(mine, low, hint)
