"""Checks of lesson 13: attention by time, one head's part of a logit, and the way that it goes."""

import numpy as np
import pandas as pd

from ._check import check, matching_hint, mismatch


@check
def first_half_share(mine, seen, place: int, seconds: float) -> str | None:
    """Of one head's attention to the sound, the share on tokens that begin in the first half.

    seen: from `attention.last_token_attention`; place: the head's row in its weights; seconds: the
    clip's duration.
    """
    row, tokens = seen.weights[place], seen.tokens
    sound = (tokens["part"] == "audio").to_numpy()
    early = sound & (tokens["begin"] < seconds / 2).to_numpy()
    hints = {
        "that is a share of all the head's attention: divide by what falls on the sound.": (
            row[early].sum()
        ),
        "that is the second half.": row[sound & ~early].sum() / row[sound].sum(),
        "that is the share of tokens: add up the weights.": early.sum() / sound.sum(),
    }
    right = row[early].sum() / row[sound].sum()
    if mismatch(mine, right) is None:
        return None
    hint = "the weights of the early audio tokens, over the weights of all audio tokens."
    return mismatch(mine, right, matching_hint(mine, hints) or hint)


@check
def added_by_head(mine, weight, number: int, vector, scale, row) -> str | None:
    """What one head adds to a logit, a number.

    weight: (F, H·D) of the output projection; number: of the head; vector: (D,); scale: (F,), by
    which the final norm multiplies; row: (F,), of the output layer for the name.
    """
    weight, vector, scale, row = (np.asarray(x, float) for x in (weight, vector, scale, row))
    dim = len(vector)
    own = weight[:, number * dim : (number + 1) * dim] @ vector  # (F,)
    right = row @ (scale * own)
    hints = {
        "the final norm is missing: multiply by scale.": row @ own,
        "these are the columns of head 0: take those of this head.": (
            row @ (scale * (weight[:, :dim] @ vector))
        ),
        "every H-th column is not a head: a head is one contiguous block of columns.": (
            row @ (scale * (weight[:, number :: weight.shape[1] // dim] @ vector))
        ),
    }
    if mismatch(mine, right) is None:
        return None
    hint = "the head's D columns of the weight times its vector, times scale, and then the row."
    return mismatch(mine, right, matching_hint(mine, hints) or hint)


@check
def share_of_the_way(mine, table: pd.DataFrame) -> str | None:
    """How far each layer takes the ratio from the corrupted clips' to the clean ones', (L,).

    table: from `patching.patch_pairs` by layer; means over its pairs, 1 for all the way.
    """
    layers = table.drop(columns=["corrupted", "clean"])
    way = table["clean"] - table["corrupted"]
    right = layers.mean() / way.mean()
    hints = {
        "these are changes: divide by the way from corrupted to clean.": layers.mean(),
        "the columns are changes already: do not subtract the corrupted ratio again.": (
            (layers.mean() - table["corrupted"].mean()) / way.mean()
        ),
        "the way is from corrupted to clean, clean - corrupted: change the sign.": -right,
        "that is one share per pair: take the means over pairs first.": layers.div(way, axis=0),
        "a mean of shares lets pairs that hardly differ count most: divide means by means.": (
            layers.div(way, axis=0).mean()
        ),
    }
    if mismatch(mine, right) is None:
        return None
    hint = "the mean change of each layer, over the mean of clean - corrupted."
    return matching_hint(mine, hints) or mismatch(mine, right, hint)
