"""python -m ccsav_lab.paper"""

import json
import sys
from functools import partial

import pandas as pd
import pytest

from ccsav_lab.paper import miniature, miniature_lists, protocol
from ccsav_lab.paper.__main__ import main
from tests import releases, tiny_models
from tests.ccsav_lab.paper.test_spoofing import write_scores


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


@pytest.mark.parametrize("data", ["esc50", "asvspoof2019"])
def test_the_released_lists_and_their_audit(tmp_path, monkeypatch, capsys, data):
    few = partial(miniature_lists.write_lists, shots=2, test=1, seconds=0.3)
    monkeypatch.setattr("ccsav_lab.paper.__main__.write_lists", few)
    monkeypatch.chdir(tmp_path)
    command = ["paper", "--split", "lists", "--miniature", "--data", data, "--audit"]
    monkeypatch.setattr(sys, "argv", [*command, "--shots", "1"])
    main()
    printed = capsys.readouterr().out
    assert "in the form of the released lists of " + data in printed
    assert all(note in printed for note in protocol.AS_RELEASED)
    assert not any(note in printed for note in protocol.DIFFERENCES if "here the question" in note)
    assert "| *CALM, published* |" in printed and "Answer with the class name." in printed
    assert ("No min t-DCF" in printed) == (data == "asvspoof2019")
    assert "## Audit" in printed and "| silence in place of every clip |" in printed
    out = tmp_path / "results" / f"lists-{data}-mini-audio"
    assert (out / "table.md").read_text("utf-8") in printed
    accuracy = pd.read_csv(out / "audit.csv", index_col="change")
    assert accuracy.loc["as asked"].notna().all()
    monkeypatch.setattr(sys, "argv", ["paper", "--split", "lists", "--limit", "1", "--audit"])
    main()  # lists that are there, by the folder's name, a part of the test
    assert (tmp_path / "results" / "lists-lists-mini-audio" / "audit.csv").is_file()


def test_an_official_split_and_its_audit(tmp_path, monkeypatch, capsys):
    folder = miniature.write_esc50(tmp_path / "ESC-50-master", releases.SOUNDS, clips=1)
    command = ["paper", "--data", "esc50", "--folder", str(folder), "--out", str(tmp_path / "out")]
    command += ["--cache", str(tmp_path / "heads"), "--shots", "2", "--episodes", "1", "--audit"]
    monkeypatch.setattr(sys, "argv", [*command, "--no-zero-shot", "--truncate"])
    main()
    printed = capsys.readouterr().out
    assert "Of longer clips the first 4 s." in printed
    assert "folds: 2, 3, 4, 5 in the support set, 1 in the test part" in printed
    assert "100.0 % of the test questions" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --data, or --split"),
        (["--split", "nowhere"], "nowhere: no list for train here"),
        (["--split", "x", "--audit", "--modality", "video"], "--audit is of sound alone"),
        (["--split", "x", "--modality", "every"], "--modality every is not for --split"),
        (["--split", "full", "--miniature"], "full: holds other files"),
        (["--data", "recordings", "--shots", "50"], "training clips, but shots=50"),
    ],
)
def test_what_does_not_fit_is_one_sentence(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    monkeypatch.setattr(sys, "argv", ["paper", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1 and message in capsys.readouterr().err


def test_spoofing_by_attack_and_speaker(tmp_path, monkeypatch, capsys):
    folder = releases.asvspoof2019(tmp_path / "LA", clips=6)
    command = ["paper", "--data", "asvspoof2019", "--folder", str(folder), "--shots", "1"]
    command += ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "heads")]
    monkeypatch.setattr(sys, "argv", [*command, "--episodes", "1", "--no-zero-shot"])
    main()
    printed = capsys.readouterr().out
    assert "1 shots per attack and bona fide speaker" in printed
    assert "| equal error rate |" in printed and "No min t-DCF" in printed
    write_scores(folder)
    out = ["--out", str(tmp_path / "with")]
    monkeypatch.setattr(sys, "argv", [*command, "--episodes", "1", "--no-zero-shot", *out])
    main()
    printed = capsys.readouterr().out
    assert "| min tdcf |" in printed and "No min t-DCF" not in printed


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
