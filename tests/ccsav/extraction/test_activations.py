import dataclasses

import numpy as np
import pytest

import ccsav
from tests.ccsav.extraction.helpers import run


def test_activations(lalm, dataset):
    acts = run(lalm, dataset, batch_size=5)
    assert acts.X.dtype == np.float16
    assert acts.X.shape == (12, len(lalm.select()), lalm.select()["dim"].max())
    assert acts.labels[acts.y].tolist() == dataset.table["label"].tolist()
    assert acts.groups is None
    assert acts.skipped.empty
    assert acts.heads["module"].tolist() == lalm.select()["module"].tolist()
    assert acts.provenance["prompts"] == [lalm.prompt()]
    for i in (0, 5, 11):  # sorting by length and batching put each clip back in its place
        alone = lalm.head_vectors([dataset.waveform(i, lalm.rate)])[0]
        np.testing.assert_allclose(acts.X[i], alone, rtol=2e-3, atol=2e-3)


def test_unlabelled_clips_with_groups_from_memory(whisper, waves):
    acts = run(whisper, ccsav.Dataset.from_arrays(waves[:3], 16_000, groups=["a", "b", "b"]))
    assert acts.y is None
    assert acts.groups.tolist() == ["a", "b", "b"]
    assert len(acts.labels) == 0


def test_sets_of_heads(whisper, dataset):
    acts = run(whisper, dataset.subset([0]), heads="all")
    kinds = acts.heads["kind"]
    sets = acts.head_sets()
    assert list(sets) == ["decoder heads", "all heads"]
    assert sets["decoder heads"].tolist() == kinds.isin(["decoder", "cross"]).tolist()
    assert sets["all heads"].tolist() == [True] * len(kinds)
    assert list(run(whisper, dataset.subset([0])).head_sets()) == ["decoder heads"]
    assert list(run(whisper, dataset.subset([0]), heads="encoder").head_sets()) == ["all heads"]


def test_some_of_the_clips(whisper, dataset):
    acts = run(whisper, dataset)
    for clips in (slice(2, 5), [4, 2, 2], acts.y == 1, np.array([0]), 3, -1):
        some, rows = acts[clips], np.atleast_1d(np.arange(12)[clips])
        np.testing.assert_array_equal(some.X, acts.X[rows])
        assert some.y.tolist() == acts.y[rows].tolist()
        assert some.table["path"].tolist() == acts.table["path"].iloc[rows].tolist()
        assert some.labels.tolist() == acts.labels.tolist() and some.groups is None
    assert acts[:0].X.shape == (0, *acts.X.shape[1:])
    with pytest.raises(IndexError):
        acts[acts.y[:5] == 1]


def test_some_of_the_heads(whisper, dataset):
    acts = run(whisper, dataset, heads="all")
    mask = (acts.heads["layer"] == 0).to_numpy()
    same = (mask, np.flatnonzero(mask), acts.heads[mask], acts.heads[mask].sample(frac=1))
    for heads in same[:3]:
        some = acts.with_heads(heads)
        np.testing.assert_array_equal(some.X, acts.X[:, mask])
        assert some.heads["module"].tolist() == acts.heads["module"][mask].tolist()
    shuffled = acts.with_heads(same[3])
    np.testing.assert_array_equal(shuffled.X, acts.X[:, same[3].index])
    cross = acts.with_heads("cross").with_heads([1])
    np.testing.assert_array_equal(cross.X, acts.X[:, acts.heads["kind"] == "cross"][:, [1]])
    with pytest.raises(ValueError, match="no heads of kind"):
        acts.with_heads("cross").with_heads("encoder")


def test_parts_of_other_clips_are_refused(whisper, dataset):
    acts = run(whisper, dataset)
    with pytest.raises(ValueError, match=r"not of the same clips: .*'X': 5.*Choose clips by acts"):
        dataclasses.replace(acts, X=acts.X[:5])
