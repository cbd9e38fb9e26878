"""The committed recordings are folds 4 and 5 of ESC-10, each with its author and licence."""

import sys

import pandas as pd

from ccsav_lab.recordings import RECORDINGS
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import make_recordings as script


def test_attributions_are_read(tmp_path):
    file = tmp_path / "ATTRIBUTION.txt"
    file.write_text(
        "001 - Dog:\n- [4-1-A.ogg]:  clip derived from a (b).wav (http://x/1) by A. N. [CC-BY]\n"
    )
    row = script.attributions(file).loc["4-1-A.ogg"]
    assert row.to_dict() == {
        "title": "a (b).wav", "address": "http://x/1", "author": "A. N.", "licence": "CC-BY",
    }  # fmt: skip


def test_the_committed_manifest_is_that_of_the_folds(shared):
    source = pd.read_csv(shared / "real" / "esc10" / "manifest.csv", dtype=str)
    source = source[source["fold"].isin(["4", "5"])]
    manifest = pd.read_csv(RECORDINGS / "manifest.csv", dtype=str)
    assert sorted(manifest["path"].str.split("/").str[-1]) == sorted(
        source["path"].str.split("/").str[-1]
    )
    attributed = script.attributions(shared / "real" / "esc10" / "ATTRIBUTION.txt")
    for row in manifest.itertuples():
        entry = attributed.loc[row.path.split("/")[-1]]
        assert (row.author, row.title) == (entry["author"], entry["title"])
        assert row.licence == script.LICENCES[entry["licence"]]
