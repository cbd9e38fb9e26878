import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav_lab import zero_shot
from ccsav_lab.sounds import CLASSES, tasks
from ccsav_lab.zero_shot import MCQ, answer_options, ask_each, classify, match, rankings

LABELS = ["dog_bark", "dog", "rain", "Church bells"]


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def named():
    """Two clips of each of six sounds that the mini LALM was trained to name."""
    return tasks.make(sorted(CLASSES.index[~CLASSES["held_out"]])[::8], clips=2, progress=False)


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


@pytest.mark.parametrize(
    ("answer", "labels", "label"),
    [
        ("这是狗叫声", ["狗", "猫"], "狗"),
        ("小狗", ["狗", "小狗"], "小狗"),
        ("狗和猫", ["狗", "猫"], None),
        ("犬が吠えている", ["猫", "犬"], "犬"),
        ("เสียงม้า", ["มา", "ม้า", "หมา"], "ม้า"),
        ("the key of C#, I think", ["C", "C#", "C++"], "C#"),
        ("C++", ["C", "C#", "C++"], "C++"),
        ("in C.", ["C", "C#"], "C"),
        ("a T shirt", ["shirt", "t-shirt"], "t-shirt"),
        ("un café", ["cafe\u0301", "cafe"], "cafe\u0301"),
        ("ＤＯＧ", ["dog"], "dog"),
        ("a bird song, and then a bird", ["bird", "bird song"], None),
        ("anything", ["", " ", "?"], None),
    ],
)
def test_matching_in_other_scripts_and_with_punctuation(answer, labels, label):
    assert match(answer, labels) == label


def test_options():
    drawn = [answer_options(f"clip {i}", "rain", LABELS, 3) for i in range(200)]
    assert all(len(set(some)) == 3 and "rain" in some for some in drawn)
    firsts = [some.index("rain") for some in drawn]
    assert all(40 < firsts.count(place) < 95 for place in range(3))
    assert {label for some in drawn for label in some} == set(LABELS)
    assert answer_options("clip 7", "rain", LABELS, 3) == drawn[7]
    assert [answer_options(f"clip {i}", "rain", LABELS, 3, seed=1) for i in range(200)] != drawn
    with pytest.raises(ValueError, match="cannot draw 5 options with 'rain' among them from 4"):
        answer_options("clip", "rain", LABELS, 5)
    with pytest.raises(ValueError, match="'cat' among them"):
        answer_options("clip", "cat", LABELS, 2)


@pytest.mark.parametrize("by", ["answer", "rank"])
@pytest.mark.parametrize("protocol", ["open", "mcq"])
def test_the_mini_lalm_names_sounds(mini, named, protocol, by):
    table = classify(mini, named, protocol=protocol, by=by, batch_size=5, progress=False)
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
    one, five = (ask_each(mini, named, questions, n, progress=False) for n in (1, 5))
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
        classify(mini, named, protocol="closed")
    with pytest.raises(ValueError, match="choose 'open' or 'mcq', 'answer' or 'rank'"):
        classify(mini, named, by="guess")
    with pytest.raises(ValueError, match=r"a question that contains \{options\}"):
        classify(mini, named, question="What is it?", protocol="mcq")


def test_clips_that_do_not_fit_are_named(mini, named):
    long = ccsav.Dataset.from_arrays([np.zeros(80_000, np.float32)], 16_000, ["rain"])
    with pytest.raises(ValueError, match=r"clip 0: 5\.00 s is longer than the model's window"):
        classify(mini, long, named.labels, progress=False)


def test_braces_in_a_question(mini, named, monkeypatch):
    asked = []
    monkeypatch.setattr(zero_shot, "ask_each", lambda lalm, clips, questions, *rest: questions)
    question = "{a} {} 50 %? {options} or {none}"
    labels = [*named.labels, "{x}"]
    table = classify(mini, named, labels, question, protocol="mcq", progress=False)
    for text, options in zip(table["answer"], table["options"], strict=True):
        named_options = ", ".join(map(zero_shot.spoken, options))
        assert text == f"{{a}} {{}} 50 %? {named_options} or {{none}}"
        asked += options
    assert "{x}" in asked
