"""Read a video: its frames at even steps of time, and its sound track. Needs PyAV."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ccsav.clips import audio

SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi")
MIN_FRAMES = 4  # of a short video, if it has so many
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


def frames(path: str | Path, fps: float = 2.0, most: int = 768) -> np.ndarray:
    """Read frames at even steps of time: the first, the last, and those between.

    Parameters
    ----------
    fps : frames per second of video, but at least `MIN_FRAMES` in all.
    most : frames at most; a longer video gets fewer per second.

    Returns
    -------
    frames : (T, H, W, 3), uint8, red, green, blue; T is even, since models take frames in pairs.

    Raises
    ------
    VideoError : the file is missing, not a video, or incomplete.
    """
    length = seconds(path)
    with _open(path, "video") as (container, track):
        times = [packet.pts * track.time_base for packet in container.demux(track) if packet.size]
    if not times or max(times) < 0.9 * length - _TOLERANCE:
        raise VideoError(f"{path}: the frames end before {length:.2f} s.")
    pairs = max(1, int(min(max(length * fps, MIN_FRAMES), most, len(times)) // 2))
    wanted = np.linspace(0, len(times) - 1, 2 * pairs).round().astype(int)  # (T,)
    with _open(path, "video") as (container, track):
        decoded = enumerate(container.decode(track))
        kept = {i: frame.to_ndarray(format="rgb24") for i, frame in decoded if i in wanted}
    if not np.isin(wanted, list(kept)).all():
        raise VideoError(f"{path}: some of the frames cannot be decoded.")
    return np.stack([kept[i] for i in wanted])


def sound(path: str | Path, rate: int) -> np.ndarray:
    """Read a video's sound track at `rate` Hz, mixed to one channel, (samples,), float32.

    Raises `VideoError` if the video has no sound, and `AudioError` as `audio.prepare` does.
    """
    with _open(path, "audio") as (container, track):
        from av import AudioResampler

        source_rate, as_floats = track.rate, AudioResampler(format="fltp")
        pieces = [
            piece.to_ndarray()  # (channels, samples)
            for frame in [*container.decode(track), None]  # None: the rest in the resampler
            for piece in as_floats.resample(frame)
        ]
    if not pieces:
        raise VideoError(f"{path}: the sound track is empty.")
    return audio.prepare(np.concatenate(pieces, axis=1).mean(axis=0), source_rate, rate, path)


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
