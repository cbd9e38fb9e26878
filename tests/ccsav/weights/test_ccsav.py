import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from ccsav import CCSAVClassifier, SAVClassifier
from ccsav.evaluation import metrics
from ccsav.weights import arrays

BOTH = pytest.mark.parametrize("classifier", [CCSAVClassifier(), SAVClassifier(n_heads=4)])


@pytest.fixture
def task():
    """Three classes in 12 heads of which the first half know them: X (90, 12, 8), y (90,)."""
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    centres = rng.normal(size=(3, 12, 8))
    centres[:, 6:] = 0
    return (centres[y] + rng.normal(size=(90, 12, 8))).astype(np.float32), y


@BOTH
def test_learns_and_follows_the_conventions(classifier, task):
    X, y = task
    names = np.array(["bark", "meow", "moo"])[y]
    fitted = clone(classifier).fit(X[:30], names[:30])
    assert fitted.score(X[30:], names[30:]) > 0.8
    assert fitted.classes_.tolist() == ["bark", "meow", "moo"]
    assert set(fitted.predict(X)) <= set(names)
    proba = fitted.predict_proba(X)
    assert proba.shape == (90, 3)
    np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-5)
    np.testing.assert_array_equal(fitted.classes_[proba.argmax(1)], fitted.predict(X))
    assert clone(classifier).get_params() == classifier.get_params()
    with pytest.raises(NotFittedError):
        clone(classifier).predict(X)


