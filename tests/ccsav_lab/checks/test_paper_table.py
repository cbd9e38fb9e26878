import numpy as np
import pytest
from scipy import stats

from ccsav_lab import checks
from ccsav_lab.checks import NotYet

A = np.array([0.90, 0.85, 0.95, 0.80, 0.88])
B = np.array([0.88, 0.80, 0.94, 0.78, 0.83])
DRAWS = np.array([[0.9, 0.8, 0.85], [0.7, 0.75, 0.74], [0.6, 0.6, 0.66]])
RECALL = np.array([[0.9, 0.2, 1.0], [0.1, 0.8, 0.7], [0.4, 0.5, 0.9], [0.3, 0.2, 0.6]])


def test_an_answer_that_is_not_there_is_asked_for(capsys):
    checks.share_known(..., 0.5, 4)
    checks.paired_difference(..., A, B)
    checks.best_draw_gain(..., DRAWS)
    checks.points_above_senses(..., RECALL)
    assert capsys.readouterr().out.count("Your turn") == 4


def test_share_known(capsys):
    """A model that knows a share and guesses on the rest, simulated."""
    rng = np.random.default_rng(0)
    share, n, clips = 0.3, 4, 200_000
    right = (rng.random(clips) < share) | (rng.integers(n, size=clips) == 0)
    mine = (right.mean() - 1 / n) / (1 - 1 / n)
    assert mine == pytest.approx(share, abs=0.01)
    checks.share_known(mine, right.mean(), n)
    checks.share_known(np.array([0.0, 1.0]), np.array([0.25, 1.0]), np.array([4, 50]))
    assert capsys.readouterr().out == "Right.\n" * 2


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ([0.35, 0.58], "a perfect model falls short of 1"),
        ([0.6 + 0.4 / 4, 0.6 + 0.4 / 50], "computes the accuracy from p"),
        ([0.6, 0.6], "Solve it for p"),
        ([0.4], "shape should be"),
        ("half", "a number or an array"),
    ],
)
def test_share_known_refuses(wrong, hint):
    wrong = np.array(wrong) if isinstance(wrong, list) else wrong
    with pytest.raises(NotYet, match=hint):
        checks.share_known(wrong, np.array([0.6, 0.6]), np.array([4, 50]))


def test_paired_difference(capsys):
    interval = stats.ttest_rel(A, B).confidence_interval(0.95)
    mean, half = (interval.high + interval.low) / 2, (interval.high - interval.low) / 2
    checks.paired_difference((mean, half), A, B)
    checks.paired_difference(np.array([mean, half]), A, B)
    assert capsys.readouterr().out == "Right.\n" * 2


def test_paired_difference_refuses():
    reach, mean = stats.t.ppf(0.975, 4), np.mean(A - B)
    half = reach * stats.sem(A - B)
    wrong = {
        "sign is reversed": (-mean, half),
        "pair them": (mean, reach * np.sqrt(stats.sem(A) ** 2 + stats.sem(B) ** 2)),
        "give half of it": (mean, 2 * half),
        "divide by √E": (mean, np.std(A - B, ddof=1)),
        "the mean is right": (mean, 1.96 * stats.sem(A - B)),
        "episode by episode": (100 * mean, 100 * half),
        "give two numbers": mean,
    }
    for hint, answer in wrong.items():
        with pytest.raises(NotYet, match=hint):
            checks.paired_difference(answer, A, B)


def test_best_draw_gain(capsys):
    checks.best_draw_gain(100 * (0.05 + 0.02 + 0.04) / 3, DRAWS)
    assert capsys.readouterr().out == "Right.\n"


def test_best_draw_gain_refuses():
    wrong = {
        "100 times": (0.05 + 0.02 + 0.04) / 3,
        "best of all parts at once": 100 * (0.9 - DRAWS.mean()),
        "the other axis": 100 * np.mean([0.9 - 2.2 / 3, 0.8 - 2.15 / 3, 0.85 - 2.25 / 3]),
        "its best draw less the mean": 5.0,
        "a number or an array": "much",
    }
    for hint, answer in wrong.items():
        with pytest.raises(NotYet, match=hint):
            checks.best_draw_gain(answer, DRAWS)


def test_points_above_senses(capsys):
    checks.points_above_senses(100 * (0.1 - 0.1 + 0.4 + 0.3) / 4, RECALL)
    checks.points_above_senses(0.0, np.tile([[0.5]], (3, 3)))
    assert capsys.readouterr().out == "Right.\n" * 2


def test_points_above_senses_refuses():
    wrong = {
        "100 times": 0.7 / 4,
        "sign is reversed": -100 * 0.7 / 4,
        "the better one for each class": 100 * (3.2 - 1.7) / 4,
        "the worse sense": 100 * (0.8 + 0.6 + 0.5 + 0.4) / 4,
        "leave that column out": 100 * (0 - 0.1 + 0 + 0) / 4,
        "the larger of the two senses": 3.0,
        "a number or an array": "much",
    }
    for hint, answer in wrong.items():
        with pytest.raises(NotYet, match=hint):
            checks.points_above_senses(answer, RECALL)
