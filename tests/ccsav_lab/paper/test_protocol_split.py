import numpy as np
import pytest

import ccsav
from ccsav.clips.dataset import DatasetError
from ccsav_lab.paper import first_seconds, split_of
from ccsav_lab.paper.protocol_split import limit_questions
from tests.ccsav_lab.paper.test_protocol import dataset


def test_options_in_questions_about_any_dataset():
    labels = list("abcde") * 8
    clips = dataset(label=labels, fold=[1] * 15 + [2] * 25, group=[f"g{i // 5}" for i in range(40)])
    split = split_of(clips, "mine", seed=1)
    table = split.questions
    assert table["part"].value_counts().to_dict() == {"train": 25, "test": 15}  # fold 1 is tested
    assert (clips.table["fold"].to_numpy()[table["clip"]] == 1).tolist() == (
        table["part"] == "test"
    ).tolist()
    for row in table.itertuples():
        assert row.label == labels[row.clip] and row.label in row.options
        assert len(set(row.options)) == 4
        assert all(option in row.question for option in row.options)
    assert table["source"].tolist() == [f"g{i // 5}" for i in table["clip"]]
    few = split_of(clips, most=2, limit=1).questions
    assert few["part"].value_counts().to_dict() == {"train": 10, "test": 5}
    given = split_of(clips, train=range(10), test=[30, 31]).questions
    assert given["clip"].tolist() == [*range(10), 30, 31]
    with pytest.raises(DatasetError, match="no column `split` or `fold`"):
        split_of(dataset(label=list("ab")))


def test_a_question_for_each_of_several_labels():
    clips = dataset(labels=["a", "a; b", "b", "c; d; e"] * 2, split=["train"] * 4 + ["eval"] * 4)
    table = split_of(clips).questions
    assert table["clip"].tolist() == [0, 1, 1, 2, 3, 3, 3, 4, 5, 5, 6, 7, 7, 7]
    own = clips.table["labels"].str.split("; ").iloc[table["clip"]]
    for row, labels in zip(table.itertuples(), own, strict=True):
        assert set(row.options) & set(labels) == {row.label}  # the others are wrong options


def test_a_limit_for_each_class():
    clips = dataset(label=list("abc") * 10, split=["train"] * 15 + ["test"] * 15)
    split = split_of(clips)
    limited = limit_questions(split, 2)
    counts = limited.questions.groupby(["part", "label"]).size().unstack()
    assert counts.loc["test"].tolist() == [2, 2, 2] and counts.loc["train"].tolist() == [5, 5, 5]
    other = limit_questions(split, 2, seed=1)
    assert limited.questions["clip"].tolist() != other.questions["clip"].tolist()


def test_the_beginning_of_clips_that_are_too_long():
    lalm = ccsav.load_lalm("mini", device="cpu")
    waves = [np.sin(0.1 * np.arange(n * 16_000)) for n in (1, 5)]
    clips = ccsav.Dataset.from_arrays(waves, 16_000, ["a", "b"])
    with pytest.raises(ValueError, match="longer than the model's window"):
        ccsav.extract(lalm, clips, progress=False)
    cut = first_seconds(clips, lalm.window)
    assert [cut.seconds(i) for i in range(2)] == [1.0, lalm.window]
    acts = ccsav.extract(lalm, cut.subset([1, 0]), progress=False)
    wanted = ccsav.Dataset.from_arrays([waves[1][: round(16_000 * lalm.window)]], 16_000)
    same = ccsav.extract(lalm, wanted, progress=False)
    assert np.allclose(acts.X[0], same.X[0], atol=1e-2)
