"""The model card of the mini omni model is filled from measured.json."""

import json
import sys

import numpy as np
import pytest

from ccsav.lalm.loading import OMNI
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from documents import written
from measure_mini_omni import belonging, chance
from mini_omni.bank import random_clip
from mini_omni.card import card, senses_answer


def test_the_card_says_what_was_measured():
    text = (OMNI / "README.md").read_text(encoding="utf-8")
    measured = json.loads((OMNI / "measured.json").read_text())
    assert written(text, card(measured)) == text
    changed = measured | {"parameters": 7e9}
    assert "7000.00 million parameters" in written(text, card(changed))


def test_what_the_card_says_in_words_is_so():
    measured = json.loads((OMNI / "measured.json").read_text())
    pairs = {name: row["right"] for name, row in measured["together"].items()}
    assert min(pairs["one scene"], pairs["another class"]) > 0.8
    said_no = 1 - pairs["one scene"]  # of clips whose sight and sound do belong together
    assert pairs["the same class, another time"] - said_no < 0.1
    for modality in ("audio", "video", "audio+video"):
        counted = measured["answers"][f"events, {modality}"]
        assert 0.5 < counted["right"] < 0.8 and 0.3 < counted["commonest"] < 0.37


def test_chance_of_guesses_among_what_a_sense_leaves_open():
    assert chance("sight", "audio") == chance("sound", "video") == 1 / 8
    assert chance("both", "audio") == chance("both", "video") == 1 / 2
    for told in (("sound", "audio"), ("sight", "video"), ("both", "audio+video"), ("all", "audio")):
        assert chance(*told) is None


class AlwaysYes:
    """A model that always says yes."""

    def answer(self, waves, question, videos):
        assert len(waves) == len(videos) and "together" in question
        return ["yes"] * len(waves)


def test_pairs_that_do_not_belong_together_are_of_two_kinds():
    rng = np.random.default_rng(0)
    made = belonging(AlwaysYes(), [random_clip(rng) for _ in range(60)])
    assert {name: row["right"] for name, row in made.items()} == {
        "one scene": 1.0, "another class": 0.0, "the same class, another time": 0.0,
    }  # fmt: skip
    assert min(row["clips"] for row in made.values()) > 5


def test_the_sentence_in_the_readme():
    rows = [
        {"method": "CCSAV", "shots": 5, "modality": modality, "mean": mean, "interval": 0.01}
        for modality, mean in (("audio", 0.5), ("video", 0.6), ("audio+video", 0.8))
    ]
    gains = [{"method": "CCSAV", "shots": 5, "over": "video", "gain": 0.2, "interval": 0.02}]
    text = senses_answer({"rows": rows, "gains": gains, "classes": 12})
    assert "50.0 ± 1.0 % from sound, 60.0 ± 1.0 % from sight and 80.0 ± 1.0 % from both" in text
    assert "+20.0 ± 2.0 points over sight alone" in text and "(chance: 8.3 %)" in text
    with pytest.raises(IndexError):
        senses_answer({"rows": rows, "gains": [], "classes": 12})
