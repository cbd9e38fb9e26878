import numpy as np
import pytest

from ccsav_lab.sounds import (
    BACKGROUNDS,
    CLASSES,
    RANGES,
    Conditions,
    log_mel_spectrogram,
    render,
    resynthesise,
)

RATE = 16_000
CLEAN = Conditions.clean()
FOLLOWING = {"onsets", "steps", "cuts", "keys", "letters", "centres", "sweeps", "curves"}  # lists


def peak_hz(wave, low=50, high=7900):
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    f = np.fft.rfftfreq(len(wave), 1 / RATE)
    return f[np.where((f >= low) & (f <= high), spectrum, 0).argmax()]


def power_db(wave):
    return 10 * np.log10(np.mean(np.asarray(wave, float) ** 2))


def test_table():
    assert len(CLASSES) == 64 and CLASSES.index.is_unique
    assert list(CLASSES.columns) == ["family", "held_out"]
    assert CLASSES["held_out"].dtype == bool and CLASSES["held_out"].sum() >= 16
    families = CLASSES.groupby("family")["held_out"]
    assert len(families) >= 9 and (families.sum() >= 1).all()


@pytest.mark.parametrize("seconds", [0.5, 2.0, 4.0])
def test_every_class_renders(seconds):
    for i, name in enumerate(CLASSES.index):
        sound = render(name, i, seconds=seconds)
        assert sound.waveform.dtype == np.float32
        assert sound.waveform.shape == (round(seconds * RATE),)
        assert np.isfinite(sound.waveform).all() and 1e-3 < np.abs(sound.waveform).max() <= 1
        assert (sound.name, sound.family) == (name, CLASSES.at[name, "family"])
        for key, value in sound.parameters.items():
            assert type(value) in (float, int, str, list), (name, key)
            assert all(type(x) is float for x in value) if type(value) is list else True


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_other_rates(rate):
    for name in CLASSES.index:
        assert len(render(name, 0, seconds=0.5, rate=rate).waveform) == rate // 2


def test_the_same_seed_gives_the_same_clip_and_another_seed_another():
    for name in CLASSES.index:
        one, two, other = (render(name, seed, seconds=0.5) for seed in (3, 3, 4))
        assert one.waveform.tobytes() == two.waveform.tobytes()
        assert one.parameters == two.parameters
        assert not np.array_equal(one.waveform, other.waveform)


def test_fixing_a_parameter_changes_only_it():
    for name in CLASSES.index:
        free = render(name, 5).parameters
        for key in ("pitch", "rate_hz", "events", "loudness_db", "snr_db"):
            if key in free:
                value = free[key] * 0.9 if key != "events" else 2
                fixed = render(name, 5, **{key: value}).parameters
                assert fixed[key] == value
                same = set(free) - FOLLOWING - {key}
                assert {k: fixed[k] for k in same} == {k: free[k] for k in same}, (name, key)


def test_every_parameter_can_be_fixed_to_what_was_drawn():
    for name in CLASSES.index:
        free = render(name, 2)
        again = render(name, 2, **free.parameters)
        np.testing.assert_array_equal(free.waveform, again.waveform, err_msg=name)


@pytest.mark.parametrize(
    ("name", "fixed"),
    [
        ("smoke alarm", {}), ("alarm clock", {}), ("morse code", {}), ("modem", {}),
        ("cricket", {}), ("doorbell", {}), ("flute", {"events": 1}), ("xylophone", {"steps": [0]}),
        ("clarinet", {"events": 1}), ("reversing lorry", {"diesel": 0.05}),
    ],
)  # fmt: skip
def test_pitch_is_what_is_heard(name, fixed):
    for seed in range(4):
        sound = render(name, seed, conditions=CLEAN, **fixed)
        pitch, ends = sound.parameters["pitch"], {"modem": 0.3}
        if name == "doorbell":
            ends[name] = sound.parameters["onsets"][1]
        wave = sound.waveform[: int(ends.get(name, 2) * RATE)]
        assert abs(peak_hz(wave, 0.7 * pitch, 1.4 * pitch) / pitch - 1) < 0.03


