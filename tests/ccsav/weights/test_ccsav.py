import numpy as np
import pytest

from ccsav import CCSAVClassifier
from ccsav.evaluation import metrics


def test_validation_clips(task):
    X, y = task
    names = np.array(["a", "b", "c"])[y]
    fitted = CCSAVClassifier(alpha=0).fit(X[:30], names[:30], X[30:60], names[30:60])
    assert not np.allclose(
        fitted.reliability_, CCSAVClassifier(alpha=0).fit(X[:30], names[:30]).reliability_
    )
    with pytest.raises(ValueError, match="X_val and y_val together"):
        CCSAVClassifier().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match=r"y has not: \['d'\]"):
        CCSAVClassifier().fit(X, names, X[:1], ["d"])
    with pytest.raises(ValueError, match="2 labels y_val for 1 clips"):
        CCSAVClassifier().fit(X, names, X[:1], ["a", "b"])


def test_class_conditional_weights_find_the_heads_of_one_class(task):
    """Each head tells one class from the rest: weights must differ by class."""
    _, y = task
    rng = np.random.default_rng(2)
    X = rng.normal(size=(90, 12, 8)).astype(np.float32)
    for k in range(12):
        X[y == k % 3, k] += 2 * rng.normal(size=8).astype(np.float32)
    weights = CCSAVClassifier(readout="prototype").fit(X[:60], y[:60]).weights_
    own = np.arange(12)[:, None] % 3 == np.arange(3)
    assert weights[own].mean() > 1.3 * weights[~own].mean()
    level = CCSAVClassifier(readout="prototype", alpha=np.inf).fit(X[:60], y[:60]).weights_
    np.testing.assert_allclose(level, level[:, :1] * np.ones(3), rtol=1e-5)


def test_probabilities_are_calibrated():
    rng = np.random.default_rng(0)
    y = np.arange(900) % 3
    X = rng.normal(size=(3, 12, 8))[y] + 4 * rng.normal(size=(900, 12, 8))
    errors = []
    for calibrate in (True, False):
        fitted = CCSAVClassifier(calibrate=calibrate).fit(X[:90], y[:90])
        proba = fitted.predict_proba(X[90:])
        right = fitted.classes_[proba.argmax(1)] == y[90:]
        errors.append(metrics.calibration_error(right, proba))
    assert errors[0] < 0.1
    assert errors[0] < errors[1]


def test_probabilities_stay_below_1_where_all_left_out_clips_were_right():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 5)
    X = rng.normal(size=(4, 12, 16))[y] + 0.1 * rng.normal(size=(20, 12, 16))
    fitted = CCSAVClassifier().fit(X, y)
    assert fitted.score(X, y) == 1
    strange = fitted.predict_proba(rng.normal(size=(200, 12, 16))).max(axis=1)
    assert np.median(strange) < 0.9  # similar to no class
    assert fitted.predict_proba(X).max(axis=1).min() > 0.9


@pytest.mark.parametrize(
    "options",
    [
        {"reliability": "unknown"},
        {"estimate": "unknown"},
        {"shrink_to": "zero"},
        {"tau": 0},
        {"tau": "unknown"},
        {"readout": "unknown"},
        {"penalty": 0},
        {"joint": 1},
        {"tau_w": -1},
        {"alpha": -1},
        {"top_k": 0},
    ],
)
def test_unknown_options(options, task):
    with pytest.raises(ValueError, match=next(iter(options))):
        CCSAVClassifier(**options).fit(*task)


@pytest.mark.parametrize("options", [{}, {"tau": 0.2, "alpha": 3, "tau_w": 0.5, "top_k": 2}])
def test_paper_and_calm_are_the_same(task, options):
    X, y = task
    paper, calm = CCSAVClassifier.paper(**options), CCSAVClassifier.calm(**options)
    assert paper.get_params() == calm.get_params()
    np.testing.assert_array_equal(
        paper.fit(X[:30], y[:30]).decision_function(X),
        calm.fit(X[:30], y[:30]).decision_function(X),
    )
