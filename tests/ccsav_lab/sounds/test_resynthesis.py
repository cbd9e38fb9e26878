import numpy as np
import pytest

from ccsav_lab.sounds import Conditions, log_mel_spectrogram, render, resynthesise

RATE = 16_000
CLEAN = Conditions.clean()


@pytest.mark.parametrize("kind", ["griffin-lim", "vocoder"])
def test_resynthesis_is_close_but_different(kind):
    for name in ("speech", "dog", "rain", "violin"):
        wave = render(name, 0, conditions=CLEAN).waveform
        copy = resynthesise(wave, RATE, kind)
        assert copy.dtype == np.float32 and copy.shape == wave.shape and np.abs(copy).max() <= 1
        mels = (log_mel_spectrogram(x, RATE) for x in (wave, copy))
        a, b = (np.maximum(mel, mel.max() - 10) for mel in mels)
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.7, name  # few bands blur harmonics
        assert abs(np.corrcoef(wave, copy)[0, 1]) < 0.9, name
        assert np.abs(a - b).mean() > 0.1, name
        np.testing.assert_array_equal(copy, resynthesise(wave, RATE, kind))
        assert not np.array_equal(copy, resynthesise(wave, RATE, kind, seed=1))


def test_resynthesis_of_silence_of_short_clips_and_of_wrong_arguments():
    assert not resynthesise(np.zeros(800), RATE).any()
    for kind in ("griffin-lim", "vocoder"):
        assert resynthesise(np.ones(100), RATE, kind).shape == (100,)
    with pytest.raises(ValueError, match="vocoder"):
        resynthesise(np.ones(800), RATE, "magic")
    with pytest.raises(ValueError, match="samples"):
        resynthesise(np.ones((2, 800)), RATE)
