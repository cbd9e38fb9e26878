"""The study of class weights, on a few small settings."""

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ccsav_lab.simulated import as_activations, specialist_vectors
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import class_weight_tables as tables
import measure_class_weights as script

SMALL = {
    "SHARPNESS": (0.0, 1.0), "NOISE": (1.5,), "SHOTS": {6: (1, 5)}, "EPISODES": {6: 2},
    "POOL": 8, "DRAWS": 6, "DIVISIONS": 2, "QUERIES": 12,
}  # fmt: skip


def vectors(name, real, cache):
    """In place of a model's."""
    acts = as_activations(*specialist_vectors(3, 12, n_heads=4, seed=1))
    return f"{name}, simulated", replace(acts, groups=np.arange(36) // 2)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Of main, with small settings; a model measured earlier is in the file."""
    file = tmp_path_factory.mktemp("figures") / "results.json"
    file.write_text(json.dumps({"other": 1, "class-weights": {"models": {"earlier": MODEL}}}))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (SMALL | {"RESULTS": file, "head_vectors": vectors}).items():
            patch.setattr(script, name, value)
        patch.setattr(sys, "argv", ["script", "--models", "mini", "--episodes", "2"])
        script.main()
    results = json.loads(file.read_text())
    assert results["other"] == 1
    assert file.with_name("class-weights-border.png").is_file()
    return results["class-weights"]


ROW = {"shots": 5, "by_class": 0.5, "averaged": 0.5, "gain": 0.0, "interval": 0.01}
MODEL = {"share": 0.2, "share_low": 0.1, "share_high": 0.3, "heads": 2, "classes": 2, "clips": 40}
MODEL["gains"] = [ROW | {"method": name} for name in ("CALM", "CCSAV")]


def test_every_setting_is_measured_with_both_methods(study):
    entries = pd.DataFrame(study["simulated"])
    assert len(entries) == 3 * 2 * 2  # settings, shots, methods
    np.testing.assert_allclose(
        entries["gain"], entries["by_class"] - entries["averaged"], atol=2e-4
    )
    assert set(entries["method"]) == {"CALM", "CCSAV"}
    one_share = entries.groupby(["misled", "sharpness"])["share"].nunique()
    assert (one_share == 1).all()


def test_models_are_added_to_those_measured_earlier(study):
    assert study["models"]["earlier"] == MODEL
    found = study["models"]["mini, simulated"]
    assert found["share_low"] <= found["share"] <= found["share_high"]
    assert {row["method"] for row in found["gains"]} == {"CALM", "CCSAV"}


def test_large_settings_are_few(monkeypatch):
    setting = {"n_classes": 309, "noise": 1.5, "misled": True, "sharpness": 1.0}
    assert script.episodes_of(setting, shots=1) == script.EPISODES[309]
    assert script.episodes_of(setting, shots=5) == script.LARGE_EPISODES
    assert script.episodes_of(setting | {"noise": 0.5}, shots=5) == 0
    monkeypatch.setattr(script, "LARGE", 10_000)
    assert script.episodes_of(setting | {"noise": 0.5}, shots=5) == script.EPISODES[309]


def test_gains_are_paired_by_episode():
    accuracies = {"by class": [0.5, 0.9], "averaged": [0.4, 0.8]}
    rows = [
        {"of": "CALM", "method": method, "shots": 5, "episode": i, "accuracy": value}
        for method, values in accuracies.items()
        for i, value in enumerate(values)
    ]
    (found,) = script.paired(pd.DataFrame(rows))
    assert found == {
        "method": "CALM", "by_class": 0.7, "averaged": 0.6, "gain": 0.1, "interval": 0.0,
    }  # fmt: skip


def test_whisper_needs_its_folder(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["script", "--models", "whisper-tiny.en"])
    with pytest.raises(SystemExit):
        script.main()
    assert "needs --real" in capsys.readouterr().err


def test_the_table_has_a_column_for_each_sharpness(study):
    head, _, *rows = tables.class_weights_table(study["simulated"]).splitlines()
    assert head == "| heads | noise | classes | shots | sharpness 0 | sharpness 1 |"
    assert [row.split(" | ")[:4] for row in rows] == [
        [f"| {name}", "1.5", "6", shots] for name in ("unsure", "misled") for shots in "15"
    ]
    first = study["simulated"][0]
    assert tables.difference(first, "gain", "interval") in rows[0]
    assert rows[0].split(" | ")[4] == rows[2].split(" | ")[4]  # not sharp: the same heads


def small_study(share):
    """Both methods' border is at this share, with 0.1 on both sides; None: nowhere."""
    ends = {"low": -0.1, "share": 0, "high": 0.1}
    border = {end: None if share is None else share + d for end, d in ends.items()}
    entry = {"n_classes": 10, "noise": 1.5, "sharpness": 1.0, "share": 0.7, "interval": 0.01}
    simulated = [
        entry
        | {"shots": shots, "misled": misled, "method": method, "gain": gain}
        | {"by_class": 0.6 if method == "CALM" else 0.65 - 0.2 * misled}
        for shots, gain in ((1, 0.5), (5, 0.02), (10, 0.04))
        for misled in (False, True)
        for method in ("CALM", "CCSAV")
    ]
    return {
        "simulated": simulated,
        "borders": {"CALM": border, "CCSAV": border},
        "models": {f"model {s}": MODEL | {"share": s} for s in (0.2, 0.5, 0.9)},
        "settings": {"least": 0.01, "border_shots": 5, "divisions": 10},
    }


def test_the_answer_says_on_which_side_models_lie():
    text = tables.class_weights_answer(small_study(0.5))
    assert "In CALM, the mean gain reaches 1 point at a share of 50 % (95 % interval 40 %" in text
    assert "Of the 4 simulated settings of at least 5 shots" in text  # one shot does not count
    assert "no single setting below 70 % gains as much and clearly" in text
    assert "gain +3.0 on average if they are unsure, +3.0 if they are misled" in text
    assert "the largest gain is +4.0 (10 classes, 10 shots, unsure)" in text
    assert "below that border: model 0.2 (gains of +0.0 to +0.0)" in text
    assert "within the interval of that border: model 0.5" in text
    assert "above that border: model 0.9" in text
    assert "ahead of CALM in 2 of 4 of these settings (at most +5.0: 10 classes" in text
    assert "behind in 2 (at most -15.0: 10 classes, 5 shots, misled)" in text


def test_the_answer_where_there_is_no_border():
    text = tables.class_weights_answer(small_study(None))
    assert "In CCSAV, at no share does the mean gain reach 1 point" in text
    assert "that border" not in text


def test_committed_results_are_those_of_the_script():
    study = json.loads((ROOT / "figures" / "results.json").read_text())["class-weights"]
    measured = {(e["n_classes"], e["shots"], e["noise"], e["sharpness"], e["misled"])
                for e in study["simulated"]}  # fmt: skip
    wanted = {
        (s["n_classes"], shots, s["noise"], s["sharpness"], s["misled"])
        for s in script.settings()
        for shots in script.SHOTS[s["n_classes"]]
        if script.episodes_of(s, shots)
    }
    assert measured == wanted
    assert study["borders"] == script.borders(study["simulated"], study["settings"]["seed"])
