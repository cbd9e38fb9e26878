"""The main job, as `make tutorial` calls it, on small recordings and a small model."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tests import ROOT


def run(*arguments):
    command = [sys.executable, "-m", "ccsav_lab.first_run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


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


def test_main_job(model_folders, clips, tmp_path):
    model = model_folders["qwen2_audio"]
    options = ["--model", model, "--data", clips, "--episodes", 3]
    options += ["--cache", tmp_path / "cache", "--figures", tmp_path / "figures"]
    done = run(*options)
    assert done.returncode == 0, done.stderr
    assert "clips/s" in done.stderr
    for word in ("48 clips of 2 classes", "1 shot ", "10 shots", "SAV", "paper", "default", "±"):
        assert word in done.stdout
    names = {f.name for f in (tmp_path / "figures").iterdir()}
    name = f"{clips.name}-qwen2_audio"
    drawn = {
        f"{name}-{kind}.{end}"
        for kind in ("accuracy", "heads", "weights")
        for end in ("png", "svg")
    }
    assert names == drawn | {"results.json"}
    results = json.loads((tmp_path / "figures" / "results.json").read_text())[name]
    assert len(results["accuracy"]) == 2 * 3 * 3  # sets of heads, methods, shots
    assert results["settings"]["prompts"][0].endswith("assistant\n")
    assert results["heads"] == {"decoder": 12, "encoder": 8}
    best = max(row["mean"] for row in results["accuracy"])
    assert 0.5 < best <= 1
    assert f"{100 * best:.1f} ±" in done.stdout
    again = run(*options)  # from the cache, with the same outcome
    assert again.stdout == done.stdout
    assert run(*options, "--seed", 1).stdout != done.stdout


def test_main_job_on_the_mini_lalm(tmp_path):
    done = run("--episodes", 3, "--cache", tmp_path / "cache", "--figures", tmp_path / "figures")
    assert done.returncode == 0, done.stderr
    assert "LALM('mini': Qwen2-Audio" in done.stdout
    assert "540 clips of 18 classes from sounds-heldout" in done.stdout
    assert "In its own words" in done.stdout
    assert "What sound is this?" in done.stdout
    name = "sounds-heldout-mini"
    assert (tmp_path / "figures" / f"{name}-weights.png").is_file()
    results = json.loads((tmp_path / "figures" / "results.json").read_text())[name]
    assert results["clips"] == 540


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


def test_errors_are_one_sentence_and_no_traceback(model_folders, tmp_path):
    for options, sentence in (
        (
            ["--model", model_folders["whisper"], "--data", tmp_path / "no"],
            "neither a file or folder",
        ),
        (["--model", tmp_path, "--data", tmp_path], "no model here"),
        (["--model", model_folders["whisper"], "--data", "esc10"], "fetch=True"),
    ):
        done = run(*options)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
