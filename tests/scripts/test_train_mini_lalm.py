"""The training of the mini LALM, on a few clips and small batches."""

import json
import subprocess
import sys

import torch

import ccsav
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import pytest
import train_mini_lalm


@pytest.mark.slow
def test_training_runs_and_continues(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("mini_lalm.batches.BATCH", 4)  # of 32
    monkeypatch.setattr(train_mini_lalm, "SAVE_EVERY", 1)  # of 250
    command = ["train_mini_lalm", "--out", tmp_path / "out", "--work", tmp_path / "work"]
    command += ["--clips", "12", "--workers", "1", "--steps", "2"]
    monkeypatch.setattr(sys, "argv", [str(part) for part in command])
    with monkeypatch.context() as patch:
        patch.setattr(train_mini_lalm, "share_named", stopped)
        with pytest.raises(KeyboardInterrupt):
            train_mini_lalm.main()
    assert not (tmp_path / "out").exists()  # a model that is not finished
    train_mini_lalm.main()
    assert "continuing from step 1" in capsys.readouterr().out
    log = json.loads((tmp_path / "work" / "log.json").read_text())
    assert [row[0] for row in log] == [2]
    lalm = ccsav.load_lalm(tmp_path / "out", device="cpu")
    assert lalm.model.dtype == torch.float32
    assert len(lalm.heads) == len(ccsav.load_lalm("mini", device="cpu").heads)
    monkeypatch.setattr(sys, "argv", [*map(str, command), "--seed", "1"])
    with pytest.raises(SystemExit, match=r"begun with other options \(seed\): give the same"):
        train_mini_lalm.main()


def stopped(*_):
    raise KeyboardInterrupt


@pytest.mark.slow
def test_the_training_script_is_a_command(tmp_path):
    script = ROOT / "scripts" / "train_mini_lalm.py"
    command = [sys.executable, script, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Train the mini LALM" in done.stdout
