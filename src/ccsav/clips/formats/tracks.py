"""Tracks of sound and video files, read by PyAV (FFmpeg): counted to their end, and decoded."""

from contextlib import contextmanager

import numpy as np

from .endings import has_last_page, mp3_frames
from .recording import Source, is_there, source_of

TOLERANCE = 0.1  # seconds by which a header may differ from what follows it: codecs pad
_FORMATS = "wav,w64,aiff,au,flac,mp3,ogg,mov,matroska,avi,mpegts,mpeg,flv,asf"  # and no playlists


class AudioError(ValueError):
    """A recording that cannot be used; the message names it and says why."""

    reason = "not WAV, FLAC, OGG or MP3 audio"


@contextmanager
def open_track(path: Source, kind: str, error: type = AudioError):
    """Open a file, and its first track of a kind; what PyAV raises meanwhile becomes an `error`."""
    import av  # slow to import

    if not is_there(path):  # FFmpeg would open an address, too
        raise error(f"{path}: there is no such file.")
    try:
        options = {"format_whitelist": _FORMATS}
        with av.open(source_of(path), options=options, metadata_errors="replace") as container:
            tracks = getattr(container.streams, kind)
            if not tracks:
                raise error(f"{path}: there is no {kind} in it.")
            yield container, tracks[0]
    except AudioError:
        raise
    except (av.FFmpegError, ValueError) as cause:  # ValueError: frames that change their format
        raise error(f"{path}: {error.reason}: {getattr(cause, 'strerror', cause)}.") from cause


def count_seconds(path: Source) -> tuple[float, bool]:
    """Seconds of sound in a file, from its packets, and whether its header declares as much.

    An estimate from the bit rate, as of an MP3 file without a count of frames, declares nothing.
    Raises `AudioError` if the file cannot be opened, or breaks off.
    """
    with open_track(path, "audio") as (container, track):
        declared, form = container.duration and container.duration / 1e6, container.format.name
        parts, last, longest, first = [], 0, 0, None  # [start, end] of each file that was joined
        for packet in container.demux(track):
            if packet.size:
                first = packet.pos if first is None else first
                at = packet.pts if packet.pts is not None or not parts else parts[-1][1]
                if not parts or at < last:  # time begins anew
                    parts.append([at or 0, 0])
                parts[-1][1], last = (at or 0) + _duration(packet), at or 0
                longest = max(longest, _duration(packet))
        seconds = float(sum(end - start for start, end in parts) * track.time_base)
        if form == "mp3":
            frames = mp3_frames(path, first or 0)
            declared = frames and float(frames * longest * track.time_base)
    if declared and seconds < declared:
        check_length(path, declared, seconds)
    if form == "ogg" and not has_last_page(path):
        raise AudioError(f"{path}: breaks off after {seconds:.1f} s: its last page is missing.")
    return seconds, bool(declared) and seconds <= declared + TOLERANCE


def check_length(path: Source, declared: float, there: float) -> None:
    """Raise `AudioError` unless as many seconds are in a file as its header declares."""
    if there < declared - TOLERANCE:
        raise AudioError(f"{path}: breaks off after {there:.1f} of {declared:.1f} s.")
    if there > declared + TOLERANCE:
        raise AudioError(
            f"{path}: holds {there:.1f} s, but its header declares {declared:.1f} s: files were "
            "joined, or the header is wrong; write it anew."
        )


def decode_sound(path: Source, until: float, error: type = AudioError) -> tuple:
    """Decode the first `until` seconds of a track of sound: (channels, samples), float32; Hz.

    Packets that are none, as between files joined end to end, are passed over up to a hundredth of
    the sound; where more cannot be decoded, or nothing is there, raises `error`.
    """
    import av

    with open_track(path, "audio", error) as (container, track):
        as_floats, rate, times, pieces = av.AudioResampler(format="fltp"), track.rate, [], []
        decoded = bad = 0.0
        for packet in container.demux(track):
            length = float(_duration(packet) * packet.time_base)
            if packet.size and packet.pts is not None:
                times += [start := float(packet.pts * packet.time_base), start + length]
            try:
                frames = packet.decode()
            except av.FFmpegError:
                bad += length
                continue
            pieces += [x.to_ndarray() for frame in frames for x in as_floats.resample(frame)]
            for frame in frames:
                rate, decoded = frame.sample_rate, decoded + frame.samples / frame.sample_rate
            if decoded >= until:
                break
        pieces += [x.to_ndarray() for x in as_floats.resample(None)]
    span = max(times) - min(times) if times else 0.0
    if decoded < span - max(0.25, 0.1 * span):
        raise error(f"{path}: {span - decoded:.1f} of {span:.1f} s of its sound are missing.")
    if bad > TOLERANCE + decoded / 100:
        raise error(f"{path}: decoding failed in {bad:.2f} of {decoded + bad:.2f} s.")
    if not pieces:
        raise error(f"{path}: the recording has no samples.")
    return np.concatenate(pieces, axis=1), rate


def _duration(packet):
    """Duration of a packet; FFmpeg makes that of Vorbis' last one 2³² too large if negative."""
    duration = packet.duration or 0
    return duration - 2**32 if duration > 2**31 else duration
