import numpy as np
import pytest

import ccsav
from ccsav import CCSAVClassifier
from ccsav_lab import ablate

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
X = RNG.normal(size=(60, 10, 6)).astype(np.float32)
X[:, :7] += 1.2 * RNG.normal(size=(3, 7, 6))[Y]  # the last three heads know nothing
SUPPORT, QUERY = np.arange(18), np.arange(18, 60)


def fit(method=None):
    return (method or CCSAVClassifier()).fit(X[SUPPORT], Y[SUPPORT])


def test_pick():
    scores, layers = np.array([0.1, 0.9, 0.5, 0.7, 0.2, 0.3]), np.array([0, 0, 1, 1, 2, 2])
    assert ablate.pick(scores, 3).tolist() == [1, 3, 2]
    assert sorted(ablate.pick(scores, 2, "worst")) == [0, 4]
    drawn = {tuple(sorted(ablate.pick(scores, 2, "random", seed=s))) for s in range(40)}
    assert len(drawn) > 8
    for seed in range(10):
        alike = ablate.pick(scores, 3, "alike", layers, seed)
        assert sorted(layers[alike]) == [0, 1, 1]
        assert len(set(alike)) == 3
    for case, complaint in (
        ((7,), "from 1 to 6"),
        ((2, "good"), "which='good'"),
        ((2, "alike"), "needs layers"),
    ):
        with pytest.raises(ValueError, match=complaint):
            ablate.pick(scores, *case)


@pytest.mark.parametrize("lose", [False, True])
@pytest.mark.parametrize("which", ["best", "worst", "random"])
def test_some_heads(which, lose):
    some = ablate.SomeHeads(k=3, which=which, lose=lose).fit(X[SUPPORT], Y[SUPPORT])
    whole = fit()
    gone = some.heads_ if lose else np.setdiff1d(np.arange(10), some.heads_)
    np.testing.assert_array_equal(
        some.decision_function(X[QUERY]), whole.without(gone).decision_function(X[QUERY])
    )
    order = np.argsort(-whole.weights_.mean(1))
    expected = {"best": order[:3], "worst": order[-3:]}.get(which, some.heads_)
    assert set(some.heads_) == set(expected)


def test_some_heads_in_evaluate():
    methods = {which: ablate.SomeHeads(k=3, which=which) for which in ("best", "worst")}
    options = {"shots": [5], "n_episodes": 3, "progress": False}
    table = ccsav.summary(ccsav.evaluate(methods, X, Y, **options))["mean"]
    assert table["best", 5] > table["worst", 5] + 0.2
    random = ablate.SomeHeads(k=3, which="random")
    draws = [sorted(random.fit(X[i::3][:20], Y[i::2][:20]).heads_) for i in range(3)]
    assert len({tuple(d) for d in draws}) > 1
    assert draws[0] == sorted(random.fit(X[::3][:20], Y[::2][:20]).heads_)


def test_one_at_a_time():
    base = CCSAVClassifier.paper()
    variants = ablate.one_at_a_time(
        base, {"tau": [0.07, 0.2], "top_k": [None, 5], "joint": [1 / 3]}
    )
    assert list(variants) == ["base", "tau = 0.2", "top_k = 5", "joint = 0.333"]
    assert variants["base"] is base
    changed = variants["top_k = 5"].get_params()
    assert changed == base.get_params() | {"top_k": 5}


def test_recall_changes():
    names = np.array(["a", "b", "c"])[Y]
    clf = CCSAVClassifier().fit(X[SUPPORT], names[SUPPORT])
    changes = ablate.recall_changes(clf, X[QUERY], names[QUERY], k=4)
    left = clf.without(np.argsort(-clf.weights_[:, 1])[:4])
    c = names[QUERY] == "c"
    recall = [np.mean(m.predict(X[QUERY])[c] == "c") for m in (left, clf)]
    assert changes.shape == (3, 3)
    assert changes[1, 2] == pytest.approx(recall[0] - recall[1])
    some = ablate.recall_changes(clf, X[QUERY], names[QUERY], 4, of=["c", "a"])
    np.testing.assert_array_equal(some, changes[[2, 0]])
    missing = ablate.recall_changes(clf, X[QUERY][~c], names[QUERY][~c], k=4)
    assert np.isnan(missing[:, 2]).all()
    assert np.isfinite(missing[:, :2]).all()


def test_own_and_other():
    changes = np.stack([np.full((3, 3), -0.1), np.full((3, 3), -0.2)])
    changes[:, range(3), range(3)] = -0.5
    changes[0, 0, 0] = np.nan
    table = ablate.own_and_other(changes).pivot(index="episode", columns="method", values="change")
    np.testing.assert_allclose(table["own class"], [-0.5, -0.5])
    np.testing.assert_allclose(table["other classes"], [-0.1, -0.2])
    gap = ccsav.compare(ablate.own_and_other(changes), "other classes", "change")
    assert gap.loc[("own class", 0), "mean"] == pytest.approx(-0.35)
    rows = ablate.own_and_other(changes[1])
    assert rows["episode"].nunique() == 3
