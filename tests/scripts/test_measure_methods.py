"""The comparison of all methods, on small random head vectors."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from ccsav.extraction.activations import HeadActivations
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import measure_methods as script


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    X = (rng.normal(size=(3, 4, 5))[y] + 0.5 * rng.normal(size=(30, 4, 5))).astype(np.float32)
    heads = pd.DataFrame({"kind": ["decoder"] * 3 + ["encoder"]})
    table = pd.DataFrame()
    acts = HeadActivations(X, y, np.array(list("abc")), None, heads, table, table, {})
    measured = script.measure((acts, y, np.arange(30) // 3), (1, 2), n_episodes=2, seed=0)
    return measured.assign(task="random")


def test_a_cell_per_heads_shots_and_method(rows):
    cells = pd.DataFrame(script.cells(rows))
    methods = {*script.METHODS, *script.ABLATIONS, script.GIVEN, *script.BASELINES}
    in_one_shot = {name for name in methods if "discriminant" not in name}
    for (_, shots), part in cells.groupby(["heads", "shots"]):
        assert set(part["method"]) == (in_one_shot if shots == 1 else methods)
    assert len(cells) == 2 * (len(methods) + len(in_one_shot))
    assert {"over_calm_mean", "over_calm_interval", "macro_f1"} < set(cells)
    calm = cells[cells["method"] == "CALM"]
    assert calm["over_calm_mean"].isna().all() and calm["mean"].notna().all()


def test_every_method_is_compared_with_ccsav_in_the_same_cells(rows):
    table = pd.DataFrame(script.overall(rows)).set_index("method")
    assert table.loc["CCSAV", "to_ccsav"] == 0
    np.testing.assert_allclose(table["to_ccsav"], table["mean"] - table["ccsav_there"], atol=1e-12)
    assert table.loc["discriminant analysis, all heads", "cells"] == 2  # not at one shot
    assert table.loc["SAV", "cells"] == 4


def test_results_have_these_keys():
    """What is committed is what the script writes today."""
    results = json.loads((ROOT / "figures" / "results.json").read_text())
    for name in ("methods-mini", "methods-real"):
        study = results[name]
        assert {"SAV", "CALM", "CCSAV"} < {entry["method"] for entry in study["overall"]}
        assert {"to_ccsav", "ccsav_there"} < set(study["overall"][0])
        assert any("over_calm_mean" in cell for cell in study["cells"])
