import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.clips.dataset import DatasetError
from ccsav_lab.pseudo_labels import from_answers, majority, relabelled
from ccsav_lab.sounds import CLASSES, tasks


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def named():
    """Two clips of each of six sounds that the mini LALM was trained to name."""
    return tasks.make(sorted(CLASSES.index[~CLASSES["held_out"]])[::8], clips=2, progress=False)


def test_majority_counts_failed_answers():
    assert majority(["rain", None, "rain", "dog", None]) == ("rain", 0.4)
    assert majority([None, None]) == (None, 0.0)
    assert majority(["dog", "rain"]) == ("dog", 0.5)


def test_pseudo_labels_feed_the_ordinary_pipeline(mini, named, tmp_path):
    unlabelled = ccsav.Dataset.from_arrays(
        [named.waveform(i, 16_000) for i in range(len(named))], 16_000, groups=range(len(named))
    )
    table = from_answers(mini, unlabelled, named.labels, n_answers=3, progress=False)
    again = from_answers(mini, unlabelled, named.labels, n_answers=3, progress=False)
    pd.testing.assert_frame_equal(table, again)
    assert set(table["confidence"] * 3) <= {0.0, 1.0, 2.0, 3.0}
    assert table["answers"].map(len).eq(3).all()
    truth = named.table["label"]
    sure = table["confidence"] == 1
    assert (table["label"] == truth.to_numpy())[sure].mean() > 0.7
    dataset = relabelled(unlabelled, table, confidence=2 / 3)
    assert (dataset.table["confidence"] > 0.6).all()
    acts = ccsav.extract(mini, dataset, progress=False)
    assert ccsav.CCSAVClassifier().fit(acts.X, acts.y).score(acts.X, acts.y) > 0.9
    assert (
        relabelled(named, table.assign(path=named.table["path"]), 0)
        .table["true_label"]
        .notna()
        .all()
    )


def test_relabelling_goes_by_place(named):
    """A part of a longer table keeps its index; labels must not slip to other clips by it."""
    table = named.table[["path", "label"]].assign(confidence=1.0)
    rows = np.array([5, 3, 8])
    new = relabelled(named.subset(rows), table.iloc[rows])
    assert (new.table["label"] == new.table["true_label"]).all()
    assert new.table["path"].tolist() == table["path"][rows].tolist()


def test_pseudo_labels_that_cannot_be_used(named):
    table = pd.DataFrame({"path": named.table["path"], "label": None, "confidence": 0.0})
    with pytest.raises(DatasetError, match=r"no pseudo-label has a confidence of 0\.5"):
        relabelled(named, table)
    with pytest.raises(ValueError, match="a row for each clip"):
        relabelled(named, table[::-1])
