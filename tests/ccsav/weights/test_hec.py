"""HEC against its formulas written out, and its closed forms against refits."""

import numpy as np
import pytest
import torch

from ccsav import HECClassifier, load_classifier, save_classifier
from ccsav.weights.hec import discriminants


@pytest.fixture
def clips():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [5, 7, 4])
    X = rng.normal(size=(16, 5, 6)) + 2 * np.eye(3, 6)[y][:, None] * np.arange(5)[:, None] / 4
    return X, y


def written_out(X, y, query, tau=10.0):
    """Posteriors of one head, (N, D), (N,), (M, D) → (M, C), by the formula as it is written."""
    U, Q = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (X, query))
    mu = np.stack([U[y == c].mean(0) for c in np.unique(y)])
    within = U - mu[y]
    S, N, D = within.T @ within, len(y), X.shape[1]
    P = D * np.linalg.inv(S + np.trace(S) / (N - 1) * np.eye(D))
    d = Q[:, None] - mu  # (M, C, D)
    logits = -0.5 * np.einsum("mcd,de,mce->mc", d, P, d) + np.log(np.bincount(y) / N)
    p = np.exp(logits / tau)
    return p / p.sum(1, keepdims=True)


def test_posteriors_and_choice_of_heads_are_those_of_the_formula(clips):
    X, y = clips
    each = np.stack([written_out(X[:, k], y, X[:, k]) for k in range(5)])  # (K, N, C)
    success = each[:, np.arange(16), y].mean(1)
    hec = HECClassifier(top_k=2).fit(X, y)
    np.testing.assert_allclose(hec.success_, success, rtol=1e-4)
    best = np.argsort(-success)[:2]
    assert set(np.flatnonzero(hec.weights_[:, 0])) == set(best)
    np.testing.assert_allclose(hec.decision_function(X), each[best].mean(0), rtol=1e-4)


@pytest.mark.parametrize("dim", [4, 40])  # fewer and more numbers than clips
def test_left_out_scores_are_those_of_refits(dim):
    rng = np.random.default_rng(1)
    y = torch.tensor(np.repeat([0, 1, 2], [5, 7, 4]))
    X = torch.tensor(rng.normal(size=(16, 3, dim)) + np.eye(3, dim)[y][:, None])
    _, _, scores = discriminants(X, y, 3, 1.0, True)
    for i in range(16):
        kept = torch.arange(16) != i
        coef, intercept, _ = discriminants(X[kept], y[kept], 3, 1.0, False)
        u = torch.nn.functional.normalize(X[i], dim=-1)  # (K, D)
        wanted = torch.softmax(torch.einsum("kd,kdc->kc", u, coef) + intercept, -1)
        torch.testing.assert_close(torch.softmax(scores[i], -1), wanted, rtol=1e-5, atol=1e-6)


def test_leave_one_out_can_choose_other_heads():
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1], 6)
    X = rng.normal(size=(12, 2, 30))
    X[:, 0] /= 10
    X[:, 0, 0] = 1.0  # a head without information, whose clips a discriminant can fit
    X[:, 1, 0] += 1.5 * np.where(y == 0, 1, -1)
    resubstituted = HECClassifier(top_k=1).fit(X, y)
    left_out = HECClassifier(top_k=1, estimate="leave-one-out").fit(X, y)
    assert left_out.weights_[:, 0].tolist() == [0, 1]
    assert (left_out.success_ < resubstituted.success_).all()


def test_one_clip_per_class_gives_the_nearest_mean(clips):
    X, y = clips
    first = np.array([0, 5, 12])
    U = X / np.linalg.norm(X, axis=-1, keepdims=True)
    for estimate in ("resubstitution", "leave-one-out"):
        hec = HECClassifier(top_k=1, estimate=estimate).fit(X[first], y[first])
        k = int(hec.weights_[:, 0].argmax())
        nearest = np.linalg.norm(U[:, None, k] - U[first, k], axis=-1).argmin(1)
        assert hec.predict(X).tolist() == nearest.tolist()


def test_a_class_of_one_clip_among_others(clips):
    X, y = clips
    kept = np.r_[0:12, 12]
    hec = HECClassifier(estimate="leave-one-out").fit(X[kept], y[kept])
    assert np.isfinite(hec.success_).all() and np.isfinite(hec.predict_proba(X)).all()


def test_it_can_be_saved_and_pruned(clips, tmp_path):
    X, y = clips
    hec = HECClassifier(top_k=3).fit(X, y)
    pruned = hec.prune(2)
    assert len(pruned.heads_) == 2
    fewer = HECClassifier(top_k=2).fit(X, y)
    wanted = fewer.decision_function(X)
    np.testing.assert_allclose(pruned.decision_function(X[:, pruned.heads_]), wanted, rtol=1e-6)
    loaded = load_classifier(save_classifier(hec, tmp_path / "hec.safetensors"))
    np.testing.assert_array_equal(loaded.decision_function(X), hec.decision_function(X))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top_k": 0}, "top_k=0: choose at least 1"),
        ({"tau": 0}, "tau=0: choose at least"),
        ({"penalty": -1}, "penalty=-1: choose at least"),
        ({"estimate": "x"}, "estimate='x': choose one of"),
    ],
)
def test_options_out_of_range(options, message, clips):
    with pytest.raises(ValueError, match=message):
        HECClassifier(**options).fit(*clips)