@BOTH
def test_model_selection_tools(classifier, task):
    X, y = task
    assert cross_val_score(classifier, X, y, cv=3).mean() > 0.7
    grid = {"n_heads": [1, 6]} if isinstance(classifier, SAVClassifier) else {"tau": [0.05, 0.2]}
    search = GridSearchCV(classifier, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.7
    assert search.predict(X).shape == (90,)


@BOTH
def test_numpy_and_torch_and_half_precision_agree(classifier, task):
    X, y = task
    a = clone(classifier).fit(X[:30], y[:30]).decision_function(X)
    b = clone(classifier).fit(torch.as_tensor(X[:30]), y[:30]).decision_function(torch.as_tensor(X))
    np.testing.assert_allclose(a, b, rtol=1e-6)
    half = X.astype(np.float16)
    c = clone(classifier).fit(half[:30], y[:30])
    assert np.mean(c.predict(half) == a.argmax(1)) > 0.97


@BOTH
def test_chunks_change_nothing(classifier, task, monkeypatch):
    X, y = task
    whole = clone(classifier).fit(X, y)
    monkeypatch.setattr(arrays, "CHUNK", 1)
    parts = clone(classifier).fit(X, y)
    np.testing.assert_allclose(parts.decision_function(X), whole.decision_function(X), atol=2e-5)


@BOTH
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite(classifier, task, bad):
    X, y = task
    broken = X.copy()
    broken[3, 2, 1] = bad
    with pytest.raises(ValueError, match="X has 1 numbers that are NaN or infinite"):
        clone(classifier).fit(broken, y)
    with pytest.raises(ValueError, match="NaN or infinite"):
        clone(classifier).fit(X, y).predict(broken)


@BOTH
def test_shapes_that_do_not_fit(classifier, task):
    X, y = task
    with pytest.raises(ValueError, match=r"\(clips, heads, numbers\), but is \(90, 96\)"):
        clone(classifier).fit(X.reshape(90, -1), y)
    with pytest.raises(ValueError, match=r"but is \(0, 12, 8\)"):
        clone(classifier).fit(X[:0], y[:0])
    with pytest.raises(ValueError, match=r"one label per clip, \(90,\), but has \(89,\)"):
        clone(classifier).fit(X, y[:-1])
    fitted = clone(classifier).fit(X, y)
    for other in (X[:, :5], X[:, :, :5]):
        with pytest.raises(ValueError, match="extract the same heads"):
            fitted.predict(other)


@BOTH
def test_one_class(classifier, task):
    X, y = task
    with pytest.raises(ValueError, match=r"one class only, \[0\]"):
        clone(classifier).fit(X, np.zeros_like(y))


def test_a_class_of_one_clip_gets_the_mean_over_the_other_classes(task):
    X, y = task
    few = np.r_[0, 1, 2, 4, 5, 7, 8]  # class 0 once, classes 1 and 2 three times
    r = CCSAVClassifier(alpha=0).fit(X[few], y[few]).reliability_
    np.testing.assert_allclose(r[:, 0], r[:, 1:].mean(1), rtol=1e-5)
    assert not np.allclose(r[:, 1], r[:, 2])


def test_one_shot_falls_back_to_resubstitution(task):
    X, y = task
    one = CCSAVClassifier(0.07, alpha=0, tau_w=1).fit(X[:3], y[:3])
    paper = CCSAVClassifier.paper(0.07).fit(X[:3], y[:3])
    np.testing.assert_allclose(one.weights_, paper.weights_, rtol=1e-6)
    assert one.score(X, y) > 0.5


def test_one_shot_with_groups_trusts_heads_that_do_not_go_by_them():
    rng = np.random.default_rng(0)
    y, speaker = np.tile(np.arange(8), 20), rng.integers(0, 4, 160)
    noise = rng.normal(size=(160, 10, 16))
    X = noise + 0.6 * rng.normal(size=(8, 10, 16))[y]
    X[:, 5:] = noise[:, 5:] + 2 * rng.normal(size=(4, 5, 16))[speaker]  # these know the speakers
    one = slice(0, 8)
    told = CCSAVClassifier().fit(X[one], y[one], groups=speaker[one])
    untold = CCSAVClassifier().fit(X[one], y[one])
    assert told.weights_[5:].sum() < 0.5 * untold.weights_[5:].sum()
    assert told.score(X[8:], y[8:]) > untold.score(X[8:], y[8:]) + 0.05


def test_leave_one_out_does_not_flatter_useless_heads(task):
    X, y = task
    honest = CCSAVClassifier(alpha=0).fit(X[:12], y[:12]).reliability_[6:].mean()
    flattered = CCSAVClassifier.paper().fit(X[:12], y[:12]).reliability_[6:].mean()
    assert honest < 0.6 * flattered


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


def test_heads_without_weight_do_not_vote(task):
    X, y = task
    fitted = CCSAVClassifier(top_k=2).fit(X, y)
    idle = ~fitted.weights_.any(axis=1)
    assert idle.any()
    changed = X.copy()
    changed[:, idle] = 1
    np.testing.assert_allclose(
        fitted.decision_function(changed), fitted.decision_function(X), rtol=1e-6
    )


@pytest.mark.parametrize("options", [{}, {"joint": 0}, {"readout": "prototype", "joint": 0}])
def test_a_pruned_classifier_needs_fewer_heads_and_answers_as_one_fitted_so(task, options):
    X, y = task
    whole = CCSAVClassifier(**options).fit(X[:30], y[:30])
    pruned = whole.prune(2)
    few = CCSAVClassifier(top_k=2, **options).fit(X[:30], y[:30])
    assert len(pruned.heads_) == pruned.n_heads_in_ <= 2 * 3
    assert (pruned.weights_ > 0).sum(axis=0).tolist() == [2, 2, 2]
    np.testing.assert_allclose(
        pruned.decision_function(X[:, pruned.heads_]), few.decision_function(X), atol=1e-6
    )
    np.testing.assert_allclose(pruned.predict_proba(X[:, pruned.heads_]).sum(1), 1, rtol=1e-5)
    assert pruned.score(X[:, pruned.heads_], y) > 0.8
    with pytest.raises(ValueError, match="k=0: keep at least 1 head"):
        whole.prune(0)
    again = pruned.prune(1)
    np.testing.assert_array_equal(again.heads_, whole.prune(1).heads_)
    assert whole.n_heads_in_ == 12 and whole.weights_.shape == (12, 3)  # as it was
    everyone = whole.prune(12)
    np.testing.assert_allclose(everyone.decision_function(X), whole.decision_function(X), atol=1e-6)


def test_groups_are_left_out_where_enough_is_left(task):
    """Half of the heads know only the clip's source: single clips left out do not show that."""
    X, y = task
    rng = np.random.default_rng(1)
    source = np.arange(90) // 30
    X = X.copy()
    X[:, 6:] = rng.normal(size=(9, 6, 8))[3 * source + y] + 0.1 * rng.normal(size=(90, 6, 8))
    blind = CCSAVClassifier().fit(X, y)
    told = CCSAVClassifier().fit(X, y, groups=source)
    assert blind.weights_[6:].sum() > 1
    assert told.weights_[6:].sum() < 0.1
    few = np.r_[0:6, 30:36]  # too few clips outside of a group
    a = CCSAVClassifier().fit(X[few], y[few], groups=source[few])
    b = CCSAVClassifier().fit(X[few], y[few])
    np.testing.assert_array_equal(a.weights_, b.weights_)
    with pytest.raises(ValueError, match=r"groups has shape \(2,\) for 90 clips"):
        CCSAVClassifier().fit(X, y, groups=[0, 1])


def test_class_conditional_weights_find_the_heads_that_know_one_class(task):
    """Each head knows one class from the rest: weights must differ by class."""
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


def test_probabilities_leave_room_for_doubt_where_the_support_set_left_none():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 5)
    X = rng.normal(size=(4, 12, 16))[y] + 0.1 * rng.normal(size=(20, 12, 16))
    fitted = CCSAVClassifier().fit(X, y)
    assert fitted.score(X, y) == 1
    strange = fitted.predict_proba(rng.normal(size=(200, 12, 16))).max(axis=1)
    assert np.median(strange) < 0.9  # nothing like any class
    assert fitted.predict_proba(X).max(axis=1).min() > 0.9


