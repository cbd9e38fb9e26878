"""Read a video: its frames at even steps of time, and its sound track. Needs PyAV."""

from contextlib import contextmanager
from itertools import chain, islice, takewhile
from pathlib import Path

import numpy as np

from ccsav.clips import audio

SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi")
MIN_FRAMES, MOST_FRAMES = 4, 768  # of a short video, if it has so many, and of a long one
_TOLERANCE = 0.5  # seconds by which the frames may end before the length in the header


class VideoError(audio.AudioError):
    """A video that cannot be used; the message names it and says why."""


def is_video(path: str | Path) -> bool:
    """Whether a file is a video, by its suffix."""
    return Path(path).suffix.lower() in SUFFIXES


def seconds(path: str | Path, kind: str = "video") -> float:
    """Duration of a video's frames ("video") or of its sound ("audio"), from the header.

    Raises `VideoError` if the file is missing, not a video, or has no such track.
    """
    with _open(path, kind) as (container, track):
        if track.duration is not None:
            return float(track.duration * track.time_base)
        if container.duration is not None:  # in µs; Matroska gives the length of the file only
            return container.duration / 1e6
        raise VideoError(f"{path}: the header does not say how long it is.")


def frames(path: str | Path, fps: float = 2.0, until: float = np.inf) -> np.ndarray:
    """Read frames at even steps of time, (T, H, W, 3), uint8, red, green, blue; see `even_steps`.

    fps: frames per second of video. until: seconds to read; nothing after them is decoded. Raises
    `VideoError` if the file is missing, not a video, or incomplete.
    """
    length = min(seconds(path), until)
    with _open(path, "video") as (container, track):
        read = takewhile(lambda x: (x.dts or 0) * track.time_base < until, container.demux(track))
        times = [t for x in read if x.size and (t := x.pts * track.time_base) < until]
    if not times or max(times) < 0.9 * length - _TOLERANCE:
        raise VideoError(f"{path}: the frames end before {length:.2f} s.")
    wanted = even_steps(len(times), length, fps)
    with _open(path, "video") as (container, track):
        decoded = enumerate(islice(container.decode(track), wanted[-1] + 1))
        kept = {i: frame.to_ndarray(format="rgb24") for i, frame in decoded if i in wanted}
    if not np.isin(wanted, list(kept)).all():
        raise VideoError(f"{path}: some of the frames cannot be decoded.")
    return np.stack([kept[i] for i in wanted])


def even_steps(n: int, length: float, fps: float, most: int = MOST_FRAMES) -> np.ndarray:
    """Which of n frames, that take `length` seconds, to take at `fps` frames per second, (T,).

    The first, the last, and those between at even steps, some of them repeatedly if there are too
    few; T is even, since models take frames in pairs, and from `MIN_FRAMES` to `most`.
    """
    pairs = int(min(max(length * fps, MIN_FRAMES), most) // 2)
    return np.linspace(0, n - 1, 2 * pairs).round().astype(int)


def sound(path: str | Path, rate: int, until: float = np.inf) -> np.ndarray:
    """Read a video's sound track at `rate` Hz, mixed to one channel, (samples,), float32.

    Only the first `until` seconds are decoded. Raises `VideoError` if the video has no sound, and
    `AudioError` as `audio.prepare` does.
    """
    with _open(path, "audio") as (container, track):
        from av import AudioResampler

        source_rate, as_floats, end = track.rate, AudioResampler(format="fltp"), until + audio.EXTRA
        read = takewhile(lambda frame: (frame.time or 0) < end, container.decode(track))
        pieces = [
            piece.to_ndarray()  # (channels, samples)
            for frame in chain(read, [None])  # None: the rest in the resampler
            for piece in as_floats.resample(frame)
        ]
    if not pieces:
        raise VideoError(f"{path}: the sound track is empty.")
    wave = np.concatenate(pieces, axis=1).mean(axis=0)
    return audio.prepare(wave, source_rate, rate, path, until)


@contextmanager
def _open(path, kind):
    """Open a video, and its first track of a kind; errors meanwhile become a `VideoError`."""
    if not Path(path).is_file():  # FFmpeg would open an address, too
        raise VideoError(f"{path}: there is no such file.")
    try:
        import av
    except ImportError as error:
        raise ImportError("reading videos needs PyAV: pip install 'ccsav[video]'.") from error
    try:
        with av.open(str(path)) as container:
            tracks = getattr(container.streams, kind)
            if not tracks:
                raise VideoError(f"{path}: there is no {kind} in it.")
            yield container, tracks[0]
    except av.FFmpegError as error:
        raise VideoError(f"{path}: cannot be read as a video: {error.strerror}.") from error
