import numpy as np
import pytest
from sklearn.base import clone

from ccsav import CCSAVClassifier, SAVClassifier
from ccsav.evaluation import metrics
from ccsav_lab.baselines import BASELINES, RandomHeads, best_head


@pytest.fixture(params=[2, 4], ids=["two classes", "four classes"])
def task(request):
    """Head 2 of 5 knows the classes; head 3 says the same of every clip."""
    rng = np.random.default_rng(0)
    y = np.array([*"abcd"])[np.arange(120) % request.param]
    X = rng.normal(size=(120, 5, 6))
    X[:, 2] += 4 * rng.normal(size=(4, 6))[np.unique(y, return_inverse=True)[1]]
    X[:, 3] = 1
    return X.astype(np.float32), y


# discriminant analysis needs two clips of a class
CASES = [(name, n) for name in BASELINES for n in (1, 5) if n > 1 or "discriminant" not in name]


@pytest.mark.parametrize(("name", "shots"), CASES)
def test_baselines(task, name, shots):
    X, y = task
    support = np.arange(shots * len(set(y)))
    fitted = clone(BASELINES[name]).fit(X[support], y[support])
    assert fitted.classes_.tolist() == sorted(set(y))
    result = metrics.score(fitted, X[60:], y[60:])
    assert (result["equal_error_rate"] >= 0) == (len(set(y)) == 2)
    assert 0 <= result["macro_f1"] <= 1
    if shots == 5:
        assert result["accuracy"] > (0.9 if "best" in name else 0.6)
        if "best" in name:
            assert fitted.head_ == 2


def test_a_head_that_never_changes_is_never_the_best(task):
    X, y = task
    assert best_head(X[:, [3, 0]], y) == 1


def test_unknown_heads(task):
    X, y = task
    broken = clone(BASELINES["ridge, all heads"]).set_params(heads="worst")
    with pytest.raises(ValueError, match="heads='worst': choose 'all' or 'best'"):
        broken.fit(X, y)


def test_random_heads_vote_as_calm_does(task):
    X, y = task
    fitted = clone(BASELINES["CALM, 20 random heads"]).set_params(n_heads=3).fit(X[:40], y[:40])
    assert len(set(fitted.heads_)) == 3
    calm = CCSAVClassifier.calm().fit(X[:40, fitted.heads_], y[:40])
    scores = calm.decision_function(X[40:, fitted.heads_])
    np.testing.assert_array_equal(fitted.decision_function(X[40:]), scores)
    np.testing.assert_array_equal(fitted.predict(X[40:]), calm.predict(X[40:, fitted.heads_]))
    proba = fitted.predict_proba(X[40:])
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)


def test_the_draw_of_heads(task):
    X, y = task

    def drawn(n_heads=2, seed=0, clips=40):
        return tuple(RandomHeads(n_heads=n_heads, seed=seed).fit(X[:clips], y[:clips]).heads_)

    assert drawn() == drawn()
    assert len({drawn(seed=seed) for seed in range(20)}) > 4
    assert len({drawn(clips=clips) for clips in range(20, 40)}) > 4  # of each episode its own
    assert {head for seed in range(40) for head in drawn(seed=seed)} == set(range(5))
    assert drawn(n_heads=20) == (0, 1, 2, 3, 4)


def test_random_heads_are_an_estimator(task):
    X, y = task
    estimator = RandomHeads(SAVClassifier(n_heads=2), n_heads=3, seed=7)
    assert estimator.get_params()["classifier__n_heads"] == 2
    copied = clone(estimator).set_params(classifier__n_heads=1)
    assert copied.fit(X, y).classifier_.heads_.shape == (1,)
    assert estimator.classifier.n_heads == 2 and not hasattr(estimator.classifier, "heads_")
    with pytest.raises(ValueError, match="X has 4 heads, not the 5 of `fit`"):
        copied.predict(X[:, :4])
    with pytest.raises(ValueError, match="n_heads=0: choose at least 1"):
        RandomHeads(n_heads=0).fit(X, y)
