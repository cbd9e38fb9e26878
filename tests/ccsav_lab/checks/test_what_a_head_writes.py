import numpy as np
import pandas as pd

from ccsav_lab import checks
from ccsav_lab.attention import ClipAttention
from tests.ccsav_lab.checks import refused, waits


def test_first_half_share():
    tokens = pd.DataFrame({"part": ["template", "audio", "audio", "audio", "question"]})
    tokens["begin"] = [np.nan, 0.0, 0.5, 1.0, np.nan]
    weights = np.array([[1.0, 0, 0, 0, 0], [0.2, 0.1, 0.3, 0.1, 0.3]])
    seen = ClipAttention(pd.DataFrame(index=[3, 4]), tokens, weights)
    task = (seen, 1, 2.0)
    waits(checks.first_half_share, *task)
    checks.first_half_share(0.8, *task)
    refused("divide", checks.first_half_share, 0.4, *task)
    refused("second half", checks.first_half_share, 0.2, *task)
    refused("share of tokens", checks.first_half_share, 2 / 3, *task)
    refused("over the weights", checks.first_half_share, 0.5, *task)
    refused("shape", checks.first_half_share, [0.8, 0.8], *task)


def test_added_by_head():
    rng = np.random.default_rng(0)
    weight, vector = rng.normal(size=(6, 12)), rng.normal(size=4)
    scale, row = rng.normal(size=6), rng.normal(size=6)
    task = (weight, 1, vector, scale, row)
    right = row @ (scale * (weight[:, 4:8] @ vector))
    waits(checks.added_by_head, *task)
    checks.added_by_head(right, *task)
    refused("norm is missing", checks.added_by_head, row @ weight[:, 4:8] @ vector, *task)
    first = row @ (scale * (weight[:, :4] @ vector))
    refused("head 0", checks.added_by_head, first, *task)
    scattered = row @ (scale * (weight[:, 1::3] @ vector))
    refused("contiguous", checks.added_by_head, scattered, *task)
    refused("columns of the weight", checks.added_by_head, right + 1, *task)


def test_share_of_the_way():
    table = pd.DataFrame({"corrupted": [-2.0, -1.0], "clean": [2.0, 7.0]})
    table["decoder", 0] = [1.0, 2.0]
    table["decoder", 1] = [-1.0, 1.0]
    right = [0.25, 0.0]
    waits(checks.share_of_the_way, table)
    checks.share_of_the_way(right, table)
    refused("divide by the way", checks.share_of_the_way, [1.5, 0.0], table)
    refused("not subtract", checks.share_of_the_way, [0.5, 0.25], table)
    refused("change the sign", checks.share_of_the_way, [-0.25, 0.0], table)
    shares = np.array([[0.25, -0.25], [0.25, 0.125]])
    refused("one share per pair", checks.share_of_the_way, shares, table)
    refused("means by means", checks.share_of_the_way, shares.mean(0), table)
    refused("mean change", checks.share_of_the_way, [1.0, 1.0], table)
