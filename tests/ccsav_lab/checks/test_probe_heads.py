"""Right answers pass, plausible wrong ones get a hint, `...` is neither."""

import numpy as np
import pandas as pd
import pytest

from ccsav_lab import checks, specialise
from tests.ccsav_lab.test_specialise import made, refitted

TABLE = pd.DataFrame(
    [[0.9, 0.9, 0.2], [0.1, 0.2, 0.6], [0.0, 0.95, 0.0], [0.5, 0.5, 0.6]],
    columns=["bell", "dog", "rain"],
    index=[10, 11, 12, 13],
)


@pytest.fixture(scope="module")
def acts():
    return made(signal=1.5, seed=4)


def test_recall(acts, capsys):
    predicted = refitted(acts.X.astype(float), acts.y, np.arange(len(acts.y)))[:, 2]
    mine = np.mean(predicted[acts.y == 1] == 1)
    checks.recall(mine, acts, 2, "dog")
    assert capsys.readouterr().out == "Right.\n"
    mu = np.stack([acts.X[acts.y == c, 2].mean(axis=0) for c in range(3)])
    mu /= np.linalg.norm(mu, axis=1, keepdims=True)
    with_itself = np.mean((acts.X[:, 2] @ mu.T).argmax(1)[acts.y == 1] == 1)
    wrong = {
        with_itself: "leave each clip out",
        np.mean(acts.y[predicted == 1] == 1): "precision",
        specialise.probe(acts).iloc[2].mean(): "mean over all",
        0.0: "take this class's clips",
    }
    assert len({mine, *wrong}) == 5
    for answer, words in wrong.items():
        with pytest.raises(checks.NotYet, match=words):
            checks.recall(answer, acts, 2, "dog")


def test_weakest_class_expert():
    checks.weakest_class_expert(("rain", 11), TABLE)
    for answer, words in {
        ("bell", 10): "lower mean",
        ("dog", 12): "lower mean",
        ("rain", 13): "lower mean",  # shares the first place in this class, but no more
        ("rain", 12): "not the best",
        (np.str_("rain"), 12): "at 'rain': look",  # as a person writes it
        (11, "rain"): "first of the pair",
        "rain": "a pair",
    }.items():
        with pytest.raises(checks.NotYet, match=words):
            checks.weakest_class_expert(answer, TABLE)


def test_false_alarms():
    checks.false_alarms(3.6, 72)
    checks.false_alarms(4, 72)
    for wrong, words in ((0.05, "share"), (0, "each of the 72"), (36, "each of the 72")):
        with pytest.raises(checks.NotYet, match=words):
            checks.false_alarms(wrong, 72)


def test_majority_class_accuracy():
    checks.majority_class_accuracy((0.8, 1 / 3), [80, 10, 10])
    for wrong, words in (
        ((1 / 3, 0.8), "other order"),
        ((0.8, 0.8), "balanced"),
        ((1 / 3, 1 / 3), "plain accuracy is"),
        (0.8, "shape"),
    ):
        with pytest.raises(checks.NotYet, match=words):
            checks.majority_class_accuracy(wrong, [80, 10, 10])


def test_no_answer_is_asked_for(acts, capsys):
    checks.recall(..., acts, 2, "dog")
    checks.weakest_class_expert(..., TABLE)
    checks.false_alarms(..., 72)
    checks.majority_class_accuracy(..., [80, 10, 10])
    assert capsys.readouterr().out.count("Your turn") == 4
    assert "Right" not in capsys.readouterr().out
