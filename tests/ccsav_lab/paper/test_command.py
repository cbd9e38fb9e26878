"""python -m ccsav_lab.paper"""

import json
import sys
from functools import partial

import pytest

from ccsav_lab.paper import miniature, protocol
from ccsav_lab.paper.__main__ import main
from tests import releases, tiny_models


def test_the_command(tmp_path, monkeypatch, capsys):
    folder = miniature.write_esc50(tmp_path / "ESC-50-master", releases.SOUNDS[:2])
    command = ["paper", "--data", "esc50", "--folder", str(folder), "--out", str(tmp_path / "out")]
    command += ["--cache", str(tmp_path / "heads")]
    monkeypatch.setattr(sys, "argv", [*command, "--shots", "2", "--episodes", "1", "--limit", "1"])
    main()
    printed = capsys.readouterr().out
    assert "| *CALM, published* |  | 99.25 |" in printed
    assert "a MINIATURE: 10 sounds made by rule, in the layout of esc50" in printed
    assert "1 test clips per class" in printed and "2 shots" in printed
    assert all(note in printed for note in protocol.DIFFERENCES)
    assert (tmp_path / "out" / "table.md").read_text("utf-8") in printed
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["shots"] == 2
    monkeypatch.setattr(sys, "argv", [*command, "--shots", "30"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    assert "DatasetError: fold 1: class" in capsys.readouterr().err


def test_a_miniature_and_every_modality(tmp_path, monkeypatch, capsys):
    few = partial(miniature.write_vggsound, names=["owl", "hop"], train=2, test=1)
    monkeypatch.setitem(miniature.WRITERS, "vggsound", few)
    model, folder = tiny_models.qwen2_5_omni(tmp_path / "omni"), tmp_path / "VGGSound"
    command = ["paper", "--model", str(model), "--data", "vggsound", "--folder", str(folder)]
    command += ["--miniature", "--modality", "every", "--out", str(tmp_path / "out")]
    command += ["--cache", str(tmp_path / "heads"), "--shots", "1", "--episodes", "2"]
    monkeypatch.setattr(sys, "argv", [*command, "--no-zero-shot"])
    main()
    printed = capsys.readouterr().out
    assert "a MINIATURE: 2 videos made by rule, in the layout of vggsound" in printed
    assert "| method | heads | audio | video | audio+video |" in printed
    assert "| *CALM, published* |  | 88.15 |  | 91.02 |" in printed
    assert "<|vision_bos|>" in printed  # the prompt
    folders = sorted(file.parent.name for file in (tmp_path / "out").glob("*/few_shot.csv"))
    assert folders == ["audio", "audio+video", "video"]


@pytest.mark.parametrize(
    ("data", "file", "message"),
    [
        ("audioset", None, "there is no miniature of audioset, only of esc50, vggsound"),
        ("vggsound", "vggsound.csv", "holds other files. Give --miniature an empty folder"),
    ],
)
def test_where_no_miniature_is_written(data, file, message, tmp_path, monkeypatch, capsys):
    if file:
        (tmp_path / file).write_text("of a real release")
    command = ["paper", "--data", data, "--folder", str(tmp_path), "--miniature"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit):
        main()
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [file][: bool(file)]
