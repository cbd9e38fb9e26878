import numpy as np
import pytest

import ccsav
from ccsav import CCSAVClassifier
from ccsav_lab import checks
from ccsav_lab.checks import NotYet
from ccsav_lab.sounds import render

QUESTION = "What sound is this?"


@pytest.fixture(scope="module")
def clf():
    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    X = rng.normal(size=(30, 6, 5)) + 1.5 * rng.normal(size=(3, 6, 5))[y]
    fitted = CCSAVClassifier().fit(X, y)
    fitted.reliability_[:, :2] = [[0.9, 0.8]]  # one head is the best of two classes
    fitted.reliability_[1:, :2] *= 0.5
    fitted.reliability_[3, 2] = 1
    return fitted


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def wave():
    return render("dog", 987_654).waveform


@pytest.fixture(scope="module")
def least(mini, wave):
    """A set of heads of which none can be spared, found from the other end than the solution's."""
    heads, size = list(range(48)), None
    before = mini.answer([wave], QUESTION)
    while size != len(heads):
        size = len(heads)
        for head in heads[::-1]:
            fewer = [h for h in heads if h != head]
            if fewer:
                with mini.silenced(fewer, positions="prompt"):
                    heads = fewer if mini.answer([wave], QUESTION) != before else heads
    return heads


def test_answers_that_are_not_there_are_asked_for(clf, capsys):
    checks.distinct_best_heads(..., clf)
    checks.weights_without(..., clf, 0)
    checks.smallest_silenced_set(..., None, None)
    assert capsys.readouterr().out.count("Your turn") == 3


def test_distinct_best_heads(clf, capsys):
    checks.distinct_best_heads(2, clf)
    checks.distinct_best_heads(np.unique(clf.reliability_.argmax(0)).size, clf)
    assert capsys.readouterr().out == "Right.\n" * 2


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [(3, "share a head"), (6, "count each such head once"), (np.ones(3), "shape should be")],
)
def test_distinct_best_heads_refuses(clf, wrong, hint):
    with pytest.raises(NotYet, match=hint):
        checks.distinct_best_heads(wrong, clf)


def test_weights_without(clf, capsys):
    w = clf.weights_
    mine = w / (1 - w[4])
    mine[4] = 0
    checks.weights_without(mine, clf, 4)
    checks.weights_without(clf.without(4).weights_, clf, 4)
    assert capsys.readouterr().out == "Right.\n" * 2


def test_weights_without_refuses(clf):
    w = clf.weights_.copy()
    w[4] = 0
    wrong = {
        "its share is missing": w,
        "each class by itself": w / w.sum() * 3,
        "keep the head's row": np.delete(w / w.sum(0), 4, axis=0),
        "divide each class by its sum": clf.weights_,
        r"the shape should be \(6, 3\)": w.sum(1),
    }
    for hint, mine in wrong.items():
        with pytest.raises(NotYet, match=hint):
            checks.weights_without(mine, clf, 4)


@pytest.mark.slow
def test_smallest_silenced_set(mini, wave, least, capsys):
    checks.smallest_silenced_set(least, mini, wave, QUESTION)
    checks.smallest_silenced_set(np.array(least)[::-1], mini, wave, QUESTION)
    assert capsys.readouterr().out == "Right.\n" * 2


def test_smallest_silenced_set_refuses(mini, wave, least):
    wrong = {
        "still 'dog'": least[:-1] if len(least) > 1 else [47],
        "can be spared": range(48),
        "the list is empty": [],
        "some of 0 to 71": [99],
        "heads of the decoder alone": [*least, 60],
        "a list of indices": "all",
    }
    for hint, mine in wrong.items():
        with pytest.raises(NotYet, match=hint):
            checks.smallest_silenced_set(mine, mini, wave, QUESTION)
