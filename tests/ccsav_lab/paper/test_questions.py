import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav_lab.paper import Split, questions, read_released, write_lists
from tests.ccsav_lab.paper.test_protocol import dataset


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    return read_released(write_lists(folder, "audioset", shots=3, test=2, seconds=0.5))


def test_head_vectors_of_several_questions_about_one_clip(mini, events):
    rows = np.r_[events.rows("test")[::-1], events.rows("train")]
    acts = questions.extract_questions(mini, events, rows, batch_size=8, progress=False)
    table = events.questions.iloc[rows]
    assert table["clip"].duplicated().any() and len(acts.X) == len(rows)
    assert acts.labels[acts.y].tolist() == table["label"].tolist()
    assert acts.groups.tolist() == table["source"].tolist()
    assert acts.provenance["prompts"] == sorted(set(map(mini.prompt, table["question"])))
    for place in (0, 3, len(rows) - 1):
        one = table.iloc[place]
        waveform = events.clips.waveform(one["clip"], mini.rate)
        alone = mini.head_vectors([waveform], one["question"], heads="all")[0]
        assert np.allclose(acts.X[place], alone, atol=0.02)
    first = table["clip"].iloc[np.flatnonzero(table["clip"].duplicated())[0]]
    same = np.flatnonzero(table["clip"] == first)
    assert not np.array_equal(acts.X[same[0]], acts.X[same[1]])  # the questions differ


def test_the_likeliest_option(mini, events):
    rows = events.rows("test")
    chosen = questions.read_options(mini, events, rows, batch_size=5)
    table = events.questions.iloc[rows]
    for one, picked in zip(table.itertuples(), chosen, strict=True):
        waveform = events.clips.waveform(one.clip, mini.rate)
        scores = mini.rank([waveform], one.options, one.question)[0]
        assert one.options[scores.argmax()] == picked


@pytest.mark.parametrize(("spoken", "label"), [("It is spoofed.", "spoof"), ("A real one", None)])
def test_answers_in_the_words_of_the_question(monkeypatch, mini, spoken, label):
    clips = dataset(label=["bonafide", "spoof"])
    text = "Is this bonafide or spoofed?"
    table = pd.DataFrame({"part": ["train", "test"], "clip": [0, 1], "question": text})
    table = table.assign(label=["bonafide", "spoof"], options=None, source=["a", "b"])
    split = Split(None, clips, table)
    monkeypatch.setattr(questions, "ask_each", lambda *_, **__: [spoken, spoken])
    assert questions.read_options(mini, split, [0, 1], "answer") == [label, label]
    with pytest.raises(ValueError, match="by='ear': choose one of"):
        questions.read_options(mini, split, [0], "ear")


def test_options_in_answers():
    options = ["dog", "sea_waves", "cat"]
    answers = ["The caption is: sea waves.", "B", "(c)", "D", "cats and dogs", "a dog or a cat"]
    found = [questions.option_in(answer, options) for answer in answers]
    assert found == ["sea_waves", "sea_waves", "cat", None, None, None]


def test_classes_without_support_are_not_scored():
    parts, labels = ["train", "val", "test", "test"], ["a", "c", "a", "c"]
    table = pd.DataFrame({"part": parts, "clip": range(4), "question": "What?", "label": labels})
    split = Split(None, dataset(label=labels), table.assign(options=None, source=labels))
    assert split.rows("test").tolist() == [2] and split.of_unknown_classes() == 1
    assert split.rows("val").tolist() == [] and split.rows("train").tolist() == [0]
