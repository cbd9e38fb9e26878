import numpy as np
import pytest
from scipy.stats import norm

from ccsav_lab import checks
from ccsav_lab.checks import NotYet

OWN = np.array([0.3, 0.6, 0.7, 0.8, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99])
STRANGERS = np.array([0.2, 0.35, 0.4, 0.65, 0.98])


def test_an_answer_that_is_not_there_is_asked_for(capsys):
    checks.clips_needed(..., 0.9, 0.05)
    checks.strangers_accepted(..., OWN, STRANGERS, 0.9)
    assert capsys.readouterr().out.count("Your turn") == 2


@pytest.mark.parametrize("mine", [138, 139, 138.3, np.float64(138.29), 1.96**2 * 0.09 / 0.0025])
def test_clips_needed(mine, capsys):
    assert norm.ppf(0.975) * np.sqrt(0.09 / 138) == pytest.approx(0.05, abs=1e-4)
    checks.clips_needed(mine, 0.9, 0.05)
    assert capsys.readouterr().out == "Right.\n"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (1.96**2 * 0.09 / 0.1**2, "half of the interval"),
        (0.09 / 0.05**2, "one standard error"),
        (20, "solve it for n"),
        ([138, 138], "shape should be"),
        ("many", "a number or an array"),
    ],
)
def test_clips_needed_refuses(wrong, hint):
    with pytest.raises(NotYet, match=hint):
        checks.clips_needed(wrong, 0.9, 0.05)


@pytest.mark.parametrize("threshold", [0.31, 0.6])
def test_strangers_accepted(threshold, capsys):
    """Any threshold between the clip that is given up and the next one keeps nine of ten."""
    assert np.mean(threshold <= OWN) == 0.9
    checks.strangers_accepted(np.mean(threshold <= STRANGERS), OWN, STRANGERS, 0.9)
    assert capsys.readouterr().out == "Right.\n"


def test_strangers_accepted_refuses():
    rng = np.random.default_rng(0)
    own, strangers = rng.beta(8, 1, 100), rng.beta(3, 2, 80)
    right = np.mean(strangers >= np.quantile(own, 0.1))
    wrong = {
        "is rejected": 1 - right,
        "rejects most of your own": np.mean(strangers >= np.quantile(own, 0.9)),
        "set the threshold on your own": np.mean(strangers >= np.quantile(strangers, 0.1)),
        "a number or an array": "few",
    }
    for hint, answer in wrong.items():
        with pytest.raises(NotYet, match=hint):
            checks.strangers_accepted(answer, own, strangers, 0.9)
