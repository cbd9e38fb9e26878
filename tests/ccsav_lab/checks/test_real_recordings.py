import numpy as np
import pandas as pd

from ccsav_lab import checks
from tests.ccsav_lab.checks import refused, waits


def test_leaked_share():
    groups = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    task = (groups, [0, 3], [1, 2, 4, 5, 6, 7, 7, 7])
    waits(checks.leaked_share, *task)
    checks.leaked_share(3 / 8, *task)
    refused("has \\*no\\*", checks.leaked_share, 5 / 8, *task)
    refused("test for each query", checks.leaked_share, 2 / 3, *task)


def test_clear_differences():
    mean = [0.03, 0.01, -0.02, -0.01, 0.05]
    task = (mean, 0.015)
    waits(checks.clear_differences, *task)
    checks.clear_differences((2, 1), *task)
    refused("signs", checks.clear_differences, (3, 2), *task)
    refused("other order", checks.clear_differences, (1, 2), *task)
    refused("clear above", checks.clear_differences, (5, 0), *task)
    refused("shape", checks.clear_differences, 2, *task)


def test_largest_excess():
    recalls = pd.DataFrame([[0.9, 0.5, 0.85], [0.6, 0.1, 0.8]], columns=["dog", "rain", "sea"])
    excess = 0.5 - (0.9 + 0.5 + 0.85) / 3 - 0.3 + recalls.to_numpy().mean()  # rain, by hand
    task = (recalls, 0)
    waits(checks.largest_excess, *task)
    checks.largest_excess(("rain", excess), *task)
    refused("largest recall", checks.largest_excess, ("dog", 0.1), *task)
    refused("another class", checks.largest_excess, ("sea", excess), *task)
    refused("the excess is", checks.largest_excess, ("rain", 0.5), *task)
    refused("two things", checks.largest_excess, "rain", *task)
