"""No length in a header is believed: all of a recording is heard, or it is refused."""

import numpy as np
import pytest
import soundfile

from ccsav.clips import audio, video
from tests import videos
from tests.robust import media

WAVE = media.noise()


def length(path):
    """Seconds by the survey, which must be those that are then decoded."""
    samples, rate = audio.header(path)
    wave = audio.read_audio(path)
    assert samples / rate == pytest.approx(len(wave) / rate, abs=0.12)
    return len(wave) / rate


def heard(path, wave, rate, gap=0.1):
    """Whether a recording sounds as this wave: the loudness of each tenth of a second agrees."""
    found = audio.read_audio(path, rate)
    n, step = min(len(found), len(wave)), rate // 10
    loudness = [
        np.sqrt(np.square(x[: n // step * step]).reshape(-1, step).mean(axis=1))
        for x in (found, wave)
    ]
    return abs(len(found) - len(wave)) <= gap * rate and np.corrcoef(*loudness)[0, 1] > 0.9


@pytest.mark.parametrize("counted", [True, False])
def test_mp3_of_variable_bit_rate(tmp_path, counted):
    wave = media.noise(rate=44_100)
    path = media.mp3(tmp_path / "a.mp3", wave, counted=counted)
    known = soundfile.info(path).duration
    assert (abs(known - media.SECONDS) < 0.01) == counted  # libsndfile's estimate is wrong
    assert length(path) == pytest.approx(media.SECONDS, abs=0.05)
    assert heard(path, wave, 44_100)


@pytest.mark.parametrize("counted", [True, False])
def test_mp3_files_joined_end_to_end(tmp_path, counted):
    parts = [media.noise(s, 44_100, seed=i) for i, s in enumerate((1, 2, 1.5))]
    files = [
        media.mp3(tmp_path / f"{i}.mp3", x, counted=counted or i > 0) for i, x in enumerate(parts)
    ]
    assert length(media.joined(*files)) == pytest.approx(4.5, abs=0.3)  # codecs pad each


def test_mp3_with_a_wrong_count(tmp_path):
    data = bytearray(media.mp3(tmp_path / "a.mp3", WAVE, media.RATE).read_bytes())
    place = data.index(b"Xing") + 8
    count = int.from_bytes(data[place : place + 4], "big")
    for factor in (0.3, 10):
        data[place : place + 4] = round(factor * count).to_bytes(4, "big")
        (tmp_path / "b.mp3").write_bytes(data)
        if factor < 1:
            assert heard(tmp_path / "b.mp3", WAVE, media.RATE, gap=0.2)
        else:
            refused(tmp_path / "b.mp3", r"breaks off after 3\.\d of 3[56]\.\d s\.$")


@pytest.mark.parametrize("samples", [0, 16_000, len(WAVE)])
def test_flac_of_unknown_or_wrong_length(tmp_path, samples):
    path = media.flac(tmp_path / "a.flac", WAVE, samples=samples)
    assert length(path) == media.SECONDS
    np.testing.assert_allclose(audio.read_audio(path), WAVE, atol=1e-4)
    np.testing.assert_array_equal(audio.read_audio(path, until=1.5), audio.read_audio(path)[:24000])


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000 - 36])
def test_wav_written_into_a_pipe(tmp_path, size):
    path = media.wav(tmp_path / "a.wav", WAVE, size=size)
    assert length(path) == media.SECONDS
    np.testing.assert_allclose(audio.read_audio(path), WAVE, atol=1e-4)


def test_ogg_files_joined_end_to_end(tmp_path):
    for name, seconds in (("a", 2), ("b", 3.5)):
        soundfile.write(tmp_path / f"{name}.ogg", media.noise(seconds), media.RATE)
    assert length(media.joined(tmp_path / "a.ogg", tmp_path / "b.ogg")) == pytest.approx(5.5, 0.02)


def test_what_follows_the_sound_in_a_wav_file(tmp_path):
    path = media.wav(tmp_path / "a.wav", WAVE, size=2 * len(WAVE))
    with open(path, "ab") as file:  # a chunk of notes, and a tag of a player, are no sound
        file.write(b"LIST" + (20_000).to_bytes(4, "little") + bytes(20_000))
    assert length(path) == media.SECONDS
    whole = path.read_bytes()
    for tail in (b"TAG" + b"title".ljust(125), b"ID3\x03" + bytes(20_000), bytes(40_000)):
        path.write_bytes(whole + tail)
        assert length(path) == media.SECONDS
    path.write_bytes(whole)
    refused(media.joined(path, path), r"Error in WAV file\. No 'RIFF' chunk marker\.$")
    refused(media.wav(path, WAVE, size=32_000), r"holds 3\.5 s, but its header declares 1\.0 s")


def refused(path, sentence, look=audio.read_audio):
    with pytest.raises(audio.AudioError, match=sentence) as error:
        look(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("form", ["wav", "mp3", "flac", "ogg", "opus", "aiff"])
def test_recordings_that_break_off(tmp_path, form, share):
    path, options = tmp_path / f"a.{form}", {}
    if form == "opus":
        options = {"format": "OGG", "subtype": "OPUS"}
    if form == "mp3":
        media.mp3(path, WAVE, media.RATE)
    else:
        soundfile.write(path, WAVE, media.RATE, **options)
    part, sentence = media.cut(path, share, "part"), r"breaks off after [0-3]\.\d of 3\.[56] s\.$"
    if form in ("ogg", "opus"):
        sentence = r"breaks off after \d\.\d s: its last page is missing\.$|End of file\.$"
    for look in (audio.header, audio.read_audio):
        refused(part, sentence, look)


@pytest.mark.parametrize("form", ["mkv", "webm", "avi"])
def test_videos_that_break_off(tmp_path, form):
    path = videos.write(tmp_path / f"a.{form}", seconds=3.5)
    for kind in ("audio", "video"):
        assert video.seconds(path, kind) == pytest.approx(3.55, abs=0.1)
    for share in (0.3, 0.6):
        part = media.cut(path, share, "part")
        for kind in ("audio", "video"):
            refused(part, "breaks off", lambda part, kind=kind: video.seconds(part, kind))
        refused(part, "breaks off", lambda part: video.sound(part, 16_000))


@pytest.mark.parametrize(("form", "name"), [("webm", "webm"), ("matroska", "mkv")])
def test_videos_without_a_duration(tmp_path, form, name):
    path = media.streamed(videos.write(tmp_path / f"a.{name}", seconds=3.5), form)
    for kind in ("audio", "video"):
        assert video.seconds(path, kind) == pytest.approx(3.5, abs=0.1)
    assert len(video.sound(path, 16_000)) == pytest.approx(3.5 * 16_000, abs=1_500)
    assert video.frames(path, fps=2).shape[0] == 6
    assert video.frames(path, fps=2, until=2).shape[0] == 4


def test_a_list_of_addresses_is_no_recording(tmp_path):
    """FFmpeg would open what a playlist names."""
    media.mp3(tmp_path / "a.mp3", WAVE, media.RATE)
    for name in ("a.m3u8", "b.mp4", "c.wav"):
        (tmp_path / name).write_text("#EXTM3U\n#EXTINF:3,\na.mp3\n#EXT-X-ENDLIST\n")
        refused(tmp_path / name, "not WAV, FLAC, OGG or MP3 audio")
    refused(tmp_path / "b.mp4", "cannot be read as a video", video.seconds)
