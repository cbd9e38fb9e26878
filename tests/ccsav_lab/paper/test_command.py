"""python -m ccsav_lab.paper"""

import json
import sys

import pytest

from ccsav_lab.paper import miniature, protocol
from ccsav_lab.paper.__main__ import main
from tests import releases


def test_the_command(tmp_path, monkeypatch, capsys):
    folder = miniature.write_esc50(tmp_path / "ESC-50-master", releases.SOUNDS[:2])
    command = ["paper", "--data", "esc50", "--folder", str(folder), "--out", str(tmp_path / "out")]
    command += ["--cache", str(tmp_path / "heads")]
    monkeypatch.setattr(sys, "argv", [*command, "--shots", "2", "--episodes", "1", "--limit", "1"])
    main()
    printed = capsys.readouterr().out
    assert "| *CALM, published* |  | 99.25 |" in printed
    assert "a PART of esc50: 10 of its 2,000 test clips" in printed
    assert "1 test clips per class" in printed and "2 shots" in printed
    assert all(note in printed for note in protocol.DIFFERENCES)
    assert (tmp_path / "out" / "table.md").read_text("utf-8") in printed
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["shots"] == 2
    monkeypatch.setattr(sys, "argv", [*command, "--shots", "30"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    assert "DatasetError: fold 1: class" in capsys.readouterr().err
