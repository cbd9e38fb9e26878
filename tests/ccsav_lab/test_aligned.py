"""Rows that stand beside one another are put in one order, or refused: never trusted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import ccsav
from ccsav_lab import ablate, aligned, modalities, plot
from ccsav_lab.explore import Explorer
from ccsav_lab.several_labels import evaluate_detectors
from ccsav_lab.sounds import tasks

QUESTION = "What sound is this?"


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def clips():
    return tasks.make(["bird", "dog", "siren"], clips=4, progress=False)


@pytest.fixture(scope="module")
def acts(mini, clips):
    return ccsav.extract(mini, clips, QUESTION, progress=False)


@pytest.fixture
def shuffled():
    return lambda x: np.random.default_rng(1).permutation(len(x))


@pytest.mark.slow
@pytest.mark.parametrize("what", ["right_by_rank", "right_changes"])
def test_answers_beside_the_vote(mini, clips, acts, shuffled, what):
    def measured(dataset, acts):
        last = [[40]] if what == "right_by_rank" else [["dog", "bird"], 30]
        draw = {"shots": 2, "n_episodes": 1, "clips": 2}
        return getattr(ablate, what)(mini, dataset, acts, QUESTION, *last, **draw)

    def same(one, other):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)

    true = measured(clips, acts)
    found = measured(clips.subset(shuffled(clips)), acts)
    same(*([x.to_numpy()] for x in (true, found)) if what == "right_by_rank" else (true, found))
    kept = np.arange(1, 12)  # the first clip was left out
    of_kept = measured(clips.subset(kept), acts[kept]), measured(clips, acts[kept])
    same(*([x.to_numpy()] for x in of_kept) if what == "right_by_rank" else of_kept)
    with pytest.raises(ValueError, match=r"1 clips of acts that dataset lacks: .*: give the same"):
        measured(clips.subset(kept), acts)


def test_clips_of_one_name_and_other_labels(acts, clips):
    other = clips.table["label"].replace({"dog": "bird", "bird": "dog"})
    with pytest.raises(ValueError, match=r"8 clips of dataset have another label in acts: "):
        aligned.dataset_of(acts, replace(clips, table=clips.table.assign(label=other)))


@pytest.mark.slow
def test_the_explorer_plays_the_clips_that_it_names(acts, clips, shuffled):
    one, other = Explorer(acts, clips), Explorer(acts, clips.subset(shuffled(clips)))
    assert [p.value for p in one.players] == [p.value for p in other.players]
    with pytest.raises(ValueError, match="clips of acts that dataset lacks"):
        Explorer(acts, clips.subset([0, 1]))


def test_modalities(acts, shuffled):
    noisy = replace(acts, X=acts.X + np.random.default_rng(0).normal(size=acts.X.shape))
    both = {"audio": acts, "video": noisy}
    mixed = {"audio": acts, "video": noisy[shuffled(acts.y)]}
    kinds, draw = ["a", "b", "c"], {"shots": 2, "n_episodes": 2}
    tables = [modalities.recalls_by_kind(given, kinds, **draw) for given in (both, mixed)]
    pd.testing.assert_frame_equal(*tables)
    gains = [modalities.gains_of_heads(x, "video", acts.labels) for x in (both, mixed)]
    pd.testing.assert_frame_equal(*gains)
    for less in ({"audio": acts, "video": noisy[1:]}, {"audio": acts[1:], "video": noisy}):
        with pytest.raises(ValueError, match=r"1 clips that (audio|video) lacks: "):
            modalities.recalls_by_kind(less, kinds, **draw)
    relabelled = {"audio": acts, "video": replace(noisy, y=noisy.y[::-1])}
    with pytest.raises(ValueError, match="audio and video differ in the labels of their clips"):
        modalities.gains_of_heads(relabelled, "video", acts.labels)


def shown(figure):
    """All numbers that a figure shows, in order; closes it."""
    plt.close(figure)
    meshes = [m.get_array() for ax in figure.axes for m in [*ax.collections, *ax.images]]
    points = [p for ax in figure.axes for c in ax.collections for p in [c.get_offsets()]]
    lines = [line.get_xydata() for ax in figure.axes for line in ax.lines]
    return np.concatenate([np.ma.filled(x, np.nan).ravel() for x in [*meshes, *points, *lines]
                           if x is not None])  # fmt: skip


@pytest.mark.parametrize(
    "draw",
    [
        plot.specialisation_map,
        plot.class_maps,
        plot.depth_map,
        plot.error_maps,
        lambda table, heads: plot.errors_of_heads(table[["a", "b"]], heads),
        lambda table, heads: plot.head_map(table["a"], heads, "recall (%)", 0.1),
        lambda table, heads: plot.accuracy_by_layer(table["a"], heads, 0.1),
        lambda table, heads: plot.depth_profile({"recall": table["a"]}, heads),
    ],
)
def test_tables_of_heads_in_another_order(acts, shuffled, draw):
    heads = acts.heads[6:18]
    table = np.random.default_rng(0).uniform(size=(len(heads), 3))
    table = pd.DataFrame(table, heads.index, ["a", "b", "c"])
    expected = shown(draw(table, heads))
    np.testing.assert_allclose(shown(draw(table.iloc[shuffled(heads)], heads)), expected)
    np.testing.assert_allclose(shown(draw(table.reset_index(drop=True), heads)), expected)
    with pytest.raises(ValueError, match="1 heads that the table lacks: 6"):
        draw(table[1:], heads)


def test_lengths_that_differ(acts):
    methods = {"SAV": ccsav.SAVClassifier(), "CCSAV": ccsav.MultiLabelCCSAVClassifier()}
    for measure in (ccsav.evaluate, ccsav.class_recalls):
        with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[12, 11\]"):
            measure(methods, acts.X, acts.y[1:], shots=2, n_episodes=1)
    Y = np.eye(3)[acts.y[1:]]
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[12, 11\]"):
        evaluate_detectors(methods, acts.X, Y, clips=6, n_episodes=1)