@pytest.mark.parametrize(
    "options",
    [
        {"reliability": "luck"},
        {"estimate": "guess"},
        {"shrink_to": "zero"},
        {"tau": 0},
        {"tau": "warm"},
        {"readout": "telepathy"},
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
    with pytest.raises(ValueError, match="n_heads=0"):
        SAVClassifier(n_heads=0).fit(*task)


def test_sav_tie_goes_to_the_class_voted_first():
    mu = np.eye(3, dtype=np.float32)
    X = np.stack([mu, mu], axis=1)  # (3 classes, 2 heads, 3 numbers)
    sav = SAVClassifier(n_heads=2).fit(X, ["a", "b", "c"])
    sav.heads_ = np.array([1, 0])
    clip = np.stack([mu[0], mu[2]])[None]  # head 0 votes a, head 1 votes c; head 1 is the better
    assert sav.predict(clip).tolist() == ["c"]
    assert sav.decision_function(clip).argsort()[0].tolist() == [1, 0, 2]


class Flat(ClassifierMixin, BaseEstimator):
    """The classifier on 2-D X, each column a number of one head: what scikit-learn can check."""

    def __init__(self, inner=None):
        self.inner = inner

    def fit(self, X, y):
        X, y = validate_data(self, X, y)
        self.fitted_ = clone(self.inner).fit(X[:, None], y)
        self.classes_ = self.fitted_.classes_
        return self

    def predict(self, X):
        check_is_fitted(self)
        return self.fitted_.predict(validate_data(self, X, reset=False)[:, None])

    def predict_proba(self, X):
        check_is_fitted(self)
        return self.fitted_.predict_proba(validate_data(self, X, reset=False)[:, None])


@parametrize_with_checks(
    [Flat(CCSAVClassifier()), Flat(CCSAVClassifier.paper()), Flat(SAVClassifier())]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_a_pruned_classifier_takes_its_heads_without_the_others_padding(task):
    X, y = task
    X = X.copy()
    X[:, 4:] *= 0.01
    X[:, :4, 5:] = 0  # the heads that are kept are shorter
    rng = np.random.default_rng(0)
    X[:, 4:] += rng.normal(size=X[:, 4:].shape)  # and the longer ones know nothing
    clf = CCSAVClassifier().fit(X, y)
    small = clf.prune(1)
    assert small.heads_.max() < 4
    assert small.head_dim_ == 5
    fresh = X[:, small.heads_, :5]  # as `extract` gives them, padded to the longest of them
    np.testing.assert_array_equal(small.predict(fresh), small.predict(X[:, small.heads_]))
    with pytest.raises(ValueError, match="extract the same heads"):
        small.predict(X[:, small.heads_, :4])
    with pytest.raises(ValueError, match="extract the same heads"):
        small.predict(X[:, small.heads_] + 1)
