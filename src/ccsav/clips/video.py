"""Read a video: its frames at even steps of time, and its sound track."""

from itertools import islice, takewhile
from pathlib import Path

import numpy as np

from ccsav.clips import audio
from ccsav.clips.formats.recording import Source
from ccsav.clips.formats.riff import missing_bytes
from ccsav.clips.formats.tracks import decode_sound, open_track

SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi")
MIN_FRAMES, MOST_FRAMES = 4, 768  # of a short video, if it has so many, and of a long one
_TOLERANCE = 0.5  # seconds by which the frames may end before the length in the header


class VideoError(audio.AudioError):
    """A video that cannot be used; the message names it and says why."""

    reason = "cannot be read as a video"


def is_video(path: Source) -> bool:
    """Whether a file is a video, by its suffix."""
    return Path(str(path)).suffix.lower() in SUFFIXES


def seconds(path: Source, kind: str = "video") -> float:
    """Duration of a video's frames ("video") or of its sound ("audio"): declared, else counted.

    Raises `VideoError` if the file is missing, not a video, has no such track, or breaks off.
    """
    with open_track(path, kind, VideoError) as (container, track):
        declared, ends = _declared(container, track), {}
        for packet in container.demux():
            if packet.size and packet.pts is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                ends[packet.stream.index] = max(end, ends.get(packet.stream.index, 0.0))
        if track.duration is not None:
            start, end = (track.start_time or 0) * track.time_base, ends.get(track.index, 0.0)
        else:  # the header declares the longest of the tracks only
            start = (container.start_time or 0) / 1e6
            end = max(ends.values(), default=0.0) if declared else ends.get(track.index, 0.0)
    if missing := missing_bytes(path):
        raise VideoError(f"{path}: breaks off: {missing} of its bytes are missing.")
    shorter = max(0.1, min(_TOLERANCE, 0.1 * (declared or 0)))  # s that the last frame may last
    if declared is not None and end - start < declared - shorter:
        raise VideoError(f"{path}: breaks off after {end - start:.1f} of {declared:.1f} s.")
    return float(end - start) if declared is None else declared


def frames(path: Source, fps: float = 2.0, until: float = np.inf) -> np.ndarray:
    """Read frames at even steps of time, (T, H, W, 3), uint8, red, green, blue; see `even_steps`.

    fps: frames per second of video. until: seconds to read; nothing after them is decoded. Raises
    `VideoError` if the file is missing, not a video, or incomplete.
    """
    with _open(path, "video") as (container, track):
        declared = _declared(container, track)
    length = min(seconds(path) if declared is None else declared, until)
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


def sound(path: Source, rate: int, until: float = np.inf) -> np.ndarray:
    """Read a video's sound track at `rate` Hz, mixed to one channel, (samples,), float32.

    Only the first `until` seconds are decoded. Raises `VideoError` if the video has no sound, and
    `AudioError` as `audio.prepare` does.
    """
    if np.isinf(until):
        seconds(path, "audio")  # refuses a video that breaks off
    channels, source_rate = decode_sound(path, until + audio.EXTRA, VideoError)
    return audio.prepare(audio.mixed(channels, path), source_rate, rate, path, until)


def _open(path, kind):
    """Open a video, and its first track of a kind; errors meanwhile become a `VideoError`."""
    return open_track(path, kind, VideoError)


def _declared(container, track):
    """Seconds of a track, else of the whole file (as Matroska has it), in the header; or None."""
    if track.duration is not None:
        return float(track.duration * track.time_base)
    return container.duration and container.duration / 1e6  # µs
