"""Read a video: its frames at even steps of time, and its sound track. Needs PyAV."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ccsav.clips import audio

SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi")
FEWEST = 4  # frames of a short video, if it has so many
SLACK = 0.5  # seconds by which pictures may end before the header says


class VideoError(audio.AudioError):
    """A video that cannot be used; the message names it and says why."""


def is_video(path: str | Path) -> bool:
    """Whether a file's name says that it is a video."""
    return Path(path).suffix.lower() in SUFFIXES


def seconds(path: str | Path, kind: str = "video") -> float:
    """Duration of a video's pictures ("video") or of its sound ("audio"), from the header.

    Raises `VideoError` if the file is missing, not a video, or has no such track.
    """
    with _opened(path, kind) as (container, track):
        if track.duration is not None:
            return float(track.duration * track.time_base)
        if container.duration is not None:  # in microseconds; Matroska knows of the whole alone
            return container.duration / 1e6
        raise VideoError(f"{path}: the header does not say how long it is.")


def frames(path: str | Path, fps: float = 2.0, most: int = 768) -> np.ndarray:
    """Frames of a video, (T, H, W, 3), uint8, red, green, blue.

    fps: frames per second of video, but at least FEWEST; most: frames at most, spread over all of
    it. T is even, for models look at frames in pairs; the first starts the video, the last ends it.

    Raises `VideoError` if the file is missing, not a video, or breaks off.
    """
    length = seconds(path)
    with _opened(path, "video") as (container, track):
        times = [packet.pts * track.time_base for packet in container.demux(track) if packet.size]
    if not times or max(times) < 0.9 * length - SLACK:
        raise VideoError(f"{path}: the pictures break off before {length:.2f} s.")
    wanted = 2 * max(1, int(min(max(length * fps, FEWEST), most, len(times)) // 2))
    wanted = np.linspace(0, len(times) - 1, wanted).round().astype(int)
    with _opened(path, "video") as (container, track):
        decoded = enumerate(container.decode(track))
        kept = {i: frame.to_ndarray(format="rgb24") for i, frame in decoded if i in wanted}
    if not np.isin(wanted, list(kept)).all():
        raise VideoError(f"{path}: some of the pictures cannot be decoded.")
    return np.stack([kept[i] for i in wanted])


def sound(path: str | Path, rate: int) -> np.ndarray:
    """A video's sound track, mixed to one channel and resampled, (samples,), float32.

    rate: sampling rate wanted, in Hz. Raises `VideoError` if there is no sound, and `AudioError`
    on what `audio.prepare` refuses.
    """
    with _opened(path, "audio") as (container, track):
        source_rate = track.rate
        as_floats = av().AudioResampler(format="fltp")
        pieces = [
            piece.to_ndarray()  # (channels, samples)
            for frame in [*container.decode(track), None]  # None: what is left in the resampler
            for piece in as_floats.resample(frame)
        ]
    if not pieces:
        raise VideoError(f"{path}: the sound track is empty.")
    return audio.prepare(np.concatenate(pieces, axis=1).mean(axis=0), source_rate, rate, path)


@contextmanager
def _opened(path, kind):
    """A video and its first track of a kind; what goes wrong while it is open is a `VideoError`."""
    if not Path(path).is_file():
        raise VideoError(f"{path}: there is no such file.")
    errors = av().FFmpegError
    try:
        with av().open(str(path)) as container:
            tracks = getattr(container.streams, kind)
            if not tracks:
                raise VideoError(f"{path}: there is no {kind} in it.")
            yield container, tracks[0]
    except errors as error:
        raise VideoError(f"{path}: cannot be read as a video: {error.strerror}.") from error


def av():
    """The package PyAV, or an `ImportError` that says how to get it."""
    try:
        import av
    except ImportError as error:
        raise ImportError("reading videos needs PyAV: pip install 'ccsav[video]'.") from error
    return av
