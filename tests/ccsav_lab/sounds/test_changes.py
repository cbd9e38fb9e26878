"""Changes to recordings: each does what it says, measured on the result."""

import numpy as np
import pytest

from ccsav_lab.sounds.changes import CHANGES, changed

RATE = 16_000


def tone(hz, seconds=1.0):
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def peak_hz(wave):
    middle = wave[len(wave) // 4 : -len(wave) // 4] * np.hanning(
        len(wave[len(wave) // 4 : -len(wave) // 4])
    )
    spectrum = np.abs(np.fft.rfft(middle, 2**17))
    return spectrum.argmax() * RATE / 2**17


def power(wave):
    return np.mean(np.square(wave[2000:-2000]))


@pytest.mark.parametrize(
    ("what", "value"), [("pitch_semitones", 0), ("rate_factor", 1), ("level_db", 0)]
)
def test_nothing_changes(what, value):
    wave = tone(440) * np.hanning(RATE)
    np.testing.assert_allclose(changed(wave, RATE, what, value), wave, atol=2e-3)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.5, 3.0])
def test_rate_keeps_the_pitch(factor):
    fast = changed(tone(440, 2), RATE, "rate_factor", factor)
    assert len(fast) == round(2 * RATE / factor)
    assert peak_hz(fast) == pytest.approx(440, abs=2)
    assert power(fast) == pytest.approx(power(tone(440)), rel=0.1)


@pytest.mark.parametrize("semitones", [-12, -5, 7, 12])
def test_pitch_keeps_the_duration(semitones):
    wave = changed(tone(440, 2), RATE, "pitch_semitones", semitones)
    assert len(wave) == 2 * RATE
    assert peak_hz(wave) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.005)


def test_when_something_happens_is_kept():
    """A burst in the middle stays in the middle, at any pitch and rate."""
    wave = np.zeros(2 * RATE)
    wave[RATE - 800 : RATE + 800] = tone(1000, 0.1)
    for what, value in (("pitch_semitones", 7), ("rate_factor", 2.0), ("rate_factor", 0.6)):
        found = np.square(changed(wave, RATE, what, value))
        centre = np.sum(np.arange(len(found)) * found) / found.sum() / len(found)
        assert centre == pytest.approx(0.5, abs=0.02)


def test_filters():
    both = tone(300) + tone(4000)
    low, high = (changed(both, RATE, f"{name}_pass_hz", 1100) for name in ("low", "high"))
    np.testing.assert_allclose(low[2000:-2000], tone(300)[2000:-2000], atol=2e-3)
    np.testing.assert_allclose(high[2000:-2000], tone(4000)[2000:-2000], atol=2e-3)


def test_noise_and_level():
    wave = tone(440)
    for snr in (-10, 0, 20):
        noise = changed(wave, RATE, "snr_db", snr, seed=1) - wave
        assert 10 * np.log10(power(wave) / power(noise)) == pytest.approx(snr, abs=0.3)
    again = [changed(wave, RATE, "snr_db", 0, seed=seed) for seed in (1, 1, 2)]
    assert (again[0] == again[1]).all() and (again[0] != again[2]).any()
    assert power(changed(wave, RATE, "level_db", -6)) == pytest.approx(power(wave) / 10**0.6)


@pytest.mark.parametrize(
    ("what", "value", "hint"),
    [
        ("speed", 1, "what='speed': choose one of snr_db"),
        ("low_pass_hz", 8000, "less than 8000 Hz"),
        ("high_pass_hz", 0, "more than 0"),
        ("rate_factor", 0, "more than 0"),
    ],
)
def test_values_that_make_no_sense(what, value, hint):
    with pytest.raises(ValueError, match=hint):
        changed(tone(440), RATE, what, value)
    assert "rate_factor" in CHANGES
