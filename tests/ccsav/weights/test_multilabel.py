"""Several labels: closed forms against refits, detectors against discriminant analysis, weights."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV, cross_val_predict

from ccsav import MultiLabelCCSAVClassifier, load_classifier, save_classifier
from ccsav.weights import multilabel
from ccsav.weights.ridge import regression

WAYS = {
    "ridge": MultiLabelCCSAVClassifier(),
    "prototype": MultiLabelCCSAVClassifier("prototype"),
    "CALM": MultiLabelCCSAVClassifier.calm(),
    "averaged": MultiLabelCCSAVClassifier(alpha=np.inf),
    "few heads": MultiLabelCCSAVClassifier(top_k=2, shrink_to="all"),
}


@pytest.fixture
def clips():
    """80 clips, 6 heads of which two know nothing, 8 numbers, 4 classes."""
    rng = np.random.default_rng(0)
    Y = (rng.random((80, 4)) < [0.5, 0.3, 0.2, 0.4]).astype(int)
    centres = rng.normal(size=(4, 6, 8))
    centres[:, 4:] = 0
    X = np.einsum("nc,ckd->nkd", Y, centres) + 0.8 * rng.normal(size=(80, 6, 8))
    return X.astype(np.float32), Y


def one_readout(name, U, Y, left_out):
    """Either readout of unit vectors: coef, intercept, scores."""
    if name == "prototype":
        return multilabel.contrasts(U, Y, left_out)
    singly = torch.arange(len(Y)) if left_out else None
    return regression(U, torch.ones_like(Y[:, :1]), Y - Y.mean(0), Y.mean(0), 0.01, singly)


@pytest.mark.parametrize("dim", [4, 40])  # fewer and more numbers than clips
@pytest.mark.parametrize("name", ["prototype", "ridge"])
def test_left_out_scores_are_those_of_refits(name, dim):
    rng = np.random.default_rng(1)
    Y = torch.tensor(rng.random((16, 3)) < 0.4).double()
    U = torch.nn.functional.normalize(torch.tensor(rng.normal(size=(16, 5, dim))), dim=-1)
    U[:, :, 0] += Y[:, :1]
    U = torch.nn.functional.normalize(U, dim=-1)
    _, _, scores = one_readout(name, U, Y, True)
    for i in range(16):
        kept = torch.arange(16) != i
        coef, intercept, _ = one_readout(name, U[kept], Y[kept], False)
        wanted = torch.einsum("kd,kdc->kc", U[i], coef) + intercept
        torch.testing.assert_close(scores[i], wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["prototype", "ridge"])
def test_scores_of_all_clips_are_those_of_the_readout(name, clips):
    U = torch.nn.functional.normalize(torch.tensor(clips[0]).double(), dim=-1)
    coef, intercept, scores = one_readout(name, U, torch.tensor(clips[1]).double(), False)
    wanted = torch.einsum("nkd,kdc->nkc", U, coef) + intercept
    torch.testing.assert_close(scores, wanted)


def test_a_contrast_is_the_cosine_with_one_mean_less_that_with_the_other(clips):
    U, y = clips[0][:, 0], clips[1][:, 0]
    U = U / np.linalg.norm(U, axis=1, keepdims=True)
    has, lacks = (U[y == i].mean(0) for i in (1, 0))
    wanted = U @ (has / np.linalg.norm(has) - lacks / np.linalg.norm(lacks))
    given = torch.tensor(U)[:, None], torch.tensor(y)[:, None].float()
    scores = multilabel.contrasts(*given, False)[2]
    np.testing.assert_allclose(scores[:, 0, 0], wanted, atol=1e-6)


def test_detectors_are_discriminant_analysis_with_equal_priors(clips):
    _, Y = clips
    scores = np.random.default_rng(2).normal(size=(80, 3, 4)) + 1.5 * Y[:, None]
    slope, shift = multilabel.detectors(torch.tensor(scores), torch.tensor(Y).double())
    for k in range(3):
        for c in range(4):
            analysis = LinearDiscriminantAnalysis(priors=[0.5, 0.5])
            analysis.fit(scores[:, k, c : c + 1], Y[:, c])
            border = -analysis.intercept_.item() / analysis.coef_.item()
            assert -shift[k, c] / slope[k, c] == pytest.approx(border, rel=1e-6)
            has, lacks = (scores[Y[:, c] == i, k, c] for i in (1, 0))
            variance = (len(has) * has.var() + len(lacks) * lacks.var()) / 80
            assert slope[k, c] == pytest.approx((has.mean() - lacks.mean()) / variance, rel=1e-6)


def test_a_head_that_scores_the_class_lower_has_no_say(clips):
    Y = torch.tensor(clips[1]).double()
    slope, shift = multilabel.detectors(-Y[:, None] + 0.1 * torch.rand(80, 2, 4), Y)
    assert (slope == 0).all() and (shift == 0).all()


def test_margins_count_clips_with_and_without_a_class_for_a_half():
    Y = torch.tensor([[1.0], [0], [0], [0], [0]])
    p = torch.tensor([0.9, 0.5, 0.1, 0.2, 0.7])[:, None, None]
    half = 0.8 / 2 + np.mean([0, 0.8, 0.6, 0]) / 2
    assert multilabel.detection_margins(p, Y).item() == pytest.approx(half)


@pytest.mark.parametrize("name", WAYS)
def test_weights_and_scores(name, clips):
    X, Y = clips
    clf = clone(WAYS[name]).fit(X, Y)
    np.testing.assert_allclose(clf.weights_.sum(0), 1, rtol=1e-5)
    U = X / np.linalg.norm(X, axis=2, keepdims=True)
    odds = np.einsum("nkd,kdc->nkc", U, clf.coef_) + clf.intercept_
    wanted = (clf.weights_ / (1 + np.exp(-odds))).sum(1)
    np.testing.assert_allclose(clf.decision_function(X), wanted, atol=1e-5)
    if name == "averaged":
        np.testing.assert_allclose(clf.weights_, clf.weights_[:, :1].repeat(4, 1), rtol=1e-5)
    if name == "few heads":
        assert ((clf.weights_ > 0).sum(0) == 2).all()
        best = np.sort(np.argsort(-clf.reliability_, axis=0)[:2], axis=0)
        np.testing.assert_array_equal(np.nonzero(clf.weights_.T)[1].reshape(4, 2), best.T)


@pytest.mark.parametrize("name", WAYS)
def test_a_loaded_classifier_gives_the_same_scores(name, clips, tmp_path):
    X, Y = clips
    clf = clone(WAYS[name]).fit(X, pd.DataFrame(Y, columns=["dog", "rain", "siren", "Ärger"]))
    loaded = load_classifier(save_classifier(clf, tmp_path / "clf.safetensors"))
    assert loaded.get_params() == clf.get_params()
    assert loaded.classes_.tolist() == ["dog", "rain", "siren", "Ärger"]
    for method in ("decision_function", "predict_proba", "predict"):
        np.testing.assert_array_equal(getattr(loaded, method)(X), getattr(clf, method)(X))


def test_conventions_of_scikit_learn(clips):
    X, Y = clips
    clf = MultiLabelCCSAVClassifier(penalty=0.1)
    assert clone(clf).get_params() == clf.get_params()
    proba = cross_val_predict(clf, X, Y, cv=4, method="predict_proba")
    assert proba.shape == Y.shape
    assert average_precision_score(Y, proba, average="macro") > Y.mean() + 0.3
    search = GridSearchCV(clf, {"alpha": [0, np.inf]}, scoring="average_precision", cv=3)
    assert search.fit(X, Y).best_score_ > Y.mean() + 0.3
    fitted = clf.fit(X[:60], Y[:60])
    exact = (fitted.predict(X[60:]) == Y[60:]).all(axis=1).mean()
    assert fitted.score(X[60:], Y[60:]) == exact


def test_kinds_of_arrays_agree(clips):
    X, Y = clips
    half = X.astype(np.float16)
    wanted = MultiLabelCCSAVClassifier().fit(half.astype(np.float32), Y).decision_function(X)
    for given in (half, torch.as_tensor(half), half.astype(float)):
        for labels in (Y.astype(bool), torch.as_tensor(Y), pd.DataFrame(Y)):
            clf = MultiLabelCCSAVClassifier().fit(given, labels)
            assert clf.classes_.tolist() == [0, 1, 2, 3]
            np.testing.assert_allclose(clf.decision_function(X), wanted, atol=1e-4)


@pytest.mark.parametrize("name", ["ridge", "prototype"])
def test_probabilities_are_as_high_as_classes_are_frequent(name):
    rng = np.random.default_rng(3)
    Y = (rng.random((400, 3)) < [0.1, 0.3, 0.6]).astype(int)
    X = np.einsum("nc,ckd->nkd", Y, rng.normal(size=(3, 9, 12))) + rng.normal(size=(400, 9, 12))
    proba = clone(WAYS[name]).fit(X[:150], Y[:150]).predict_proba(X[150:])
    np.testing.assert_allclose(proba.mean(0), Y[150:].mean(0), atol=0.07)


def specialists(seed, per_class=3):
    """Clips of 6 classes; each class is in the vectors of three heads of its own, of 18."""
    rng = np.random.default_rng(seed)
    Y = (rng.random((300, 6)) < 0.3).astype(int)
    Y[:6] |= np.eye(6, dtype=int)
    known = np.repeat(np.eye(6), per_class, axis=1)  # (C, K)
    centres = 1.2 * rng.normal(size=(6, 6 * per_class, 8)) * known[:, :, None]
    noise = 2 * rng.normal(size=(300, 6 * per_class, 8))
    return np.einsum("nc,ckd->nkd", Y, centres) + noise, Y, known.T


@pytest.mark.parametrize("name", ["ridge", "prototype", "CALM"])
def test_weights_per_class_pay_where_heads_know_some_classes_only(name):
    gains = []
    for seed in range(5):
        X, Y, known = specialists(seed)
        precision = {}
        for alpha in (WAYS[name].alpha, np.inf):
            clf = clone(WAYS[name]).set_params(alpha=alpha, shrink_to="head")
            scores = clf.fit(X[:100], Y[:100]).decision_function(X[100:])
            precision[alpha] = average_precision_score(Y[100:], scores, average="macro")
            share = (clf.weights_ * known).sum(0).mean()  # of the heads that know the class
            assert share > 0.19 if alpha < np.inf else share == pytest.approx(1 / 6, abs=0.02)
        gains.append(precision[WAYS[name].alpha] - precision[np.inf])
    assert np.mean(gains) > 0.02 and min(gains) > 0


def test_equal_weights_where_no_head_is_reliable():
    Y = np.tile([[0, 1], [1, 0]], (6, 1))
    clf = MultiLabelCCSAVClassifier().fit(np.ones((12, 4, 3)), Y)
    np.testing.assert_allclose(clf.weights_, 0.25)
    assert np.isfinite(clf.predict_proba(np.ones((2, 4, 3)))).all()


def test_a_class_of_one_clip(clips):
    X, Y = clips
    Y = Y * [1, 1, 1, 0]
    Y[7, 3] = 1
    for way in WAYS.values():
        assert np.isfinite(clone(way).fit(X, Y).predict_proba(X)).all()


def test_wrong_labels_and_head_vectors(clips):
    X, Y = clips
    clf = MultiLabelCCSAVClassifier()
    for wrong in (Y[:, 0], Y[1:], 2 * Y, np.where(Y, np.nan, 0.0)):
        with pytest.raises(ValueError, match=r"Y must be 0 or 1 for each clip and class, \(80, "):
            clf.fit(X, wrong)
    table = pd.DataFrame(Y, columns=["dog", "rain", "siren", "bee"]).assign(rain=0, bee=1)
    with pytest.raises(ValueError, match=r"no clip, or every clip, has \['rain', 'bee'\]"):
        clf.fit(X, table)
    with pytest.raises(ValueError, match="NaN or infinite"):
        clf.fit(np.where(X > 2, np.nan, X), Y)
    with pytest.raises(ValueError, match="extract the same heads"):
        clone(clf).fit(X, Y).predict(X[:, 1:])
    with pytest.raises(NotFittedError):
        clone(clf).predict(X)


@pytest.mark.parametrize(
    "option",
    [
        {"readout": "both"},
        {"estimate": "x"},
        {"shrink_to": "class"},
        {"tau": 0},
        {"tau": "per-class"},
        {"penalty": 0},
        {"alpha": -1},
        {"tau_w": 0},
        {"top_k": 0},
    ],
)
def test_options_out_of_range(option, clips):
    ((name, value),) = option.items()
    with pytest.raises(ValueError, match=f"{name}={value!r}: choose one of"):
        MultiLabelCCSAVClassifier(**option).fit(*clips)
