import numpy as np
import pandas as pd
import pytest
import torch

import ccsav
from ccsav import CCSAVClassifier
from ccsav_lab import ablate
from ccsav_lab.sounds import render, tasks

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
X = RNG.normal(size=(60, 10, 6)).astype(np.float32)
X[:, :7] += 1.2 * RNG.normal(size=(3, 7, 6))[Y]  # the last three heads know nothing
SUPPORT, QUERY = np.arange(18), np.arange(18, 60)
HEADWISE = pytest.mark.parametrize(  # each head by itself: as if the others had never been there
    "method",
    [CCSAVClassifier.paper(), CCSAVClassifier(joint=0), CCSAVClassifier(joint=0, alpha=0)],
    ids=["paper", "no joint vote", "no shrinkage"],
)


def fit(method=None):
    return (method or CCSAVClassifier()).fit(X[SUPPORT], Y[SUPPORT])


# ---- in the vote


@HEADWISE
@pytest.mark.parametrize("heads", [3, [0, 4, 9], np.arange(10) < 8])
def test_without_is_as_if_they_had_never_been(method, heads):
    rest = np.delete(np.arange(10), heads if np.ndim(heads) == 0 else np.arange(10)[heads])
    left = ablate.without(fit(method), heads).decision_function(X[QUERY])
    never = method.fit(X[SUPPORT][:, rest], Y[SUPPORT]).decision_function(X[QUERY][:, rest])
    np.testing.assert_allclose(left, never, atol=2e-6)


def test_without_renormalises_each_class_and_leaves_the_original():
    clf = fit()
    kept = {name: np.copy(value) for name, value in vars(clf).items()}
    left = ablate.without(clf, [2, 5])
    w = np.delete(clf.weights_, [2, 5], axis=0)
    np.testing.assert_allclose(np.delete(left.weights_, [2, 5], axis=0), w / w.sum(0), rtol=1e-5)
    assert not left.weights_[[2, 5]].any()
    assert not left.joint_coef_[[2, 5]].any()
    share = clf.weights_.sum(1) / clf.weights_.sum()
    assert left.joint_tau_ == pytest.approx(clf.joint_tau_ * (1 - share[[2, 5]].sum()), rel=1e-5)
    for name, value in kept.items():
        np.testing.assert_array_equal(getattr(clf, name), value, name)


def test_what_removed_heads_say_is_not_heard():
    left = ablate.without(fit(), [1, 6])
    other = X[QUERY].copy()
    other[:, [1, 6]] = RNG.normal(size=(42, 2, 6))
    np.testing.assert_array_equal(left.decision_function(other), left.decision_function(X[QUERY]))
    assert not np.allclose(fit().predict_proba(other), fit().predict_proba(X[QUERY]))


def test_without_agrees_with_prune_where_classes_share_their_heads():
    clf = fit(CCSAVClassifier(alpha=np.inf))  # the same weights for all classes
    worst = np.argsort(clf.reliability_[:, 0])[:6]
    np.testing.assert_allclose(
        ablate.without(clf, worst).decision_function(X[QUERY]),
        clf.prune(4).decision_function(X[QUERY][:, clf.prune(4).heads_]),
        atol=2e-6,
    )


def test_a_class_that_loses_all_its_voters():
    clf = fit(CCSAVClassifier(top_k=1))
    best = clf.weights_.argmax(0)
    left = ablate.without(clf, best[0])
    rest = np.delete(np.arange(10), best[0])
    np.testing.assert_allclose(left.weights_[rest, 0], 1 / 9, rtol=1e-5)
    np.testing.assert_allclose(left.weights_.sum(0), 1, rtol=1e-5)
    alone = ablate.without(clf, np.setdiff1d(np.arange(10), 9))  # a head of no weight at all
    assert np.isfinite(alone.predict_proba(X[QUERY])).all()


@pytest.mark.parametrize(
    ("heads", "complaint"),
    [
        (range(10), "all 10 are removed and nobody is left"),
        ([10], "whole numbers from 0 to 9"),
        ([-1], "whole numbers from 0 to 9"),
        ([0.5], "whole numbers from 0 to 9"),
        (np.zeros(9, bool), r"a mask of shape \(9,\) for 10 heads"),
    ],
)
def test_without_complains(heads, complaint):
    with pytest.raises(ValueError, match=complaint):
        ablate.without(fit(), heads)


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
        some.decision_function(X[QUERY]), ablate.without(whole, gone).decision_function(X[QUERY])
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
    left = ablate.without(clf, np.argsort(-clf.weights_[:, 1])[:4])
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


