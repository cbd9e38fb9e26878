"""The questions that the mini LALM is trained on."""

import sys

import numpy as np
import pytest

from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from mini_lalm.questions import ABOUT_THE_NAME, PHRASINGS, WEIGHTS, ask, possible, settled


def test_questions_and_answers():
    facts = {
        "name": "dog",
        "family": "animals",
        "pitch": 900.0,
        "events": 3,
        "level": -20.0,
        "real": "real",
    }
    rng = np.random.default_rng(0)
    assert set(possible(facts)) == set(WEIGHTS) - {"digit"}
    assert set(PHRASINGS) == set(WEIGHTS)
    expected = {
        "name": "dog",
        "family": "animals",
        "pitch": "high",
        "events": "3",
        "level": "loud",
        "real": "real",
    }
    for task in possible(facts):
        for _ in range(10):
            _, question, answer = ask(
                rng, facts, ["cat", "dog", "cow", "owl", "bee"], frozenset(WEIGHTS) - {task}
            )
            if task == "is it":
                assert answer == "dog, so " + ("yes" if "dog" in question else "no")
            elif task == "options":
                assert answer == "dog" and question.count(",") == 3
            else:
                assert answer == expected[task]
    assert possible({"pitch": 500.0, "events": 9, "level": -35.0}) == []
    with pytest.raises(ValueError, match="no question is left"):
        ask(rng, {"digit": "one"}, ["cat"], frozenset({"digit", "is it", "options"}))


def test_a_question_whose_answer_is_clear_is_left_out():
    assert settled("name") == settled("is it") == settled("digit") == ABOUT_THE_NAME
    assert settled("events") == {"events"}
