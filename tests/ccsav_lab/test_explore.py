import base64

import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav_lab import explore, sounds, specialise
from ccsav_lab.explore.tuning import FRESH
from ccsav_lab.sounds.tasks import make

WIDGET = "application/vnd.jupyter.widget-view+json"
PNG = b"\x89PNG"


def acts_of(X, y, labels, groups=None):
    """Made-up head vectors, (N, K, D), in the form that `extract` gives."""
    n, k, _ = X.shape
    heads = pd.DataFrame(
        {"layer": np.arange(k) // 2, "head": np.arange(k) % 2, "kind": "decoder"}
    ).rename_axis("index")
    table = pd.DataFrame({"path": [f"clip {i}" for i in range(n)]})
    return ccsav.HeadActivations(
        X, y, np.array(labels), groups, heads, table, table.iloc[:0], {"model": "made up"}
    )


@pytest.fixture
def acts():
    """Three heads: the first tells three classes apart, the second only "ant", the third none."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 6)
    means = rng.normal(size=(3, 8))
    X = 0.2 * rng.normal(size=(18, 3, 8))
    X[:, 0] += means[y]
    X[:, 1] += np.where(y[:, None] == 0, means[0], means[1])
    X[:, 2] = means[0]
    return acts_of(X.astype(np.float32), y, ["ant", "bat", "cat"])


@pytest.fixture
def clips():
    rng = np.random.default_rng(1)
    waves = [0.1 * rng.normal(size=3200).astype(np.float32) for _ in range(18)]
    return ccsav.Dataset.from_arrays(waves, 16_000, np.repeat(["ant", "bat", "cat"], 6))


def one_head_by_hand(acts, head, tau):
    """Posteriors of every clip by prototypes without it, clip by clip."""
    X, y = acts.X[:, head].astype(float), acts.y
    rows = []
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        mu = np.array([X[rest & (y == c)].mean(axis=0) for c in range(3)])
        cos = mu @ X[i] / np.linalg.norm(mu, axis=1) / np.linalg.norm(X[i])
        p = np.exp((cos - cos.max()) / tau)
        rows.append(p / p.sum())
    return np.array(rows)


def test_votes_are_left_out_posteriors_at_the_likeliest_temperature(acts):
    posteriors = explore.votes(acts, 1)
    grid = np.geomspace(0.01, 1, 400)
    likely = [np.log(one_head_by_hand(acts, 1, t)[np.arange(18), acts.y]).mean() for t in grid]
    expected = one_head_by_hand(acts, 1, grid[np.argmax(likely)])
    np.testing.assert_allclose(posteriors, expected, atol=0.01)
    np.testing.assert_allclose(
        explore.votes(acts, 2), 1 / 3, atol=1e-6
    )  # the same vector for all clips


def test_votes_name_what_is_missing(acts):
    with pytest.raises(ValueError, match="head=3"):
        explore.votes(acts, 3)
    with pytest.raises(ValueError, match="single clip"):
        explore.votes(acts_of(acts.X[::6], acts.y[::6], acts.labels), 0)
    with pytest.raises(ValueError, match="no labels"):
        explore.votes(acts_of(acts.X, None, acts.labels), 0)


def test_the_menus_change_what_is_shown(acts, clips):
    explorer = explore.Explorer(acts, clips, "ant")
    assert explorer.head.value == explorer.best_heads("ant")[0]
    before, played = bytes(explorer.picture.value), bytes(explorer.players[0].value)
    assert before.startswith(PNG)

    explorer.label.value = "cat"
    assert bytes(explorer.picture.value).startswith(PNG)
    assert bytes(explorer.picture.value) != before
    assert bytes(explorer.players[0].value) != played
    shown = explorer.clips()
    p = explore.votes(acts, explorer.head.value)[:, 2]
    assert shown["clip"].tolist()[:3] == np.argsort(-p, kind="stable")[:3].tolist()
    least = 12 + np.argsort(p[12:])[:3]
    assert shown["clip"].tolist()[3:] == least.tolist()
    assert (shown["label"].iloc[3:] == "cat").all()
    assert explorer.captions[0].value == f"A  {shown['label'].iloc[0]}"

    before = bytes(explorer.picture.value)
    explorer.head.value = 2
    assert bytes(explorer.picture.value) != before
    np.testing.assert_allclose(explorer.votes(), 1 / 3, atol=1e-6)


def test_another_class_sorts_the_heads_anew_and_keeps_the_chosen_one(acts, clips):
    explorer = explore.Explorer(acts, clips, "ant", head=1)
    table = specialise.probe(acts)
    for label in ("cat", "ant", "bat"):
        explorer.label.value = label
        assert explorer.head.value == 1
        listed = [k for _, k in explorer.head.options]
        assert sorted(listed) == [0, 1, 2]
        assert np.all(np.diff(table[label].to_numpy()[listed]) <= 0)
        text = dict((k, t) for t, k in explorer.head.options)[1]
        assert text == f"decoder 0.1, recall {100 * table.loc[1, label]:.0f} %"


def test_a_page_without_a_kernel_gets_the_picture(acts, clips):
    explorer = explore.Explorer(acts, clips, head=0)
    bundle = explorer._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {WIDGET, "image/png", "text/plain"}
    assert base64.b64decode(bundle["image/png"]) == bytes(explorer.picture.value)
    assert bundle["text/plain"] == "Explorer of decoder 0.0 for class 'ant'"
    explorer.label.value = "bat"
    later = explorer._repr_mimebundle_()
    assert later["image/png"] != bundle["image/png"] and "'bat'" in later["text/plain"]
    assert bundle[WIDGET]["model_id"] == explorer.view.model_id


def test_classes_of_few_clips_hide_the_unused_players(acts, clips):
    few = np.r_[0:8, 12:18]  # two bats
    fewer = acts_of(acts.X[few], acts.y[few], acts.labels)
    fewer.table["path"] = [f"clip {i}" for i in few]
    explorer = explore.Explorer(fewer, clips, "bat")
    assert [v.layout.display for v in explorer._captioned] == [None] * 5 + ["none"]
    explorer.label.value = "ant"
    assert {v.layout.display for v in explorer._captioned} == {None}
    np.testing.assert_array_equal(explorer._waveform(13), clips.waveforms[17])  # by its path


def test_the_explorer_fits_wide_and_narrow_pages(acts, clips):
    menus, picture, *players = explore.Explorer(acts, clips).view.children
    assert picture.layout.align_self == "flex-start"  # otherwise it is stretched and blurred
    assert picture.layout.max_width == "calc(100% - 4px)"  # 4 px: its margins
    assert {row.layout.flex_flow for row in (menus, *players)} == {"row wrap"}


def test_the_explorer_names_what_is_wrong(acts, clips):
    with pytest.raises(ValueError, match="label='dog': choose one of"):
        explore.Explorer(acts, clips, "dog")
    with pytest.raises(ValueError, match="head=7: choose"):
        explore.Explorer(acts, clips, head=7)
    with pytest.raises(ValueError, match="clips of acts that dataset lacks"):
        explore.Explorer(acts, clips.subset(np.arange(9)))


@pytest.fixture(scope="module")
def swept(qwen):
    return explore.sweep(
        qwen, "xylophone", "pitch", [500, 1000], clips=3, seconds=0.5, rate_hz=6, progress=False
    )


@pytest.fixture(scope="module")
def pair(qwen):
    clips = make(["xylophone", "kettle"], clips=4, seconds=0.5, progress=False)
    return ccsav.extract(qwen, clips, heads="all", progress=False)


def test_a_sweep_changes_one_parameter(qwen, swept):
    assert swept.table["value"].tolist() == [500] * 3 + [1000] * 3
    assert swept.table["clip"].tolist() == [0, 1, 2] * 2
    wave = sounds.render("xylophone", FRESH + 2, seconds=0.5, pitch=1000, rate_hz=6)
    expected = qwen.head_vectors([wave.waveform], heads="all")[0]
    np.testing.assert_allclose(swept.X[5], expected, atol=5e-3)


def test_a_sweep_reaches_the_recording(qwen):
    swept = explore.sweep(qwen, "kettle", "snr_db", [-10, 30], clips=2, seconds=0.5, progress=False)
    conditions = sounds.Conditions(snr_db=-10)
    wave = sounds.render("kettle", FRESH, seconds=0.5, conditions=conditions)
    expected = qwen.head_vectors([wave.waveform], heads="all")[0]
    np.testing.assert_allclose(swept.X[0], expected, atol=5e-3)


def test_a_sweep_needs_values_and_known_parameters(qwen):
    with pytest.raises(ValueError, match="at least 2 clips"):
        explore.sweep(qwen, "kettle", "pitch", [100], clips=1)
    with pytest.raises(ValueError, match="give a value"):
        explore.sweep(qwen, "kettle", "pitch", [])
    with pytest.raises(ValueError, match="has no"):
        explore.sweep(qwen, "kettle", "wings", [2], clips=2, progress=False)


@pytest.mark.parametrize("kind", ["posterior", "score"])
def test_responses_are_those_of_the_heads_alone(swept, pair, kind):
    y = pair.labels[pair.y]
    clf = ccsav.CCSAVClassifier(readout="prototype", joint=0).fit(pair.X, y)
    table = explore.responses(clf, swept, "xylophone", [5, 1], kind)
    assert table.columns.tolist() == ["value", "clip", "head", "response"]
    assert table.groupby(["value", "clip", "head"]).size().eq(1).all()
    for head in (5, 1):
        x = swept.X[:, head].astype(float)
        mu = [pair.X[y == c, head].astype(float).mean(axis=0) for c in ("kettle", "xylophone")]
        mu = np.array([m / np.linalg.norm(m) for m in mu])
        cos = x @ mu.T / np.linalg.norm(x, axis=1, keepdims=True)
        expected = cos[:, 1]
        if kind == "posterior":
            expected = 1 / (1 + np.exp((cos[:, 0] - cos[:, 1]) / clf.tau_[0, head]))
        np.testing.assert_allclose(
            table.loc[table["head"] == head, "response"], expected, atol=2e-3
        )


def test_responses_name_what_is_wrong(swept, pair):
    clf = ccsav.CCSAVClassifier.calm().fit(pair.X, pair.labels[pair.y])
    with pytest.raises(ValueError, match="label='bee': choose one of"):
        explore.responses(clf, swept, "bee", [0])
    with pytest.raises(ValueError, match="kind='vote'"):
        explore.responses(clf, swept, "kettle", [0], kind="vote")


def test_heads_have_short_names(acts):
    assert explore.head_names(acts.heads).tolist() == ["decoder 0.0", "decoder 0.1", "decoder 1.0"]
