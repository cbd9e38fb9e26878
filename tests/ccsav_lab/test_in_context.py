"""Prompts with several clips: what the model is given, and what it makes of the examples."""

import numpy as np
import pytest
import torch

import ccsav
from ccsav_lab.in_context import (
    classify_in_context,
    conversation,
    conversation_inputs,
    drawn_examples,
    nearest_examples,
)
from ccsav_lab.sounds import CLASSES, tasks
from ccsav_lab.zero_shot import classify
from tests import tiny_models

LABELS = ["dog_bark", "rain"]
FAMILIES = ["qwen2_audio", "qwen2_5_omni", "qwen3_omni_moe", "mini", "mini-omni"]


@pytest.fixture(scope="module", params=FAMILIES)
def lalm(request, tmp_path_factory):
    if request.param in tiny_models.FAMILIES:
        folder = tmp_path_factory.mktemp(request.param)
        return ccsav.load_lalm(tiny_models.FAMILIES[request.param](folder), device="cpu")
    return ccsav.load_lalm(request.param, device="cpu")


@pytest.fixture
def waves(waves):
    """At most 2 s, the window of the mini omni model."""
    return [wave[:32_000] for wave in waves]


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def named():
    """Two clips of each of four sounds that the mini LALM was trained to name."""
    return tasks.make(sorted(CLASSES.index[~CLASSES["held_out"]])[::12], clips=2, progress=False)


def test_without_examples_it_is_the_zero_shot_prompt(lalm, waves):
    assert conversation(lalm, [], "What?") == lalm.prompt("What?")
    expected, frames = lalm.inputs(waves[:3], [lalm.prompt("What?")] * 3)
    texts = [conversation(lalm, [], "What?")] * 3
    found, found_frames = conversation_inputs(lalm, [[wave] for wave in waves[:3]], texts)
    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=0)
    torch.testing.assert_close(found_frames, frames, rtol=0, atol=0)


def test_a_clip_and_its_label_in_every_turn(lalm):
    text = conversation(lalm, LABELS, "What?")
    places = [text.index(part) for part in ("dog bark", "rain")]
    starts = [i for i in range(len(text)) if text.startswith(lalm.processor.audio_token, i)]
    assert starts[0] < places[0] < starts[1] < places[1] < starts[2]
    assert text.count("What?") == 3 and text.endswith("assistant\n")


def test_a_batch_equals_single_conversations(lalm, waves):
    clips = [[waves[0], waves[2], waves[1]], [waves[3]], [waves[2], waves[0]]]
    texts = [conversation(lalm, labels) for labels in (LABELS, [], ["rain"])]
    together = lalm.likelihoods(conversation_inputs(lalm, clips, texts)[0], ["dog", "church"])
    for row, several, text in zip(together, clips, texts, strict=True):
        alone, _ = conversation_inputs(lalm, [several], [text])
        scores = lalm.likelihoods(alone, ["dog", "church"])[0]
        np.testing.assert_allclose(row, scores, atol=2e-4)


def test_every_clip_and_every_label_counts(lalm, waves):
    def scores(clips, labels):
        inputs, _ = conversation_inputs(lalm, [clips], [conversation(lalm, labels)])
        return lalm.likelihoods(inputs, ["dog", "church"])

    first = scores([waves[1], waves[3], waves[2]], LABELS)
    for clips, labels in (
        ([waves[3], waves[1], waves[2]], LABELS),
        ([waves[1], waves[1], waves[2]], LABELS),
        ([waves[1], waves[3], waves[2]], LABELS[::-1]),
    ):
        assert np.abs(scores(clips, labels) - first).max() > 1e-6


def test_the_processor_of_qwen2_audio_gives_the_same(mini, waves):
    text = conversation(mini, LABELS)
    expected, _ = mini.inputs(waves[1:4], [text])
    found, _ = conversation_inputs(mini, [waves[1:4]], [text])
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=0)


@pytest.mark.parametrize("by", ["rank", "answer"])
def test_no_examples_classify_as_without(mini, named, by):
    none = np.empty((len(named), 0), int)
    table = classify_in_context(mini, named, named, none, by=by, batch_size=3, progress=False)
    expected = classify(mini, named, by=by, progress=False)
    assert table["predicted"].tolist() == expected["predicted"].tolist()
    assert table["label"].tolist() == named.table["label"].tolist()
    assert table["examples"].tolist() == [[]] * len(named)
    assert ("answer" in table) == (by == "answer")


