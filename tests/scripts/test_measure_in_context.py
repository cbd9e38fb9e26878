"""In-context examples measured on a few clips, and their table."""

import sys

import numpy as np
import pytest

import ccsav
from ccsav_lab.sounds import tasks
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import measure_in_context as script


def test_one_query_of_each_class():
    y, query = np.repeat([0, 1, 2], 5), np.arange(3, 15)
    drawn = [script.queries_of(y, query, np.random.default_rng(seed)) for seed in range(30)]
    assert all(y[rows].tolist() == [0, 1, 2] for rows in drawn)
    assert {int(i) for rows in drawn for i in rows} == set(query.tolist())


@pytest.mark.slow
def test_every_way_on_the_same_queries(monkeypatch, tmp_path):
    monkeypatch.setattr(script, "EXAMPLES", (1,))
    monkeypatch.setattr(script, "SHOTS", 2)
    lalm = ccsav.load_lalm("mini", device="cpu")
    dataset = tasks.make(["rain", "siren", "piano"], clips=4, progress=False)
    acts = ccsav.extract(lalm, dataset, script.QUESTION, progress=False)
    rows = script.measure(lalm, dataset, acts, n_episodes=2, seed=0)
    methods = {"no examples", "1 nearest", "1 drawn", "label of the nearest", *script.METHODS}
    assert set(rows["method"]) == methods and len(rows) == 2 * len(methods)
    assert np.isin(3 * rows["accuracy"], np.arange(4)).all()
    found = {entry["method"]: entry for entry in script.entries(rows)}
    assert "difference" not in found["no examples"]
    for entry in found.values():
        if "difference" in entry:
            gap = entry["mean"] - found["no examples"]["mean"]
            assert entry["difference"] == pytest.approx(gap, abs=2e-4)
