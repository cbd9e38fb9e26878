"""The main job, as `make tutorial` calls it, on small recordings and a small model."""

import json
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
import soundfile

from ccsav.extraction.activations import HeadActivations
from ccsav_lab import first_run
from ccsav_lab.sounds import tasks
from tests import ROOT


@pytest.fixture
def run(monkeypatch, capsys):
    """The command in this process: returns what it printed, on stdout and stderr."""

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["first_run", *map(str, arguments)])
        first_run.main()
        return capsys.readouterr()

    return command


@pytest.fixture
def clips(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["path,label,fold"]
    for label, pitch in (("high", 360), ("low", 300)):
        for take in range(24):
            t = np.arange(4_000) / 16_000
            wave = np.sin(2 * np.pi * pitch * t * rng.uniform(0.9, 1.1)) + rng.normal(0, 0.5, 4_000)
            soundfile.write(tmp_path / f"{label}{take}.wav", 0.2 * wave, 16_000)
            lines.append(f"{label}{take}.wav,{label},{take % 4}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    return tmp_path


@pytest.mark.slow
def test_main_job(model_folders, clips, tmp_path, run):
    model = model_folders["qwen2_audio"]
    options = ["--model", model, "--data", clips, "--episodes", 3]
    options += ["--cache", tmp_path / "cache", "--figures", tmp_path / "figures"]
    printed = run(*options)
    assert "clips/s" in printed.err
    for word in ("48 clips of 2 classes", "1 shot ", "10 shots", "SAV", "CALM", "CCSAV", "±"):
        assert word in printed.out
    names = {f.name for f in (tmp_path / "figures").iterdir()}
    name = f"{clips.name}-qwen2_audio"
    drawn = {
        f"{name}-{kind}.{end}"
        for kind in ("accuracy", "heads", "specialisation")
        for end in ("png", "svg")
    }
    assert names == drawn | {"results.json"}
    results = json.loads((tmp_path / "figures" / "results.json").read_text())[name]
    assert len(results["accuracy"]) == 2 * 4 * 3  # sets of heads, methods, shots
    assert results["settings"]["prompts"][0].endswith("assistant\n")
    assert results["heads"] == {"decoder": 12, "encoder": 8}
    best = max(row["mean"] for row in results["accuracy"])
    assert 0.5 < best <= 1
    assert f"{100 * best:.1f} ±" in printed.out
    again = run(*options)  # from the cache, with the same outcome
    assert again.out == printed.out
    assert run(*options, "--seed", 1).out != printed.out


@pytest.mark.slow
def test_main_job_on_the_mini_lalm(tmp_path, run, monkeypatch):
    fewer = partial(tasks.sounds_heldout, clips=14)  # of 30
    monkeypatch.setattr(tasks, "sounds_heldout", fewer)
    figures = tmp_path / "figures"
    printed = run("--episodes", 3, "--cache", tmp_path / "cache", "--figures", figures).out
    assert "LALM('mini': Qwen2-Audio" in printed
    assert "252 clips of 18 classes from sounds-heldout" in printed
    assert "The model's answers" in printed
    assert "What sound is this?" in printed
    name = "sounds-heldout-mini"
    assert (figures / f"{name}-specialisation.png").is_file()
    results = json.loads((figures / "results.json").read_text())[name]
    assert results["clips"] == 252


def test_accuracies_of_heads(tmp_path):
    """Two heads: the first separates the classes, the vectors of the second are constant."""
    y = np.arange(40) % 2
    X = np.ones((40, 2, 2), np.float32)
    X[:, 0, 1] = 2 * y - 1
    heads = pd.DataFrame({"kind": ["decoder"] * 2})
    table = pd.DataFrame()
    acts = HeadActivations(X, y, np.array(["a", "b"]), None, heads, table, table, {})
    np.testing.assert_allclose(first_run.accuracies_of_heads(acts, 3, seed=0), [1, 0.5])


def test_results_of_other_runs_stay(tmp_path):
    file = tmp_path / "results.json"
    first_run.update_results(file, "one", {"a": 1})
    first_run.update_results(file, "two", [{"b": 2}])
    first_run.update_results(file, "one", {"a": 3})
    assert json.loads(file.read_text()) == {"one": {"a": 3}, "two": [{"b": 2}]}
    assert list(tmp_path.iterdir()) == [file]


def test_readme_example(model_folders, clips, tmp_path, monkeypatch):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, flags=re.S)
    for old, new in (("mini", model_folders["whisper"]), ("sounds-heldout", clips)):
        assert old in code
        code = code.replace(old, str(new))
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)
    assert names["clf"].weights_.shape == (16, 2)
    assert len(names["query"]) > 20


@pytest.mark.slow
def test_errors_are_one_sentence_and_no_traceback(model_folders, tmp_path, run, capsys):
    model = model_folders["whisper"]
    for options, sentence in (
        (["--model", model, "--data", tmp_path / "no"], "neither a folder"),
        (["--model", tmp_path, "--data", tmp_path], "no model here"),
    ):
        with pytest.raises(SystemExit) as stop:
            run(*options)
        assert stop.value.code == 1
        assert sentence in capsys.readouterr().err
    command = [sys.executable, "-m", "ccsav_lab.first_run", "--model", model, "--data", "esc10"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "fetch=True" in done.stderr
    assert "Traceback" not in done.stderr