@pytest.fixture
def logits(mini, wave):
    """What the model thinks of the first token of the answer, (V,), as a function."""
    inputs, _ = mini.inputs([wave], [mini.prompt("What sound is this?")])
    inputs.pop("position_ids")

    def forward():
        with torch.inference_mode(), mini._encoder_fits(inputs):
            return mini.model(**inputs).logits[0, -1]

    return forward


def hooks(lalm):
    return [m for m in lalm.heads["module"] if lalm.model.get_submodule(m)._forward_pre_hooks]


@pytest.mark.parametrize("positions", ["last", "prompt"])
def test_a_head_s_own_vector_changes_nothing(mini, wave, logits, positions):
    own = mini.head_vectors([wave], "What sound is this?", "decoder")[0]  # (K, D)
    intact = logits()
    with ablate.silenced(mini, "decoder", own, positions):
        torch.testing.assert_close(logits(), intact, atol=1e-4, rtol=1e-4)
    with ablate.silenced(mini, "decoder", own + 0.1, positions):
        assert not torch.allclose(logits(), intact, atol=1e-2)


def test_zero_takes_the_head_s_slice_of_the_projection_away(mini, wave, logits):
    row = mini.heads.query("kind == 'decoder' and layer == 3 and head == 2")
    vector = mini.head_vectors([wave], "What sound is this?", row)[0, 0]  # (D,)
    projection = mini.model.get_submodule(row["module"].iloc[0])
    seen = []
    handle = projection.register_forward_hook(lambda m, args, out: seen.append(out[0]))
    logits()
    with ablate.silenced(mini, row):
        logits()
    handle.remove()
    dim = int(row["dim"].iloc[0])
    part = projection.weight[:, 2 * dim : 3 * dim] @ vector  # what the head adds
    torch.testing.assert_close(seen[0][-1] - seen[1][-1], part, atol=1e-5, rtol=1e-4)
    assert part.abs().max() > 1e-2
    torch.testing.assert_close(seen[0][:-1], seen[1][:-1])  # the positions before: untouched


def test_positions(mini, wave):
    row = mini.heads.query("kind == 'decoder' and layer == 1 and head == 5")
    inputs, _ = mini.inputs([wave], [mini.prompt("What sound is this?")])
    projection = mini.model.get_submodule(row["module"].iloc[0])
    dim = int(row["dim"].iloc[0])
    for positions in ablate.model.POSITIONS:
        seen = []
        with ablate.silenced(mini, row, positions=positions):
            handle = projection.register_forward_pre_hook(
                lambda m, args, to=seen: to.append(args[0][0].unflatten(-1, (-1, dim)))
            )  # (T, H, dim), after the silencing
            said = mini.say(inputs, max_new_tokens=3)
            handle.remove()
        assert len(said) == 1
        prompt, *steps = [(x == 0).all(-1) for x in seen]  # (T, H)
        assert len(prompt) > 1
        assert steps
        assert prompt[-1, 5]
        assert prompt[:-1, 5].all() == (positions == "all")
        assert all(step.shape[0] == 1 and step[0, 5] == (positions != "prompt") for step in steps)
        assert not torch.cat([prompt, *steps])[:, [0, 4, 6]].any()


def test_values_in_several_layers(mini, wave):
    """Values are given row by row, whatever the order of the heads."""
    heads = [40, 3, 17, 2]
    values = torch.randn(4, 64)
    with ablate.silenced(mini, heads, values):
        read = mini.head_vectors([wave, wave[:8000]], "What sound is this?", heads)
    dim = mini.heads["dim"].iloc[0]
    for clip in read:
        torch.testing.assert_close(clip, values[:, :dim])


