"""The model card of the mini LALM is filled from measured.json."""

import json
import sys

from ccsav.lalm.loading import MINI
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from documents import written
from measure_mini_lalm import card


def test_the_card_says_what_was_measured():
    text = (MINI / "README.md").read_text(encoding="utf-8")
    measured = json.loads((MINI / "measured.json").read_text())
    assert written(text, card(measured)) == text
    changed = measured | {"parameters": 7e9}
    assert "7000.00 M parameters" in written(text, card(changed))
    assert written(text, card(changed)) != text
