import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.clips.dataset import DatasetError
from ccsav_lab.pseudo_labels import majority, pseudo_labels, relabelled
from ccsav_lab.sounds import tasks
from ccsav_lab.zero_shot import MCQ, answers, match, options, rankings, zero_shot

LABELS = ["dog_bark", "dog", "rain", "Church bells"]


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def named():
    """Two clips of each of six sounds that the mini LALM has a word for."""
    some = tasks.sounds_trained(clips=2, progress=False)
    return some.subset(np.isin(some.table["label"], some.labels[::8]))


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("Rain.", "rain"),
        ("It is a DOG!", "dog"),
        ("a dog bark", "dog_bark"),
        ("church  bells, far away", "Church bells"),
        ("a dog in the rain", None),
        ("rainy", None),
        ("", None),
        ("silence", None),
    ],
)
def test_matching(answer, label):
    assert match(answer, LABELS) == label


def test_options():
    drawn = [options(f"clip {i}", "rain", LABELS, 3) for i in range(200)]
    assert all(len(set(some)) == 3 and "rain" in some for some in drawn)
    firsts = [some.index("rain") for some in drawn]
    assert all(40 < firsts.count(place) < 95 for place in range(3))
    assert {label for some in drawn for label in some} == set(LABELS)
    assert options("clip 7", "rain", LABELS, 3) == drawn[7]
    assert [options(f"clip {i}", "rain", LABELS, 3, seed=1) for i in range(200)] != drawn
    with pytest.raises(ValueError, match="5 options with 'rain' among them cannot be had from 4"):
        options("clip", "rain", LABELS, 5)
    with pytest.raises(ValueError, match="'cat' among them"):
        options("clip", "cat", LABELS, 2)


@pytest.mark.parametrize("by", ["answer", "rank"])
@pytest.mark.parametrize("protocol", ["open", "mcq"])
def test_the_mini_lalm_names_sounds(mini, named, protocol, by):
    table = zero_shot(mini, named, protocol=protocol, by=by, batch_size=5, progress=False)
    assert (table["predicted"] == table["label"]).mean() > 0.7
    assert table["path"].tolist() == named.table["path"].tolist()
    assert ("answer" in table) == (by == "answer")
    assert ("options" in table) == (protocol == "mcq")
    if protocol == "mcq":
        for row in table.itertuples():
            assert row.label in row.options and len(row.options) == 4
            assert pd.isna(row.predicted) or row.predicted in row.options


def test_batches_do_not_matter(mini, named):
    questions = [None] * len(named)
    one, five = (rankings(mini, named, questions, LABELS, n, progress=False) for n in (1, 5))
    np.testing.assert_allclose(one, five, atol=1e-3)
    one, five = (answers(mini, named, questions, n, progress=False) for n in (1, 5))
    assert one == five


def test_every_clip_is_asked_its_own_question(mini, named):
    asked = [MCQ.format(options=", ".join(some)) for some in (["rain", "siren"], ["piano", "dog"])]
    pair = named.subset([0, 1])
    scores = rankings(mini, pair, asked, ["rain", "piano"], progress=False)
    swapped = rankings(mini, pair, asked[::-1], ["rain", "piano"], progress=False)
    assert np.abs(scores - swapped).max() > 0.01
    alone = rankings(mini, pair.subset([1]), asked[1:], ["rain", "piano"], progress=False)
    np.testing.assert_allclose(scores[1:], alone, atol=1e-3)


def test_what_does_not_fit(mini, named):
    with pytest.raises(ValueError, match="choose 'open' or 'mcq'"):
        zero_shot(mini, named, protocol="closed")
    with pytest.raises(ValueError, match="choose 'open' or 'mcq', 'answer' or 'rank'"):
        zero_shot(mini, named, by="guess")
    with pytest.raises(ValueError, match=r"a question that holds \{options\}"):
        zero_shot(mini, named, question="What is it?", protocol="mcq")


def test_clips_that_do_not_fit_are_named(mini, named):
    long = ccsav.Dataset.from_arrays([np.zeros(80_000, np.float32)], 16_000, ["rain"])
    with pytest.raises(ValueError, match=r"clip 0: 5\.00 s is longer than the model's window"):
        zero_shot(mini, long, named.labels, progress=False)


def test_majority_counts_failed_answers():
    assert majority(["rain", None, "rain", "dog", None]) == ("rain", 0.4)
    assert majority([None, None]) == (None, 0.0)
    assert majority(["dog", "rain"]) == ("dog", 0.5)


def test_pseudo_labels_feed_the_ordinary_pipeline(mini, named, tmp_path):
    unlabelled = ccsav.Dataset.from_arrays(
        [named.waveform(i, 16_000) for i in range(len(named))], 16_000, groups=range(len(named))
    )
    table = pseudo_labels(mini, unlabelled, named.labels, n_answers=3, progress=False)
    again = pseudo_labels(mini, unlabelled, named.labels, n_answers=3, progress=False)
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