def test_siren_stays_in_its_span():
    sound = render("siren", 0, conditions=CLEAN, pitch=600.0, kind="wail", span=1.0)
    frames = sound.waveform.reshape(-1, 1600)
    heard = [peak_hz(frame) for frame in frames]
    assert 570 < min(heard) < 720 and 1000 < max(heard) < 1260


def test_onsets_are_where_the_energy_rises():
    sound = render("knocking", 1, conditions=CLEAN, onsets=[0.25, 1.0, 1.5])
    assert sound.parameters["onsets"] == [0.25, 1.0, 1.5]
    for onset in (0.25, 1.0, 1.5):
        at = int(onset * RATE)
        after, before = sound.waveform[at : at + 400], sound.waveform[at - 400 : at]
        assert power_db(after) > power_db(before + 1e-9) + 20


def test_loudness_is_the_peak_of_a_clean_clip():
    for level in (-30.0, -3.0):
        wave = render("dog", 0, conditions=CLEAN, loudness_db=level).waveform
        assert 20 * np.log10(np.abs(wave).max()) == pytest.approx(level, abs=0.01)


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
    ("arguments", "message"),
    [
        ({"name": "unicorn"}, "foghorn"),
        ({"name": "siren", "colour": 3}, "colour.*pitch.*rate_hz"),
        ({"name": "siren", "pitch": "high"}, "cannot be used"),
        ({"name": "siren", "pitch": -1}, "positive"),
        ({"name": "siren", "pitch": 20_000.0}, "the clip is silent"),
        ({"name": "siren", "kind": "yelp"}, "not one of.*wail"),
        ({"name": "siren", "loudness_db": 3.0}, "full scale"),
        ({"name": "piano", "events": 0}, "at least 1"),
        ({"name": "dog", "onsets": [7.0]}, "inside the clip"),
        ({"name": "dog", "seconds": 0}, "outside"),
        ({"name": "dog", "rate": 4000}, "outside"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        render(arguments.pop("name"), 0, **arguments)


@pytest.mark.parametrize(
    ("field", "value"),
    [("background", "rainbow"), ("clip", 0), ("reverb_s", -1), ("distance_m", 0),
     ("high_hz", 0), ("gain_db", np.nan)],
)  # fmt: skip
def test_senseless_conditions(field, value):
    with pytest.raises(ValueError, match=field):
        Conditions(**{field: value})


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


def test_resynthesis_of_silence_of_a_scrap_and_of_nonsense():
    assert not resynthesise(np.zeros(800), RATE).any()
    for kind in ("griffin-lim", "vocoder"):
        assert resynthesise(np.ones(100), RATE, kind).shape == (100,)
    with pytest.raises(ValueError, match="vocoder"):
        resynthesise(np.ones(800), RATE, "magic")
    with pytest.raises(ValueError, match="samples"):
        resynthesise(np.ones((2, 800)), RATE)


def features(name, seed):
    mel = log_mel_spectrogram(render(name, seed, conditions=CLEAN).waveform, RATE, 40)
    mel = np.maximum(mel, mel.max() - 12)
    return np.r_[mel.mean(0), mel.std(0), np.abs(np.diff(mel, axis=0)).mean(0)]


def test_classes_can_be_told_apart():
    clips = np.array([[features(name, seed) for seed in range(12)] for name in CLASSES.index])
    support, queries = clips[:, :8], clips[:, 8:]
    spread = (support - support.mean(1, keepdims=True)).std((0, 1)) + 1e-6
    means = support.mean(1) / spread  # (C, features)
    distance = np.linalg.norm((queries / spread)[:, :, None] - means, axis=-1)
    right = distance.argmin(-1) == np.arange(len(CLASSES))[:, None]
    assert right.mean() > 0.7
    assert right[CLASSES["held_out"]].mean() > 0.7
