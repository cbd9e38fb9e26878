import numpy as np
import pytest

from ccsav_lab import checks
from ccsav_lab.checks import NotYet

LABELS = np.array(["bell", "dog", "rain"])
ANSWERS = [
    ["rain", "rain", "rain", "rain", "dog"],  # 80 %, either way
    ["rain", "a fog", "what", "no", "rain"],  # 40 %, or all of those that name a label
    ["dog or rain", "dog", "dog", "dog", "fog"],  # 60 %, or all
    ["dog", "dog", "rain", "rain", "fog"],  # 40 %, or half
    ["fog", "fog", "fog", "fog", "fog"],
]
RIGHT = "Right.\n"


def test_an_answer_that_is_not_there_is_asked_for(capsys):
    checks.newly_accepted(..., ANSWERS, LABELS, 0.8)
    checks.agreement(..., 0.9, 0.2, 5)
    checks.kept_and_right(..., LABELS, LABELS, LABELS)
    assert capsys.readouterr().out.count("Your turn") == 3


def test_newly_accepted(capsys):
    checks.newly_accepted(2, ANSWERS, LABELS, 0.8)
    checks.newly_accepted(np.int64(2), ANSWERS, LABELS, 0.5)  # 60 % passed before; two others now
    assert capsys.readouterr().out == 2 * RIGHT


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (3, "did not pass before"),
        (1, "by the answers that name a label"),
        ([2, 2], "shape should be"),
        ("two", "a number or an array"),
    ],
)
def test_newly_accepted_refuses(wrong, hint):
    with pytest.raises(NotYet, match=hint):
        checks.newly_accepted(wrong, ANSWERS, LABELS, 0.8)


def simulated(a, e, n_classes):
    """How often an answer agrees with a label, counted."""
    rng = np.random.default_rng(0)
    true = rng.integers(n_classes, size=400_000)

    def spoilt(share):
        other = (true + rng.integers(1, n_classes, size=len(true))) % n_classes
        return np.where(rng.random(len(true)) < share, other, true)

    return np.mean(spoilt(1 - a) == spoilt(e))


@pytest.mark.parametrize(("a", "e", "n_classes"), [(0.9, 0.2, 5), (0.6, 0.5, 2), (0.8, 0.0, 18)])
def test_agreement(a, e, n_classes, capsys):
    mine = a * (1 - e) + (1 - a) * e / (n_classes - 1)
    assert mine == pytest.approx(simulated(a, e, n_classes), abs=0.004)
    checks.agreement(mine, a, e, n_classes)
    assert capsys.readouterr().out == RIGHT


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (0.9 * 0.8, "How often"),
        (0.9 * 0.8 + 0.1 * 0.2, "need not name the same class"),
        (0.9 - 0.2, "do not subtract"),
        (0.9, "two ways to agree"),
    ],
)
def test_agreement_refuses(wrong, hint):
    with pytest.raises(NotYet, match=hint):
        checks.agreement(wrong, 0.9, 0.2, 5)


GIVEN = np.array(list("aabbcaab"))
SAID = np.array(list("aabacabb"))
TRUE = np.array(list("aaabcabb"))


def test_kept_and_right(capsys):
    kept = np.flatnonzero(GIVEN == SAID).tolist()
    assert kept == [0, 1, 2, 4, 5, 7]
    checks.kept_and_right((6 / 8, 5 / 6), GIVEN, SAID, TRUE)
    assert capsys.readouterr().out == RIGHT


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ((5 / 6, 6 / 8), "other order"),
        ((6 / 8, 5 / 8), "not by all"),
        ((2 / 8, 1 / 2), "you drop"),
        ((6 / 8, 6 / 8), "equals their given label"),
        (6 / 8, "shape should be"),
    ],
)
def test_kept_and_right_refuses(wrong, hint):
    with pytest.raises(NotYet, match=hint):
        checks.kept_and_right(wrong, GIVEN, SAID, TRUE)
