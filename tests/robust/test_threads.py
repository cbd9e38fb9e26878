"""Threads that share a model: each gets the numbers that it would get alone."""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from unittest.mock import Mock

import numpy as np
import pytest

import ccsav
from ccsav.lalm import answers
from tests.ccsav.extraction.helpers import run

LABELS = ["a dog", "rain", "church bells"]


@pytest.fixture
def often():
    """Threads take turns a hundred times as often as they normally do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def jobs(lalm, waves):
    """Different uses of a model, {name: function that gives an array}."""

    def silent():
        with lalm.silenced([0, 5], positions="last"):
            vectors = lalm.head_vectors(waves[2:4]).numpy()
            return np.append(vectors, int(lalm.fingerprint[:8], 16))

    return {
        "short": lambda: lalm.head_vectors(waves[:1], "What is it?").numpy(),
        "long": lambda: lalm.head_vectors(waves[1:3], "Say at some length what it is.").numpy(),
        "several": lambda: lalm.head_vectors(waves, heads="all").numpy(),
        "silenced": silent,
        "ranked": lambda: lalm.rank(waves[:2], LABELS),
        "answer": lambda: np.array(lalm.answer(waves[:2], max_new_tokens=3)),
        "drawn": lambda: np.array(lalm.answer(waves[:2], temperature=1.0, max_new_tokens=3)),
        "fingerprint": lambda: np.array(lalm.fingerprint),
    }


def test_threads_get_what_they_would_get_alone(lalm, waves, often):
    alone = {name: job() for name, job in jobs(lalm, waves).items()}
    order = np.random.default_rng(0).permutation(list(alone) * 6)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda name: (name, jobs(lalm, waves)[name]()), order))
    for name, array in found:
        np.testing.assert_array_equal(array, alone[name], err_msg=name)
    assert not lalm.silences


def test_other_threads_wait_while_heads_are_silenced(whisper, waves):
    intact, silenced, read = whisper.head_vectors(waves[:1]), Event(), Event()

    def other():
        silenced.wait(10)
        assert not read.is_set()
        vectors, fingerprint = whisper.head_vectors(waves[:1]), whisper.fingerprint
        read.set()
        return vectors, fingerprint

    fingerprint = whisper.fingerprint
    with ThreadPoolExecutor(1) as pool:
        with whisper.silenced([0]):
            future = pool.submit(other)
            silenced.set()
            assert not read.wait(0.3)
            assert not whisper.head_vectors(waves[:1])[0, 0].any()
        vectors, seen = future.result(10)
    np.testing.assert_array_equal(vectors, intact)
    assert seen == fingerprint


def test_rows_in_a_cache_are_of_the_right_model(lalm, folder, tmp_path, often):

    dataset = ccsav.load_dataset(folder)
    alone = run(lalm, dataset).X

    def silenced():
        with lalm.silenced([1], positions="last"):
            return run(lalm, dataset, cache=tmp_path).X

    with ThreadPoolExecutor(3) as pool:
        quiet = [pool.submit(silenced) for _ in range(2)]
        intact = [pool.submit(run, lalm, dataset, cache=tmp_path) for _ in range(2)]
    for future in intact:
        np.testing.assert_allclose(
            future.result().X, alone, rtol=1e-2, atol=1e-2
        )  # in other batches
    for future in quiet:
        assert not future.result()[:, 1].any() and future.result()[:, 0].any()


def test_inputs_that_are_prepared_at_once(qwen, waves, monkeypatch, often):
    """A tokenizer pads, or does not, for all threads."""
    prompts = [qwen.prompt(question) for question in ("Which?", "What is to be heard in it? " * 9)]

    def prepared(_):
        return qwen.inputs(waves[4:] * 2, prompts)[0]["attention_mask"].tolist()

    def tokenized(_):
        with pytest.raises(InterruptedError):  # before the model runs
            qwen.likelihoods({}, prompts)

    alone = prepared(0)
    monkeypatch.setattr(answers, "model_arguments", Mock(side_effect=InterruptedError))
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(prepared if i % 2 else tokenized, i) for i in range(400)]
        for job in jobs[1::2]:
            assert job.result() == alone
        assert {job.result() for job in jobs[::2]} == {None}
