"""Several sounds at once: draws, gains and tables, on small made-up head vectors."""

import sys

import numpy as np
import pandas as pd
import pytest

from ccsav.clips.corpora import indicator
from ccsav.extraction.activations import HeadActivations
from ccsav_lab.several_labels import evaluate_detectors
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import measure_mixtures as script
import mixture_tables as tables


@pytest.fixture
def acts():
    """200 clips of four classes in five pools; each of eight heads knows one class."""
    rng = np.random.default_rng(0)
    Y = rng.random((200, 4)) < 0.4
    X = rng.normal(size=(200, 8, 6)).astype(np.float32)
    for k in range(8):
        X[Y[:, k % 4], k, 0] += 3
    labels = ["; ".join(np.array(list("abcd"))[row]) or "e" for row in Y]
    heads = pd.DataFrame({"kind": ["decoder"] * 8, "layer": 0, "head": range(8)})
    table = pd.DataFrame({"labels": labels})
    return HeadActivations(X, None, None, np.arange(200) % 5, heads, table, pd.DataFrame(), {})


def test_methods_and_gains_are_of_the_same_draws(acts):
    Y = indicator(acts.table["labels"])
    rows = evaluate_detectors(script.METHODS, acts.X, Y, acts.groups, clips=60, n_episodes=3)
    assert set(rows["method"]) == set(script.METHODS)
    assert rows.groupby("method").size().eq(3).all()
    entry = script.cell(rows, part="sounds", data="made, up", sounds=2, support=60, classes=5)
    by_name = {m["method"]: m["mean_average_precision"] for m in entry["methods"]}
    for gain in entry["gains"]:
        name = gain["method"]
        difference = by_name[name] - by_name[f"{name}, averaged"]
        assert gain["gain"] == pytest.approx(difference, abs=2e-4)
        assert gain["gain"] > 0  # heads are specialists
    assert min(by_name.values()) > 0.45  # chance: 0.4


def study(gains):
    """One cell for each number of sounds, with the same gains in both methods."""
    cells = [
        {
            "data": "mini, made",
            "part": "sounds",
            "sounds": sounds,
            "support": 120,
            "classes": 5,
            "draws": 10,
            "clips": 600,
            "gains": [
                {"method": name, "gain": gain, "interval": 0.01} for name in ("CALM", "CCSAV")
            ],
        }
        for sounds, gain in zip((1, 2, 3), gains, strict=True)
    ]
    return {"cells": cells}


def test_sentences_say_what_was_measured():
    text = tables.several_answer(study([0.001, 0.03, 0.05]))
    assert "at once it pays" in text and "+3.0 to +5.0 points (2 of 2" in text
    assert text.endswith("change it by +0.1 to +0.1.") and len(text.split()) <= 60
    not_always = tables.several_answer(study([0.001, 0.03, -0.05]))
    assert "does not always pay" in not_always and "1 below" in not_always
    assert "CALM: +0.1 to +0.1 points with one" in tables.mixtures_answer(study([0.001, 0.03, 0]))


def test_table_of_gains_has_a_line_per_method_and_number_of_sounds():
    lines = tables.mixtures_gains_table(study([0.001, 0.03, 0.05])).splitlines()
    assert lines[0] == "| data | weights of | sounds | 120 support clips |"
    assert lines[2] == "| mini, made | CALM | 1 | +0.1 ± 1.0 |"
    assert lines[-1] == "| mini, made | CCSAV | 3 | +5.0 ± 1.0 |"
    assert len(lines) == 8
