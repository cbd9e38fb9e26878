import numpy as np

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
