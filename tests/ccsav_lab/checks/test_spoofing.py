import numpy as np
import pytest

from ccsav_lab import checks
from ccsav_lab.checks import NotYet


@pytest.fixture
def ranked():
    rng = np.random.default_rng(0)
    positive = np.arange(200) < 100
    return positive, rng.normal(size=200) + 1.5 * positive


P = np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8], [0.1, 0.9]])
Y = np.array([0, 0, 1, 1])


def test_an_answer_that_is_not_there_is_asked_for(ranked, capsys):
    checks.reliability_of_two(..., P, Y)
    checks.spoofs_caught(..., *ranked, 0.05)
    checks.alarms_that_are_right(..., 0.1, [0.5, 0.1])
    assert capsys.readouterr().out.count("Your turn") == 3


def test_reliability_of_two(capsys):
    checks.reliability_of_two(np.array([0.2, 0.7]), P, Y)  # (0.4 + 0) / 2, (0.6 + 0.8) / 2
    checks.reliability_of_two([0.2, 0.7], P, Y)
    assert capsys.readouterr().out == "Right.\nRight.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ([0.1, 0.7], "counts as 0"),  # margins without the clamp
        ([0.55, 0.85], "subtract that of the other class"),
        ([0.7, 0.2], "other order"),
        ([0.3, 0.3], "one mean per class"),
        (0.45, r"shape should be \(2,\)"),
    ],
)
def test_reliability_of_two_refuses(wrong, hint):
    with pytest.raises(NotYet, match=hint):
        checks.reliability_of_two(np.array(wrong), P, Y)


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "nearest"])
@pytest.mark.parametrize("strictly", [True, False])
def test_spoofs_caught(ranked, method, strictly, capsys):
    positive, ranking = ranked
    threshold = np.quantile(ranking[~positive], 0.95, method=method)
    above = ranking > threshold if strictly else ranking >= threshold
    checks.spoofs_caught(np.mean(above[positive]), positive, ranking, 0.05)
    assert capsys.readouterr().out == "Right.\n"


def test_spoofs_caught_refuses(ranked):
    positive, ranking = ranked
    honest, spoofs = ranking[~positive], ranking[positive]
    right = np.mean(spoofs > np.quantile(honest, 0.95))
    wrong = {
        "are missed": 1 - np.mean(spoofs >= np.sort(honest)[-5]),
        "follows from the bona fide clips alone": np.mean(spoofs > np.quantile(spoofs, 0.95)),
        "too low": np.mean(spoofs > np.quantile(honest, 0.05)),
        "count spoofs above": right / 2,
        "a number or an array": "a lot",
    }
    for hint, answer in wrong.items():
        with pytest.raises(NotYet, match=hint):
            checks.spoofs_caught(answer, positive, ranking, 0.05)


def test_alarms_that_are_right(capsys):
    shares = np.array([0.5, 0.1, 0.01])
    checks.alarms_that_are_right([0.9, 0.5, 9 / 108], 0.1, shares)  # of 1000 clips: 9 and 99
    assert capsys.readouterr().out == "Right.\n"
    wrong = {
        "of alarms that are spoofs": np.full(3, 0.9),
        "divide by all alarms": 0.9 * shares,
        "alarms that are false": [0.1, 0.5, 99 / 108],
        "among 1000 clips": shares,
        r"shape should be \(3,\)": 0.9,
    }
    for hint, answer in wrong.items():
        with pytest.raises(NotYet, match=hint):
            checks.alarms_that_are_right(answer, 0.1, shares)
