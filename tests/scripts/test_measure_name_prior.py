"""What names add to a vote, on small made-up head vectors, and what the documents say of it."""

import json
import sys

import numpy as np
import pytest
from scipy.special import softmax

import ccsav
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import measure_name_prior as script
import name_tables


@pytest.fixture(scope="module")
def rows():
    """Three classes of 12 clips that heads and names both know in part."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 12)
    X = (rng.normal(size=(3, 4, 5))[y] + rng.normal(size=(36, 4, 5))).astype(np.float32)
    prior = 4 * np.eye(3)[y] + rng.normal(size=(36, 3))
    return script.measure(X, y, np.arange(36) // 2, prior, n_episodes=3, seed=0)


def test_each_classifier_without_and_with_names(rows):
    methods = {name + end for name in script.CLASSIFIERS for end in ("", script.WITH)}
    assert set(rows["method"]) == methods and len(methods) == 6
    assert set(rows["shots"]) == set(script.SHOTS)
    assert (rows.groupby(["method", "shots"])["episode"].nunique() == 3).all()
    plain, mixed = (
        rows[rows["method"] == m]["log_loss"].mean() for m in ("CCSAV", "CCSAV with names")
    )
    assert mixed < plain  # names help here


def test_changes_are_paired_differences(rows):
    for entry in script.changes(rows):
        part = rows[rows["shots"] == entry["shots"]].pivot(
            index="episode", columns="method", values=["accuracy", "log_loss"]
        )
        for metric in ("accuracy", "log_loss"):
            own, named = (part[metric][entry["method"] + end] for end in ("", script.WITH))
            assert entry[metric] == pytest.approx(own.mean(), abs=1e-4)
            assert entry[f"{metric}_change"] == pytest.approx((named - own).mean(), abs=1e-4)
        gains = part["accuracy"][entry["method"] + script.WITH] - part["accuracy"][entry["method"]]
        assert entry["worst_episode"] == pytest.approx(gains.min(), abs=1e-4)


def test_scores():
    proba = softmax([[2.0, 0.0], [0.0, 1.0], [0.0, 1.0]], axis=1)
    found = script.scores(proba, np.array([0, 1, 0]))
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["log_loss"] == pytest.approx(-np.log(proba[[0, 1, 2], [0, 1, 0]]).mean())
    sure = script.scores(np.array([[1.0, 0.0]]), np.array([1]))
    assert 20 < sure["log_loss"] < 30  # not infinite


def test_clips_are_cut_to_the_window():
    lalm = ccsav.load_lalm("mini", device="cpu")
    waves = [np.arange(n, dtype=np.float32) / 80_000 for n in (80_000, 5_000)]
    cut = script.cut_to_window(ccsav.Dataset.from_arrays(waves, 16_000, ["a", "b"]), lalm)
    assert [len(wave) for wave in cut.waveforms] == [64_000, 5_000]
    np.testing.assert_array_equal(cut.waveforms[0], waves[0][:64_000])
    assert cut.table["label"].tolist() == ["a", "b"]


def test_the_table_follows_the_results():
    study = json.loads((ROOT / "figures" / "results.json").read_text("utf-8"))["name-prior"]
    table = name_tables.name_prior_table(study)
    first = next(iter(study.values()))["changes"]
    (entry,) = (e for e in first if e["method"] == "CCSAV" and e["shots"] == 1)
    assert f"{100 * entry['accuracy']:.1f} ({100 * entry['accuracy_change']:+.1f}" in table
    entry["accuracy"] += 0.1
    assert name_tables.name_prior_table(study) != table
