import numpy as np
import pytest
from sklearn.base import clone

from ccsav.evaluation import metrics
from ccsav_lab.baselines import BASELINES, best_head


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
