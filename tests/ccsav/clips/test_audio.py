import numpy as np
import pytest
import soundfile

from ccsav.clips import audio

RATE = 16_000


@pytest.fixture
def tone():
    t = np.arange(RATE) / RATE
    return (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


@pytest.mark.parametrize(("suffix", "tolerance"), [("wav", 1e-4), ("flac", 1e-4), ("ogg", 0.05)])
def test_formats(tmp_path, tone, suffix, tolerance):
    soundfile.write(tmp_path / f"a.{suffix}", tone, RATE)
    wave = audio.read_audio(tmp_path / f"a.{suffix}")
    assert wave.dtype == np.float32
    assert audio.header(tmp_path / f"a.{suffix}") == (RATE, RATE)
    np.testing.assert_allclose(wave, tone, atol=tolerance)


def test_mp3(tmp_path, tone):
    soundfile.write(tmp_path / "a.mp3", tone, RATE)
    spectrum = np.abs(np.fft.rfft(audio.read_audio(tmp_path / "a.mp3")[:RATE]))
    assert abs(int(spectrum.argmax()) - 440) <= 1


def test_channels_are_averaged(tmp_path, tone):
    soundfile.write(tmp_path / "a.wav", np.stack([tone, -tone, tone], 1), RATE, subtype="FLOAT")
    np.testing.assert_allclose(audio.read_audio(tmp_path / "a.wav"), tone / 3, atol=1e-6)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_the_pitch_and_the_level(tmp_path, rate):
    t = np.arange(rate) / rate
    soundfile.write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 440 * t), rate, subtype="FLOAT")
    wave = audio.read_audio(tmp_path / "a.wav", RATE)
    assert len(wave) == RATE
    middle = slice(2000, -2000)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    np.testing.assert_allclose(wave[middle], expected[middle], atol=2e-3)


def test_resampling_does_not_alias(tmp_path):
    t = np.arange(48_000) / 48_000
    soundfile.write(tmp_path / "a.wav", np.sin(2 * np.pi * 15_000 * t), 48_000)
    assert np.abs(audio.read_audio(tmp_path / "a.wav", RATE)[1000:-1000]).max() < 1e-3


def refused(path, sentence):
    with pytest.raises(audio.AudioError, match=sentence) as error:
        audio.read_audio(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_missing(tmp_path):
    refused(tmp_path / "no.wav", "there is no such file")
    refused(tmp_path, "there is no such file")


def test_not_audio(tmp_path):
    (tmp_path / "a.wav").write_text("This is a letter.")
    refused(tmp_path / "a.wav", "not WAV, FLAC, OGG or MP3 audio")
    (tmp_path / "b.wav").write_bytes(b"")
    refused(tmp_path / "b.wav", "not WAV, FLAC, OGG or MP3 audio")


def test_no_samples(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), RATE)
    refused(tmp_path / "a.wav", "has no samples")


def test_samples_that_are_not_finite(tmp_path, tone):
    tone[[3, 7]] = np.nan, np.inf
    soundfile.write(tmp_path / "a.wav", tone, RATE, subtype="FLOAT")
    refused(tmp_path / "a.wav", "2 of 16000 samples are NaN or infinite")


@pytest.mark.parametrize("rate", [7, 2_000_000])
def test_absurd_rates(tmp_path, tone, rate):
    soundfile.write(tmp_path / "a.wav", tone, rate)
    refused(tmp_path / "a.wav", f"sampling rate of {rate} Hz")


def test_truncated_file(tmp_path, tone):
    soundfile.write(tmp_path / "a.flac", tone, RATE)
    whole = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "a.flac", r"breaks off after 0\.\d of 1\.0 s\.")


def test_prepare_refuses_two_dimensions():
    with pytest.raises(audio.AudioError, match=r"clip 7: expected one channel.*\(2, 9\)"):
        audio.prepare(np.zeros((2, 9)), RATE, RATE, "clip 7")


@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "uint8", "uint16", "uint32", ">i2"])
def test_integers_are_scaled_by_their_type(tone, kind):
    kind = np.dtype(kind)
    half = 2 ** (8 * kind.itemsize - 1)
    numbers = (tone.astype(float) * (half - 1)).round() + half * (kind.kind == "u")
    wave = audio.prepare(numbers.astype(kind), RATE, RATE)
    assert wave.dtype == np.float32
    np.testing.assert_allclose(wave, tone, atol=1.5 / half + 1e-6)


@pytest.mark.parametrize("kind", ["int64", "bool", "complex64", "U3", object])
def test_types_without_a_full_scale_are_refused(tone, kind):
    with pytest.raises(audio.AudioError, match=r"^clip 3: samples of the type .*: give floats wit"):
        audio.prepare((1000 * tone).round().astype(kind), RATE, RATE, "clip 3")


def test_floats_in_other_units_are_refused(tmp_path, tone):
    audio.prepare(4 * tone, RATE, RATE)  # a recording may be too loud
    with pytest.raises(audio.AudioError, match=r"^clip 3: samples reach 16384, far beyond ±1: div"):
        audio.prepare(32768 * tone, RATE, RATE, "clip 3")
    soundfile.write(tmp_path / "a.wav", 32768 * tone, RATE, subtype="FLOAT")
    refused(tmp_path / "a.wav", "samples reach 16384, far beyond ±1")


@pytest.mark.parametrize("form", ["wav", "flac", "unknown.flac"])
def test_channels_that_cancel_one_another_are_warned_of(tmp_path, tone, form):
    path = tmp_path / f"a.{form}"
    soundfile.write(path, np.stack([tone, -tone], 1), RATE)
    if form == "unknown.flac":
        data = bytearray(path.read_bytes())
        data[21] &= 0xF0
        data[22:26] = bytes(4)
        path.write_bytes(data)
    with pytest.warns(UserWarning, match=rf"^{path}: its channels cancel one another"):
        assert np.abs(audio.read_audio(path)).max() < 1e-3
    soundfile.write(path, np.stack([tone, np.zeros_like(tone)], 1), RATE)
    assert np.abs(audio.read_audio(path)).max() > 0.2  # and no warning
    soundfile.write(path, np.zeros((RATE, 2)), RATE)
    assert not audio.read_audio(path).any()


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_a_part_is_the_beginning_of_the_whole(tmp_path, suffix, monkeypatch):
    """To the bit, although the rest is not decoded."""
    path, noise = tmp_path / f"a.{suffix}", np.random.default_rng(0).normal(0, 0.1, 8 * 44_100)
    soundfile.write(path, noise, 44_100)
    whole, lengths = audio.read_audio(path, 16_000), []
    read = soundfile.read
    monkeypatch.setattr(
        soundfile, "read", lambda *x, **y: lengths.append(len((z := read(*x, **y))[0])) or z
    )
    part = audio.read_audio(path, 16_000, until=2)
    np.testing.assert_array_equal(part, whole[:32_000])
    assert lengths == [3 * 44_100]
    np.testing.assert_array_equal(audio.read_audio(path, 16_000, until=100), whole)
