"""Answers in words; likelihoods of given answers are tested for each family in `families/`."""

import pytest

import ccsav
from tests import tiny_models


def test_answers_in_words(lalm, waves):
    together = lalm.answer(waves, "What is it?", max_new_tokens=5)
    assert len(together) == len(waves)
    assert all(isinstance(answer, str) for answer in together)
    assert together == [lalm.answer([wave], "What is it?", 5)[0] for wave in waves]
    assert not any("assistant" in answer or "What is it" in answer for answer in together)
    encoder = lalm.model.get_submodule(lalm.family.encoder)
    assert encoder.config.max_source_positions == 50 * tiny_models.SECONDS


def test_likelihoods_that_overflow_are_refused(lalm, waves):
    head = lalm.model.get_output_embeddings()
    overflows = head.register_forward_hook(lambda _, __, logits: logits * float("inf"))
    with overflows, pytest.raises(ValueError, match="NaN or infinite: load it in another dtype"):
        lalm.rank(waves, ["dog", "rain"])


def test_one_text_is_no_list_of_labels(lalm, waves):
    with pytest.raises(ValueError, match="labels='rain' is one text: give a list"):
        lalm.rank(waves, "rain")


def test_real_whisper_writes_down_digits(shared):
    lalm = ccsav.load_lalm(shared / "real" / "whisper-tiny.en", device="cpu")
    fsdd = ccsav.load_dataset(shared / "real" / "fsdd", group="speaker")
    rows = [fsdd.table.index[fsdd.table["path"] == f"clips/{d}_jackson_1.wav"][0] for d in (3, 7)]
    answers = lalm.answer([fsdd.waveform(i, 16_000) for i in rows])
    assert answers[0].strip(".").lower() in ("three", "3")
    assert answers[1].strip(".").lower() in ("seven", "7")
