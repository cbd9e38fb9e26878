"""The audit on the recordings, as an entry of results.json and as a table."""

import json
import sys

import pytest

import ccsav
from ccsav_lab.methods import METHODS
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import measure_audit as script
from audit_table import SHOWN, audit_table


def test_the_table():
    sentences = {check: f"about {check}." for check in SHOWN}
    entry = {"columns": ["SAV", "CALM"], "sentences": sentences | {"options": "Not shown."}}
    entry["accuracy"] = [["as asked", 0.95, 0.9625], ["tuned", None, 1.0]]
    lines = audit_table({"mini": entry, "small": entry}).splitlines()
    assert lines[0] == "| model | protocol | SAV | CALM |"
    assert lines[2:4] == ["| mini | as asked | 95.0 | 96.2 |", "| mini | tuned |  | 100.0 |"]
    assert "- small, *tuning*: about tuning." in lines and "Not shown." not in "".join(lines)


@pytest.mark.slow
def test_an_entry(tmp_path):
    mini = ccsav.load_lalm("mini", device="cpu")
    recordings = ccsav.load_dataset("recordings")
    entry = script.measured(mini, recordings, tmp_path, most=2, limit=1)
    entry = json.loads(json.dumps(entry))  # plain numbers and texts
    assert entry["questions"] == {"train": 20, "test": 10} and entry["seconds"] == mini.window
    assert entry["columns"][:-1] == list(METHODS)
    assert entry["accuracy"][0][0] == "as asked" and len(entry["accuracy"]) >= 5
    assert all(len(row) == 1 + len(entry["columns"]) for row in entry["accuracy"])
    assert set(SHOWN) < set(entry["sentences"])
    assert "| mini | silence in place of every clip |" in audit_table({"mini": entry})
