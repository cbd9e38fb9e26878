import numpy as np
import pytest

from ccsav_lab.sounds import BACKGROUNDS, RANGES, Conditions, render

RATE = 16_000
CLEAN = Conditions.clean()


def power_db(wave):
    return 10 * np.log10(np.mean(np.asarray(wave, float) ** 2))


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_snr(background, snr_db):
    quiet = render("flute", 1, conditions=CLEAN, loudness_db=-20.0).waveform
    noisy = Conditions.clean(snr_db=snr_db, background=background)
    wave = render("flute", 1, conditions=noisy, loudness_db=-20.0).waveform
    assert power_db(quiet) - power_db(wave - quiet) == pytest.approx(snr_db, abs=0.1)


def test_snr_holds_after_band_room_and_distance():
    rest = {"low_hz": 150.0, "high_hz": 5000.0, "reverb_s": 0.4, "distance_m": 3.0}
    quiet = render("dog", 1, conditions=Conditions.clean(**rest)).waveform
    noisy = Conditions.clean(snr_db=10.0, background="pink", **rest)
    wave = render("dog", 1, conditions=noisy).waveform
    assert power_db(quiet) - power_db(wave - quiet) == pytest.approx(10, abs=0.1)


def test_band_limits():
    wave = render("rain", 0, conditions=Conditions.clean(low_hz=1000, high_hz=3000)).waveform
    whole = render("rain", 0, conditions=CLEAN).waveform
    change = np.abs(np.fft.rfft(wave)) / (np.abs(np.fft.rfft(whole)) + 1e-6)
    change = 20 * np.log10([np.median(change[int(2 * f) - 40 : int(2 * f) + 40]) for f in
                            (500, 1000, 1700, 3000, 6000)])  # fmt: skip
    np.testing.assert_allclose(change, [-24, -3, 0, -3, -24], atol=1.5)


def test_gain_distance_and_clipping():
    whole = render("speech", 0, conditions=CLEAN).waveform
    quiet = render("speech", 0, conditions=Conditions.clean(gain_db=-6.0)).waveform
    np.testing.assert_allclose(quiet, whole * 10**-0.3, rtol=1e-4, atol=1e-6)
    far = render("speech", 0, conditions=Conditions.clean(distance_m=4.0)).waveform
    assert power_db(whole) - power_db(far) == pytest.approx(12, abs=1.5)
    cut = render("speech", 0, conditions=Conditions.clean(clip=0.5)).waveform
    top = 0.5 * np.abs(whole).max()
    np.testing.assert_allclose(cut, np.clip(whole, -top, top), atol=1e-6)
    assert np.abs(render("speech", 0, conditions=Conditions.clean(gain_db=40)).waveform).max() == 1


def test_reverberation_fills_the_gaps():
    dry, wet = (
        render("knocking", 0, conditions=Conditions.clean(reverb_s=r), onsets=[0.1]).waveform
        for r in (0.0, 0.8)
    )
    late = slice(int(0.3 * RATE), int(0.5 * RATE))
    assert power_db(wet[late]) > power_db(dry[late] + 1e-9) + 20


def test_drawn_conditions_lie_in_their_ranges():
    for seed in range(20):
        drawn = render("owl", seed, seconds=0.5).parameters
        assert drawn["background"] in BACKGROUNDS
        for name, (low, high) in RANGES.items():
            assert low <= drawn[name] <= high


@pytest.mark.parametrize(
    ("field", "value"),
    [("background", "rainbow"), ("clip", 0), ("reverb_s", -1), ("distance_m", 0),
     ("high_hz", 0), ("gain_db", np.nan)],
)  # fmt: skip
def test_impossible_conditions(field, value):
    with pytest.raises(ValueError, match=field):
        Conditions(**{field: value})
