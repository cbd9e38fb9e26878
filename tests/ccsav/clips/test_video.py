from contextlib import contextmanager

import numpy as np
import pytest

from ccsav.clips import video
from ccsav.clips.formats import tracks
from tests import videos


@pytest.mark.parametrize("suffix", video.SUFFIXES)
def test_frames_and_sound(tmp_path, suffix):
    path = videos.write(tmp_path / f"a{suffix}", seconds=3, pitch=1000)
    assert video.seconds(path) == pytest.approx(3, abs=0.1)
    pictures = video.frames(path, fps=2)
    assert pictures.shape == (6, 48, 64, 3)
    assert pictures.dtype == np.uint8
    brightness = pictures[..., 0].mean(axis=(1, 2))
    expected = 200 * (0.2 + 0.8 * np.linspace(0, 74, 6).round() / 75)
    np.testing.assert_allclose(brightness, expected, atol=8)
    wave = video.sound(path, 8_000)
    assert wave.dtype == np.float32
    assert len(wave) == pytest.approx(3 * 8_000, abs=1500)
    spectrum = np.abs(np.fft.rfft(wave))
    assert np.fft.rfftfreq(len(wave), 1 / 8_000)[spectrum.argmax()] == pytest.approx(1000, abs=5)


def test_number_of_frames(tmp_path):
    path = videos.write(tmp_path / "a.mp4", seconds=2)
    assert len(video.frames(path, fps=2)) == 4
    assert len(video.even_steps(50, 2, fps=10, most=7)) == 6
    assert len(video.frames(path, fps=0.1)) == video.MIN_FRAMES
    first, *_, last = video.frames(path, fps=0.1)[..., 0].mean(axis=(1, 2))
    assert first == pytest.approx(40, abs=8)
    assert last == pytest.approx(200, abs=12)


def test_videos_that_cannot_be_used(tmp_path):
    with pytest.raises(video.VideoError, match=r"none\.mp4: there is no such file"):
        video.frames(tmp_path / "none.mp4")
    (tmp_path / "text.mp4").write_text("hello")
    with pytest.raises(video.VideoError, match=r"text\.mp4: cannot be read as a video"):
        video.seconds(tmp_path / "text.mp4")
    silent = videos.write(tmp_path / "silent.mp4", pitch=None)
    with pytest.raises(video.VideoError, match=r"silent\.mp4: there is no audio in it"):
        video.sound(silent, 16_000)
    whole = videos.write(tmp_path / "whole.mkv", seconds=4, size=(320, 240)).read_bytes()
    (tmp_path / "half.mkv").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(video.VideoError, match=r"half\.mkv: the frames end before 4\."):
        video.frames(tmp_path / "half.mkv")


@pytest.fixture(scope="module")
def long_video(tmp_path_factory):
    """A minute of small frames, with sound."""
    folder = tmp_path_factory.mktemp("long")
    return videos.write(folder / "long.mp4", seconds=60, size=(32, 32), rate=8_000)


@pytest.fixture
def work_done(monkeypatch):
    """Counts packets read, frames decoded (of either track) and frames converted to RGB."""
    done = {"packets": 0, "frames": 0, "converted": 0}

    class Frame:
        def __init__(self, frame):
            self.frame = frame

        def to_ndarray(self, **options):
            done["converted"] += 1
            return self.frame.to_ndarray(**options)

    def counted(items, name, of=lambda x: x):
        for item in items:
            done[name] += 1
            yield of(item)

    class Container:
        def __init__(self, container):
            self.container, self.streams = container, container.streams
            self.duration, self.start_time = container.duration, container.start_time

        def demux(self, *tracks):
            return counted(self.container.demux(*tracks), "packets")

        def decode(self, track):
            of = Frame if track.type == "video" else lambda x: x
            return counted(self.container.decode(track), "frames", of)

    opened = tracks.open_track

    @contextmanager
    def counting(path, kind, error):
        with opened(path, kind, error) as (container, track):
            yield Container(container), track

    monkeypatch.setattr(tracks, "open_track", counting)
    monkeypatch.setattr(video, "open_track", counting)
    return done


def test_the_rest_of_a_long_file_is_not_decoded(long_video, work_done):
    frames = video.frames(long_video, fps=2, until=4)
    assert frames.shape == (8, 32, 32, 3)
    assert work_done == {"packets": 101, "frames": 100, "converted": 8}
    wave = video.sound(long_video, 16_000, until=4)
    assert len(wave) == 64_000
    assert work_done["packets"] - 101 <= 5 * 8_000 / 1024 + 2
    np.testing.assert_array_equal(wave, video.sound(long_video, 16_000)[:64_000])
    assert work_done["packets"] > 60 * 8_000 / 1024


def test_only_frames_that_are_wanted_are_converted(long_video, work_done):
    assert len(video.frames(long_video, fps=0.1)) == 6
    assert work_done["converted"] == 6
    whole = video.frames(long_video, fps=2, until=600)
    np.testing.assert_array_equal(whole, video.frames(long_video, fps=2))