def test_examples_stand_in_the_prompt(mini, named):
    support, queries = named.subset([0, 2, 4, 6]), named.subset([1, 3, 5])
    examples = np.array([[0, 3], [2, 1], [1, 0]])
    options = {"batch_size": 2, "progress": False}
    table = classify_in_context(mini, queries, support, examples, **options)
    labels = support.table["label"].tolist()
    assert table["examples"].tolist() == [[labels[i] for i in row] for row in examples]
    one_by_one = []
    for i, row in enumerate(examples):
        waves = [support.waveforms[j] for j in row] + [queries.waveforms[i]]
        text = conversation(mini, [labels[j] for j in row])
        inputs, _ = conversation_inputs(mini, [waves], [text])
        names = [label.replace("_", " ") for label in sorted(labels)]
        one_by_one.append(sorted(labels)[mini.likelihoods(inputs, names).argmax()])
    assert table["predicted"].tolist() == one_by_one


def test_the_nearest_example_is_last():
    rng = np.random.default_rng(0)
    X, support = rng.normal(size=(5, 3, 4)), rng.normal(size=(9, 3, 4))
    unit = [x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (X, support)]
    cosines = np.einsum("nkd,mkd->nm", *unit) / 3
    found = nearest_examples(X, support, 4)
    np.testing.assert_array_equal(found[:, ::-1], np.argsort(-cosines, axis=1)[:, :4])
    scaled = nearest_examples(X * rng.uniform(1, 9, (5, 3, 1)), support, 4)
    np.testing.assert_array_equal(scaled, found)
    assert nearest_examples(X, support, 0).shape == (5, 0)


def test_drawn_examples():
    drawn = drawn_examples(200, 7, 3, seed=1)
    assert drawn.shape == (200, 3) and all(len(set(row)) == 3 for row in drawn.tolist())
    counts = np.bincount(drawn.ravel())
    assert len(counts) == 7 and counts.min() > 60
    np.testing.assert_array_equal(drawn_examples(200, 7, 3, seed=1), drawn)
    assert (drawn_examples(200, 7, 3, seed=2) != drawn).any()
    with pytest.raises(ValueError, match="k=8: choose from 0 to 7"):
        drawn_examples(2, 7, 8)


def test_a_family_that_takes_one_clip(whisper, named):
    with pytest.raises(ValueError, match="Whisper takes one clip in a prompt: in-context"):
        classify_in_context(whisper, named, named, np.zeros((len(named), 1), int), progress=False)


def test_what_does_not_fit(mini, named):
    with pytest.raises(ValueError, match="by='guess': choose 'answer' or 'rank'"):
        classify_in_context(mini, named, named, np.zeros((8, 1), int), by="guess")
    with pytest.raises(ValueError, match=r"\(N, k\) for the 8 clips, but has \(3, 1\)"):
        classify_in_context(mini, named, named, np.zeros((3, 1), int))
    many = np.zeros((len(named), 15), int)
    with pytest.raises(ValueError, match=r"\d+ tokens is longer than the model's 1024 positions"):
        classify_in_context(mini, named, named, many, progress=False)
    with pytest.raises(ValueError, match="a conversation about 3 clips was given 1"):
        conversation_inputs(mini, [named.waveforms[:1]], [conversation(mini, LABELS)])
    long = ccsav.Dataset.from_arrays([np.zeros(80_000, np.float32)], 16_000, ["rain"])
    with pytest.raises(ValueError, match=r"clip 0: 5\.00 s is longer than the model's window"):
        classify_in_context(mini, named, long, np.zeros((8, 1), int), progress=False)


@pytest.mark.slow
def test_the_small_lalm_repeats_what_the_examples_say(small_folder):
    lalm, recordings = ccsav.load_lalm(small_folder, device="cpu"), ccsav.load_dataset("recordings")
    rows = [np.flatnonzero(recordings.table["label"] == name)[0] for name in ("dog", "rain")]
    dog, rain = (recordings.waveform(int(i), lalm.rate) for i in rows)
    texts = [conversation(lalm, [label]) for label in ("rain", "zzyzx")]
    inputs, _ = conversation_inputs(lalm, [[rain, dog]] * 2, texts)
    known, unknown = lalm.likelihoods(inputs, ["zzyzx"])[:, 0]
    assert unknown > known + 1
    table = classify_in_context(
        lalm, recordings.subset(rows), recordings, np.array(rows)[:, None], progress=False
    )
    assert table["predicted"].isin(recordings.labels).all()
