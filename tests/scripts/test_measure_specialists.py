"""Counting specialists and their worth, on small made-up head vectors."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from ccsav.extraction.activations import HeadActivations
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import measure_specialists as script


@pytest.fixture
def acts():
    """Three classes of 24 clips in twelve groups; head 0 finds class a alone."""
    rng = np.random.default_rng(0)
    y, groups = np.repeat(np.arange(3), 24), np.arange(72) // 2
    X = rng.normal(size=(72, 8, 6)).astype(np.float32)
    X[y == 0, 0, 0] += 6
    heads = pd.DataFrame({"kind": ["decoder"] * 8, "layer": 0, "head": range(8)})
    table = pd.DataFrame({"label": np.array(list("abc"))[y]})
    return HeadActivations(X, y, np.array(list("abc")), groups, heads, table, pd.DataFrame(), {})


def test_specialists_are_counted(acts):
    found = script.specialisation(acts, 100, 0)
    assert found["heads"] == 8 and found["classes"] == 3 and found["clips"] == 72
    assert len(found["specialists"]) == script.DIVISIONS
    assert 1 <= found["specialists"][1] <= 2
    assert found["largest_excess"] > 0.2
    assert found["halves_agree"] > 0.3


def test_gains_are_paired_with_the_same_weights_averaged(acts):
    rows = script.gains(acts, n_episodes=3, seed=0)
    assert [(row["shots"], row["method"]) for row in rows] == [
        (n, method) for n in (5, 10, 20) for method in ("CALM", "CCSAV")
    ]  # fmt: skip
    for row in rows:
        assert row["gain"] == pytest.approx(row["by_class"] - row["averaged"], abs=2e-4)


def test_the_same_class_recorded_and_rendered_is_two_classes(acts):
    both = script.together(acts, acts)
    assert both.labels.tolist() == [
        "a, recorded", "b, recorded", "c, recorded", "a", "b", "c",
    ]  # fmt: skip
    assert both.X.shape == (144, 8, 6)
    np.testing.assert_array_equal(both.y[72:], acts.y + 3)
    assert len(np.unique(both.groups)) == 36 + 72  # groups, and rendered clips alone


def test_one_part_alone_leaves_the_others_as_they_are(acts, tmp_path, monkeypatch):
    results = tmp_path / "results.json"
    study = {"mini": {"specialists": [1], "gains": []}, "another": {"gains": [2]}}
    results.write_text(json.dumps({"specialists-by-model": study}), "utf-8")
    monkeypatch.setattr(script, "RESULTS", results)
    monkeypatch.setattr(script, "MODELS", {"mini": lambda real: None})
    monkeypatch.setattr(script, "head_vectors", lambda models, cache: {"mini": acts})
    monkeypatch.setattr(sys, "argv", ["script", "gains", "--episodes", "2", "--models", "mini"])
    script.main()
    found = json.loads(results.read_text("utf-8"))["specialists-by-model"]
    assert found["another"] == {"gains": [2]}
    assert found["mini"]["specialists"] == [1]
    assert len(found["mini"]["gains"]) == 6
    monkeypatch.setattr(sys, "argv", ["script", "gain", "--models", "mini"])
    with pytest.raises(SystemExit):
        script.main()
