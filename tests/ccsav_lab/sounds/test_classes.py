import numpy as np
import pytest

from ccsav_lab.sounds import CLASSES, Conditions, log_mel_spectrogram, render

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
def test_pitch_is_the_peak_of_the_spectrum(name, fixed):
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
    peaks = [peak_hz(frame) for frame in frames]
    assert 570 < min(peaks) < 720 and 1000 < max(peaks) < 1260


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


def features(name, seed):
    mel = log_mel_spectrogram(render(name, seed, conditions=CLEAN).waveform, RATE, 40)
    mel = np.maximum(mel, mel.max() - 12)
    return np.r_[mel.mean(0), mel.std(0), np.abs(np.diff(mel, axis=0)).mean(0)]


@pytest.mark.slow
def test_classes_can_be_told_apart():
    clips = np.array([[features(name, seed) for seed in range(12)] for name in CLASSES.index])
    support, queries = clips[:, :8], clips[:, 8:]
    spread = (support - support.mean(1, keepdims=True)).std((0, 1)) + 1e-6
    means = support.mean(1) / spread  # (C, features)
    distance = np.linalg.norm((queries / spread)[:, :, None] - means, axis=-1)
    right = distance.argmin(-1) == np.arange(len(CLASSES))[:, None]
    assert right.mean() > 0.7
    assert right[CLASSES["held_out"]].mean() > 0.7
