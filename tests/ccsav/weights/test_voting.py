import numpy as np
import pytest

from ccsav import CCSAVClassifier

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
X = RNG.normal(size=(60, 10, 6)).astype(np.float32)
X[:, :7] += 1.2 * RNG.normal(size=(3, 7, 6))[Y]  # the last three heads are noise
SUPPORT, QUERY = np.arange(18), np.arange(18, 60)
HEADWISE = pytest.mark.parametrize(  # where no head depends on the others
    "method",
    [CCSAVClassifier.calm(), CCSAVClassifier(joint=0), CCSAVClassifier(joint=0, alpha=0)],
    ids=["CALM", "no joint vote", "no shrinkage"],
)


def fit(method=None):
    return (method or CCSAVClassifier()).fit(X[SUPPORT], Y[SUPPORT])


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
def test_a_pruned_classifier_predicts_as_one_fitted_with_top_k(task, options):
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
    unpruned = whole.prune(12)
    np.testing.assert_allclose(unpruned.decision_function(X), whole.decision_function(X), atol=1e-6)


def test_a_pruned_classifier_takes_its_heads_without_the_others_padding(task):
    X, y = task
    X = X.copy()
    X[:, 4:] *= 0.01
    X[:, :4, 5:] = 0  # the heads that are kept are shorter
    rng = np.random.default_rng(0)
    X[:, 4:] += rng.normal(size=X[:, 4:].shape)  # and the longer ones are noise
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


@HEADWISE
@pytest.mark.parametrize("heads", [3, [0, 4, 9], np.arange(10) < 8])
def test_without_is_as_if_fitted_without_them(method, heads):
    rest = np.delete(np.arange(10), heads if np.ndim(heads) == 0 else np.arange(10)[heads])
    left = fit(method).without(heads).decision_function(X[QUERY])
    refitted = method.fit(X[SUPPORT][:, rest], Y[SUPPORT]).decision_function(X[QUERY][:, rest])
    np.testing.assert_allclose(left, refitted, atol=2e-6)


def test_without_renormalises_each_class_and_leaves_the_original():
    clf = fit()
    kept = {name: np.copy(value) for name, value in vars(clf).items()}
    left = clf.without([2, 5])
    w = np.delete(clf.weights_, [2, 5], axis=0)
    np.testing.assert_allclose(np.delete(left.weights_, [2, 5], axis=0), w / w.sum(0), rtol=1e-5)
    assert not left.weights_[[2, 5]].any()
    assert not left.joint_coef_[[2, 5]].any()
    share = clf.weights_.sum(1) / clf.weights_.sum()
    assert left.joint_tau_ == pytest.approx(clf.joint_tau_ * (1 - share[[2, 5]].sum()), rel=1e-5)
    for name, value in kept.items():
        np.testing.assert_array_equal(getattr(clf, name), value, name)


def test_head_vectors_of_removed_heads_change_nothing():
    left = fit().without([1, 6])
    other = X[QUERY].copy()
    other[:, [1, 6]] = RNG.normal(size=(42, 2, 6))
    np.testing.assert_array_equal(left.decision_function(other), left.decision_function(X[QUERY]))
    assert not np.allclose(fit().predict_proba(other), fit().predict_proba(X[QUERY]))


def test_without_agrees_with_prune_where_classes_share_their_heads():
    clf = fit(CCSAVClassifier(alpha=np.inf))  # the same weights for all classes
    worst = np.argsort(clf.reliability_[:, 0])[:6]
    np.testing.assert_allclose(
        clf.without(worst).decision_function(X[QUERY]),
        clf.prune(4).decision_function(X[QUERY][:, clf.prune(4).heads_]),
        atol=2e-6,
    )


def test_a_class_that_loses_all_its_voters():
    clf = fit(CCSAVClassifier(top_k=1))
    best = clf.weights_.argmax(0)
    left = clf.without(best[0])
    rest = np.delete(np.arange(10), best[0])
    np.testing.assert_allclose(left.weights_[rest, 0], 1 / 9, rtol=1e-5)
    np.testing.assert_allclose(left.weights_.sum(0), 1, rtol=1e-5)
    alone = clf.without(np.setdiff1d(np.arange(10), 9))  # a head of no weight at all
    assert np.isfinite(alone.predict_proba(X[QUERY])).all()


@pytest.mark.parametrize(
    ("heads", "complaint"),
    [
        (range(10), "all 10 are removed; leave at least one"),
        ([10], "whole numbers from 0 to 9"),
        ([-1], "whole numbers from 0 to 9"),
        ([0.5], "whole numbers from 0 to 9"),
        (np.zeros(9, bool), r"or a mask \(10,\)"),
    ],
)
def test_without_complains(heads, complaint):
    with pytest.raises(ValueError, match=complaint):
        fit().without(heads)


def test_without_keeps_the_calibration_and_can_be_repeated():
    clf = fit()
    left = clf.without([1, 6])
    assert left.calibration_ == clf.calibration_
    np.testing.assert_allclose(left.predict_proba(X[QUERY]).sum(axis=1), 1, rtol=1e-5)
    one_by_one = clf.without(1).without(6)
    np.testing.assert_allclose(
        one_by_one.decision_function(X[QUERY]), left.decision_function(X[QUERY]), atol=1e-5
    )
    np.testing.assert_allclose(clf.without([]).weights_, clf.weights_, rtol=1e-6)
    mask = np.isin(np.arange(10), [1, 6])
    np.testing.assert_array_equal(clf.without(mask).weights_, left.weights_)


@pytest.mark.parametrize("reliability", ["margin_clamped", "prob_softmax"])
def test_kept_votes_sum_to_one_and_the_others_are_zero(reliability):
    clf = fit(CCSAVClassifier(reliability=reliability, top_k=2))
    assert ((clf.weights_ > 0).sum(axis=0) == 2).all()
    np.testing.assert_allclose(clf.weights_.sum(axis=0), 1, rtol=1e-6)
