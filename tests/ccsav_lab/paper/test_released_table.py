import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

import ccsav
from ccsav_lab.methods import METHODS
from ccsav_lab.paper import fill_released, read_released, write_lists
from ccsav_lab.paper.released_table import caution_of_lists, notes_on_lists
from tests.ccsav_lab.paper.test_spoofing import write_scores


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.mark.parametrize("data", ["esc50", "vggsound", "audioset", "asvspoof2019"])
def test_every_form_end_to_end(mini, tmp_path, data):
    folder = write_lists(tmp_path / "lists", data, shots=3, test=2)
    split = read_released(folder)
    if data == "asvspoof2019":
        write_scores(folder)
    options = {"batch_size": 8, "cache": tmp_path / "heads"}
    table = fill_released(mini, split, tmp_path / "out", **options)
    for heads in ("decoder heads", "all heads"):
        assert set(table.loc[heads].index) == set(METHODS)
        chance = 1 / split.questions["label"].nunique()
        assert (table.loc[heads, "accuracy"] > chance + 0.05).all()
    zero_shot = table.loc["", "accuracy"]
    assert zero_shot.index.tolist() == ["zero-shot, options, answer", "zero-shot, options, rank"]
    assert zero_shot.between(0, 1).all()
    assert table["accuracy_interval"].isna().all()  # one support set
    spoofing = {"equal_error_rate", "min_tdcf"} <= set(table.columns)
    assert spoofing == (data == "asvspoof2019")


def test_methods_learn_from_the_whole_list_and_are_tested_on_the_whole_list(mini, tmp_path):
    split = read_released(write_lists(tmp_path / "lists", shots=2, test=1, seconds=0.3))
    seen = {}

    class Counting(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_, seen["train"] = np.unique(y), list(y)
            return self

        def decision_function(self, X):
            return np.zeros((len(X), len(self.classes_)))

        def predict(self, X):
            seen["test"] = len(X)
            return np.repeat(self.classes_[:1], len(X))

    methods = {"counting": Counting()}
    fill_released(mini, split, tmp_path / "out", zero_shot=False, methods=methods)
    assert sorted(seen["train"]) == sorted(split.questions["label"].iloc[split.rows("train")])
    assert seen["test"] == len(split.rows("test"))


def test_it_continues_and_refuses_other_lists(mini, tmp_path, monkeypatch):
    split = read_released(write_lists(tmp_path / "lists", shots=2, test=1, seconds=0.3))
    options = {"cache": tmp_path / "heads", "batch_size": 8}
    two = {name: METHODS[name] for name in ("SAV", "CALM")}
    fill_released(mini, split, tmp_path / "out", methods=two, **options)
    monkeypatch.setattr(type(mini), "head_vectors_of", lambda *_: pytest.fail("computed again"))
    monkeypatch.setattr(type(mini), "say", lambda *_: pytest.fail("asked again"))
    monkeypatch.setattr(type(mini), "likelihoods", lambda *_: pytest.fail("asked again"))
    table = fill_released(mini, split, tmp_path / "out", **options)  # with one more method
    few = pd.read_csv(tmp_path / "out" / "few_shot.csv")
    assert not few.duplicated(["heads", "method"]).any()
    assert set(table.loc["all heads"].index) == set(METHODS)
    other = read_released(write_lists(tmp_path / "more", shots=2, test=1, seconds=0.3, seed=1))
    with pytest.raises(ValueError, match="results of other lists: choose another folder"):
        fill_released(mini, other, tmp_path / "out", **options)


def test_what_stands_above_and_below(tmp_path):
    folder = write_lists(tmp_path / "lists", shots=2, test=1, seconds=0.2)
    split = read_released(folder)
    text = caution_of_lists(split)
    assert "MINIATURE: 6 questions about 6 clips, learned from 12 questions" in text
    assert notes_on_lists(split) == []
    (folder / "MINIATURE.txt").unlink()
    assert caution_of_lists(split).startswith("These numbers are of the released lists of esc50: 6")
    heard = split.questions["clip"].iloc[split.rows("test")[0]]
    split.clips.path(heard).unlink()
    label = split.questions["label"].iloc[split.rows("test")[1]]
    with pytest.warns(UserWarning, match="1 questions have no recording"):
        part = read_released(folder, missing="warn")
    assert "of a PART of the released lists of esc50: 5 questions" in caution_of_lists(part)
    table = part.questions
    table.loc[(table["part"] == "train") & (table["label"] == label), "label"] = "other"
    notes = " ".join(notes_on_lists(part))
    assert "1 questions are left out" in notes and "1 test questions are of classes wi" in notes
    assert len(part.rows("test")) == 4 and np.all(table["label"].iloc[part.rows("test")] != label)
