"""Bytes are read as the file that they come from: the same numbers, or the same refusal."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import soundfile

from ccsav import Dataset
from ccsav.clips import audio, video
from ccsav.clips.formats.recording import Recording
from tests import videos
from tests.robust import media

RATE = media.RATE
WAVE = media.noise()


def written(path, **options):
    soundfile.write(path, WAVE, RATE, **options)
    return path


def altered(path, change):
    path.write_bytes(change(bytearray(path.read_bytes())))
    return path


SOUNDS = {
    "plain.wav": written,
    "stereo.flac": lambda p: soundfile.write(p, np.stack([WAVE, WAVE / 2], 1), RATE) or p,
    "plain.ogg": written,
    "counted.mp3": lambda p: media.mp3(p, WAVE, RATE),
    "estimated.mp3": lambda p: media.mp3(p, WAVE, RATE, counted=False),
    "piped.wav": lambda p: media.wav(p, WAVE, size=0xFFFFFFFF),
    "wrong.wav": lambda p: media.wav(p, WAVE, size=2 * RATE),
    "unknown.flac": lambda p: media.flac(p, WAVE, samples=0),
    "wrong.flac": lambda p: media.flac(p, WAVE, samples=RATE),
    "joined.mp3": lambda p: media.joined(media.mp3(p, WAVE, RATE), p),
    "joined.ogg": lambda p: media.joined(written(p), p),
    "letter.wav": lambda p: p.write_text("a letter") and p,
    "empty.wav": lambda p: p.write_bytes(b"") or p,
    "raw.raw": lambda p: p.write_bytes(bytes(3_000)) and p,
    "rate.wav": lambda p: altered(written(p), lambda x: x[:24] + bytes([7, 0, 0, 0]) + x[28:]),
    "loud.wav": lambda p: soundfile.write(p, 999 * WAVE, RATE, subtype="FLOAT") or p,
}
HALVES = {f"half.{x}": (lambda p: media.cut(written(p), 0.5, "half")) for x in ("wav", "flac")}
HALVES |= {
    "half.ogg": lambda p: media.cut(written(p), 0.5, "half"),
    "half.mp3": lambda p: media.cut(media.mp3(p, WAVE, RATE), 0.5, "half"),
}
BROKEN = {"wrong.wav", "letter.wav", "empty.wav", "raw.raw", "rate.wav", "loud.wav", *HALVES}


def in_table(path):
    return Recording(f"row 3: {path.name}", path.read_bytes)


def outcome(function, source, *arguments, **options):
    """What a function returns, or what it raises, without the name of its source."""
    try:
        return function(source, *arguments, **options)
    except audio.AudioError as error:
        assert str(error).startswith(f"{source}: ")
        return str(error).removeprefix(f"{source}: ")


@pytest.mark.parametrize("name", [*SOUNDS, *HALVES])
def test_sounds(tmp_path, name):
    path = (SOUNDS | HALVES)[name](tmp_path / name)
    assert outcome(audio.header, in_table(path)) == outcome(audio.header, path)
    for until in (np.inf, 1.5):
        one, other = (
            outcome(audio.read_audio, x, 8_000, until=until) for x in (path, in_table(path))
        )
        np.testing.assert_array_equal(one, other)
        assert isinstance(one, str) or len(one) == round(min(until, len(one) / 8_000) * 8_000)
    refused = isinstance(outcome(audio.read_audio, in_table(path)), str)
    assert refused == (name in BROKEN)


@pytest.mark.parametrize("suffix", video.SUFFIXES)
def test_videos(tmp_path, suffix):
    whole = videos.write(tmp_path / f"a{suffix}", seconds=3)
    half = media.cut(whole, 0.5, "half")
    for path in (whole, half):
        stored = in_table(path)
        assert video.is_video(stored)
        for kind in ("video", "audio"):
            assert outcome(video.seconds, stored, kind) == outcome(video.seconds, path, kind)
            refused = isinstance(outcome(video.seconds, stored, kind), str)
            assert refused == (path == half)
        for read, rate in ((video.frames, 2.0), (video.sound, 8_000)):
            one, other = (outcome(read, x, rate) for x in (path, stored))
            np.testing.assert_array_equal(one, other)


def test_a_dataset_of_recordings_is_that_of_their_files(tmp_path):
    written(tmp_path / "a.wav")
    media.mp3(tmp_path / "b.mp3", WAVE, RATE)
    videos.write(tmp_path / "c.mp4", seconds=1)
    table = pd.DataFrame({"path": ["a.wav", "b.mp3", "c.mp4"], "video": [None, "c.mp4", None]})
    files = Dataset(table, tmp_path)
    stored = {name: Recording(name, (tmp_path / name).read_bytes) for name in table["path"]}
    tables = Dataset(table, stored=stored).subset([2, 1, 0]).subset([2, 1, 0])
    for i in range(3):
        assert tables.seconds(i) == files.seconds(i)
        assert tables.digest(i) == files.digest(i)
        np.testing.assert_array_equal(tables.waveform(i, RATE), files.waveform(i, RATE))
    for modality in ("video", "audio+video"):
        assert tables.seconds(1, modality) == files.seconds(1, modality)
        assert tables.digest(1, modality) == files.digest(1, modality)
    np.testing.assert_array_equal(tables.frames(1, 4), files.frames(2, 4))
    expected = hashlib.sha256((tmp_path / "a.wav").read_bytes()).hexdigest()
    assert tables.digest(0) == expected
    with pytest.raises(video.VideoError, match=r"^a\.wav: there is no video of it"):
        tables.frames(0, 2)


def test_bytes_are_read_when_they_are_needed_and_once():
    reads = []
    recording = Recording("row 0", lambda: reads.append(0) or b"no sound")
    assert (str(recording), reads) == ("row 0", [])
    with pytest.raises(audio.AudioError, match=r"^row 0: not WAV, FLAC, OGG or MP3 audio"):
        audio.header(recording)
    assert reads == [0]