def test_encoder_heads_are_silenced_everywhere(mini, wave):
    for positions in ("last", "prompt"):
        with (
            pytest.raises(ValueError, match=r'the encoder: choose positions="all"'),
            ablate.silenced(mini, "all", positions=positions),
        ):
            pass
    intact = mini.head_vectors([wave], heads="encoder")
    with ablate.silenced(mini, [50], positions="all"):
        read = mini.head_vectors([wave], heads="encoder")
    assert not read[:, 2].any()
    assert intact[:, 2].any()
    assert not hooks(mini)


def test_afterwards_the_model_is_as_it_was(mini, logits):
    intact, print_ = logits(), mini.fingerprint
    weights = {name: w.clone() for name, w in mini.model.state_dict().items()}
    with pytest.raises(KeyError, match="stop"), ablate.silenced(mini, "decoder"):
        assert hooks(mini)
        assert mini.fingerprint != print_
        raise KeyError("stop")
    assert not hooks(mini)
    assert mini.fingerprint == print_
    assert torch.equal(logits(), intact)
    for name, w in mini.model.state_dict().items():
        assert torch.equal(w, weights[name]), name


def test_nested(mini, logits):
    intact, print_ = logits(), mini.fingerprint
    with ablate.silenced(mini, [8, 9]):
        both = logits()
    with ablate.silenced(mini, [8]):
        one = mini.fingerprint
        with ablate.silenced(mini, [9]):
            assert torch.equal(logits(), both)
            assert len({mini.fingerprint, one, print_}) == 3
        assert mini.fingerprint == one
        assert not torch.equal(logits(), both)
    assert torch.equal(logits(), intact)


def test_a_cache_tells_silenced_head_vectors_from_intact_ones(mini, tmp_path):
    data = tasks.make(["dog", "rain"], clips=1, progress=False)

    def last_layer():
        options = {"heads": range(40, 48), "cache": tmp_path, "progress": False}
        return ccsav.extract(mini, data, "What sound is this?", **options).X

    intact = last_layer()
    with ablate.silenced(mini, range(8, 24)):
        changed = last_layer()
    with ablate.silenced(mini, range(8, 24), np.ones((16, 32))):
        otherwise = last_layer()
    assert not np.allclose(changed, intact, atol=1e-2)
    assert not np.allclose(changed, otherwise, atol=1e-2)
    np.testing.assert_array_equal(last_layer(), intact)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"heads": [99]}, "some of 0 to 71"),
        ({"heads": "cross"}, "no heads of kind"),
        ({"heads": [0], "positions": "first"}, "positions='first': choose one of"),
        ({"heads": [0, 1], "values": np.zeros((1, 32))}, r"a row for each head, \(2, 32\)"),
        ({"heads": [0, 1], "values": np.zeros((2, 31))}, r"but has \(2, 31\)"),
        ({"heads": [0, 1], "values": np.zeros(32)}, r"but has \(32,\)"),
    ],
)
def test_silenced_complains(mini, arguments, complaint):
    with pytest.raises(ValueError, match=complaint), ablate.silenced(mini, **arguments):
        pass
    assert not hooks(mini)


def test_both_families_cross_attention_too(lalm, waves):
    kinds = [kind for kind in lalm.heads["kind"].unique() if kind != "encoder"]
    for kind in kinds:
        with ablate.silenced(lalm, kind):
            assert not lalm.head_vectors(waves[:2], heads=kind).any()
        assert lalm.head_vectors(waves[:2], heads=kind).any()


def test_answers(mini, wave):
    names = ["dog", "rain", "piano"]
    waves = [render(name, 987_654).waveform for name in names]
    question = "What sound is this?"
    cases = {"none but the first layer": {"heads": range(8, 48)}, ("one", 1): {"heads": [20]}}
    table = ablate.answers(mini, waves, question, cases)
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == ["intact", "none but the first layer", ("one", 1)]
    assert table["intact"].tolist() == mini.answer(waves, question)
    with ablate.silenced(mini, range(8, 48)):
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
        with ablate.silenced(mini, acts.heads.iloc[heads], means, "prompt"):
            heard = np.mean([said == "bird" for said in mini.answer(birds, question)])
        before = np.mean([said == "bird" for said in mini.answer(birds, question)])
        assert words[0, 1] == pytest.approx(heard - before)
    with pytest.raises(ValueError, match=r"classes has \['owl'\]"):
        ablate.right_changes(mini, data, acts, question, ["owl"], 3)
