"""The checks of lesson 03 let right answers pass and give a hint on wrong ones."""

import numpy as np
import pytest
import torch

from ccsav.weights.readout import posteriors
from ccsav_lab import checks
from ccsav_lab.checks._check import mismatch

rng = np.random.default_rng(0)
P = rng.dirichlet(np.ones(3), size=4)  # (K, C)
R = rng.random((4, 3))
H = rng.normal(size=(5, 6))
COS = torch.tensor(rng.uniform(-0.3, 0.3, (60, 4))).float()
Y = torch.tensor(rng.integers(4, size=60))
COS[torch.arange(60), Y] += 0.2


def likeliest():
    taus = np.geomspace(0.01, 1, 400)
    log = [float(posteriors(COS[:, None], t)[torch.arange(60), 0, Y].log().mean()) for t in taus]
    return taus[np.argmax(log)]


RIGHT = {
    "margins_of_clip": (P[:, 1] - np.delete(P, 1, axis=1).max(1), P, 1),
    "weights_by_class": (R**4 / (R**4).sum(0), R, 0.25),
    "prototype_without": ((5 * H.mean(0) - H[0]) / 4, H[1:]),
    "temperature": (likeliest(), COS, Y),
}
WRONG = {
    "margins_of_clip": [
        (P[:, 1] - P.max(1), "leave the true class out"),
        (P[:, 1], "less the largest"),
    ],
    "weights_by_class": [
        (R**4 / (R**4).sum(1, keepdims=True), "rows sum to 1"),
        (R / R.sum(0), "power of 1/τ_w"),
        (R**4, "divide each column"),
        (R**0.25 / (R**0.25).sum(0), "not τ_w"),
        (R[:2], "shape should be"),
    ],
    "prototype_without": [
        (H.mean(0), "subtract h"),
        (H[1:].sum(0) / 5, "divided by n"),
        (H[1:].sum(0), "the sum of the other clips"),
        ("mean", "a str"),
    ],
    "temperature": [(0.5, "lower"), (0.01, "higher"), (COS, "shape")],
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes(name, capsys):
    mine, *arguments = RIGHT[name]
    getattr(checks, name)(mine, *arguments)
    assert capsys.readouterr().out == "Right.\n"


@pytest.mark.parametrize(
    ("name", "wrong", "hint"), [(n, *case) for n, cases in WRONG.items() for case in cases]
)
def test_a_wrong_answer_is_told_why(name, wrong, hint):
    with pytest.raises(checks.NotYet, match=hint) as caught:
        getattr(checks, name)(wrong, *RIGHT[name][1:])
    assert caught.value._render_traceback_() == [f"Not yet: {caught.value}"]


@pytest.mark.parametrize("name", RIGHT)
def test_no_answer_yet_is_no_error(name, capsys):
    getattr(checks, name)(..., *RIGHT[name][1:])
    assert "Your turn" in capsys.readouterr().out


def test_mismatch_takes_tensors_and_lists():
    assert mismatch(torch.ones(2), [1, 1], "no") is None
    assert mismatch([1, 2], np.ones(2), "hint") == "hint"
    assert mismatch([1, 2], np.ones(2))  # never an empty complaint
