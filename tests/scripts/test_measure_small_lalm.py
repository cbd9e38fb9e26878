"""The model card of the small LALM says what was measured, with the committed parts."""

import json
import re
import sys

import pytest

from ccsav.lalm.checkpoints import parts_digest
from ccsav.lalm.loading import SMALL_PARTS
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import measure_small_lalm
from documents import written
from small_lalm.card import card


@pytest.fixture
def measured():
    return json.loads((SMALL_PARTS / "measured.json").read_text("utf-8"))


@pytest.fixture
def two_layers():
    return json.loads(measure_small_lalm.TWO_LAYERS.read_text("utf-8"))


def test_the_card_says_what_was_measured(measured, two_layers):
    text = (SMALL_PARTS / "README.md").read_text(encoding="utf-8")
    assert written(text, card(measured, two_layers)) == text
    measured["text"] = {"small": 3, "SmolLM2": 4, "questions": 20}
    changed = written(text, card(measured, two_layers))
    assert "| 20 written questions: right, it / SmolLM2 itself | 3 / 4 |" in changed


def test_the_committed_parts_were_measured(measured):
    assert measured["parts"] == parts_digest(SMALL_PARTS)
    assert set(measure_small_lalm.PARTS) <= set(measured)


def test_shipped_weights_are_of_the_end_of_the_run(measured):
    assert measured["curve"][-1][0] == 2_200  # steps of the training script


@pytest.mark.parametrize("name", ["small-lalm", "mini-lalm"])
def test_no_result_in_the_cards_is_typed_by_hand(name):
    text = (ROOT / "data" / name / "README.md").read_text(encoding="utf-8")
    by_hand = re.sub(r"<!-- ([\w-]+) -->.*?<!-- /\1 -->", "", text, flags=re.S)
    assert re.search(r"\d ?%", text) and not re.search(r"\d ?%(?! interval)|\d ± \d", by_hand)


def test_five_seconds_are_as_many_tokens_as_the_card_says():
    extractor = json.loads((SMALL_PARTS / "preprocessor_config.json").read_text("utf-8"))
    text = (SMALL_PARTS / "README.md").read_text(encoding="utf-8")
    samples = 5 * extractor["sampling_rate"]
    ours, whispers = (samples // hop // 4 for hop in (extractor["hop_length"], 160))
    assert f"5 s of sound then give {ours} audio tokens\n  in place of {whispers}" in text
