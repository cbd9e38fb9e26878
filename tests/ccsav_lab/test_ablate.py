import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav import CCSAVClassifier
from ccsav_lab import ablate
from ccsav_lab.sounds import render, tasks

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
X = RNG.normal(size=(60, 10, 6)).astype(np.float32)
X[:, :7] += 1.2 * RNG.normal(size=(3, 7, 6))[Y]  # the last three heads know nothing
SUPPORT, QUERY = np.arange(18), np.arange(18, 60)


def fit(method=None):
    return (method or CCSAVClassifier()).fit(X[SUPPORT], Y[SUPPORT])


# ---- in the vote


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


# ---- in the model


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def wave():
    return render("dog", 987_654).waveform


def test_answers(mini, wave):
    names = ["dog", "rain", "piano"]
    waves = [render(name, 987_654).waveform for name in names]
    question = "What sound is this?"
    cases = {"none but the first layer": {"heads": range(8, 48)}, ("one", 1): {"heads": [20]}}
    table = ablate.answers(mini, waves, question, cases)
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == ["intact", "none but the first layer", ("one", 1)]
    assert table["intact"].tolist() == mini.answer(waves, question)
    with mini.silenced(range(8, 48)):
        assert table["none but the first layer"].tolist() == mini.answer(waves, question)
    assert not table["intact"].equals(table["none but the first layer"])


@pytest.fixture(scope="module")
def named(mini):
    """Six sounds that it has words for, four clips each, and their decoder heads."""
    names = ["bird", "car", "dog", "piano", "rain", "siren"]
    data = tasks.make(names, clips=4, progress=False)
    return data, ccsav.extract(mini, data, "What sound is this?", progress=False)


def test_right_by_rank(mini, named):
    data, acts = named
    options = {"shots": 2, "n_episodes": 2, "clips": 6, "seed": 3}
    table = ablate.right_by_rank(mini, data, acts, "What sound is this?", [1, 40], **options)
    kinds = [f"{which} {k}" for which in ("best", "alike", "random") for k in (1, 40)]
    assert table["method"].tolist() == 2 * ["intact", *kinds]
    shares = table.pivot(index="episode", columns="method", values="accuracy")
    assert shares["best 40"].mean() < shares["intact"].mean()
    zeros = ablate.right_by_rank(
        mini, data, acts, "What sound is this?", [48], to="zeros", **options
    )
    assert zeros.query("method != 'intact'").groupby("episode")["accuracy"].nunique().eq(1).all()
    with pytest.raises(ValueError, match="to='noise'"):
        ablate.right_by_rank(mini, data, acts, None, [1], to="noise")


def test_right_changes(mini, named):
    data, acts = named
    question, classes = "What sound is this?", ["dog", "bird", "siren"]
    options = {"shots": 2, "n_episodes": 2, "clips": 2, "seed": 5}
    voted, spoken = ablate.right_changes(mini, data, acts, question, classes, 36, **options)
    assert voted.shape == spoken.shape == (2, 3, 3)
    drawn = ccsav.episodes(acts.y, shots=2, n_episodes=2, seed=5)
    for (support, query), vote, words in zip(drawn, voted, spoken, strict=True):
        clf = CCSAVClassifier().fit(acts.X[support], acts.y[support])
        order = [acts.labels.tolist().index(c) for c in classes]
        whole = ablate.recall_changes(clf, acts.X[query], acts.y[query], 36)
        np.testing.assert_allclose(vote, whole[np.ix_(order, order)])
        heads = ablate.pick(clf.weights_[:, order[0]], 36)  # the best for "dog"
        birds = [data.waveform(i, 16_000) for i in query[acts.y[query] == order[1]]]
        means = acts.X.mean(0, dtype=np.float32)[heads]
        with mini.silenced(acts.heads.iloc[heads], means, "prompt"):
            heard = np.mean([said == "bird" for said in mini.answer(birds, question)])
        before = np.mean([said == "bird" for said in mini.answer(birds, question)])
        assert words[0, 1] == pytest.approx(heard - before)
    with pytest.raises(ValueError, match=r"classes has \['owl'\]"):
        ablate.right_changes(mini, data, acts, question, ["owl"], 3)
