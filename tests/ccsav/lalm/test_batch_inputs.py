"""Batches: durations, forms of the waveforms, prompts, the encoder's length."""

import numpy as np
import pytest
import torch

from tests import tiny_models


def test_clips_of_one_length_may_be_one_array(lalm, waves):
    stacked = np.stack([wave[:1200] for wave in waves])
    listed = lalm.head_vectors(list(stacked))
    torch.testing.assert_close(lalm.head_vectors(stacked), listed)


def test_clip_durations(lalm, waves):
    seconds = tiny_models.SECONDS
    with pytest.raises(ValueError, match=r"waveform 1: 5\.00 s is longer than .* 4 s"):
        lalm.head_vectors([waves[0], np.zeros(5 * 16_000, np.float32)])
    with pytest.raises(ValueError, match="20 ms is too short"):
        lalm.head_vectors([waves[0][:320]])
    exact = np.resize(waves[0], seconds * 16_000 + 1)  # one sample over: resampling does that
    assert lalm.head_vectors([exact]).isfinite().all()


@pytest.mark.parametrize("kind", ["two channels", "int16", "float32"])
def test_waveforms_in_other_units_are_refused(whisper, waves, kind):
    wave = np.stack([waves[0]] * 2) if kind == "two channels" else (32768 * waves[0]).astype(kind)
    for ask in (whisper.head_vectors, whisper.answer, lambda x: whisper.rank(x, ["a"])):
        with pytest.raises(ValueError, match=r"waveform 1: give one channel, .* floats within ±1"):
            ask([waves[1], wave])


def test_hooks_are_removed_and_the_encoder_is_restored_after_an_error(lalm, waves, monkeypatch):
    encoder = lalm.model.get_submodule(lalm.family.encoder)
    table, length = encoder.embed_positions, encoder.config.max_source_positions

    def crash(*_, **__):
        raise ArithmeticError("crash")

    with pytest.raises(ArithmeticError), monkeypatch.context() as patch:
        patch.setattr(type(lalm.model.base_model), "forward", crash)
        lalm.head_vectors(waves[:1])
    assert encoder.embed_positions is table
    assert encoder.config.max_source_positions == length
    assert not any(m._forward_pre_hooks for m in lalm.model.modules())
    assert lalm.head_vectors(waves[:1]).isfinite().all()
    assert not any(m._forward_pre_hooks for m in lalm.model.modules())
