"""Read a recording: one channel, float32, at the sampling rate that a model needs."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
EXTRA = 1.0  # seconds read after a part of a recording, so that resampling does not see its end
_RATES = (2_000, 768_000)  # Hz; a header with a rate outside is taken to be wrong


class AudioError(ValueError):
    """A recording that cannot be used; the message names it and says why."""


def header(path: str | Path) -> tuple[int, int]:
    """Read the number of samples per channel and the rate in Hz, without decoding the recording.

    Raises `AudioError` if the file is missing, not audio, empty, or has an impossible rate.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path}: there is no such file.")
    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path}: not WAV, FLAC, OGG or MP3 audio: {error.error_string}"
        ) from error
    _check_rate(info.samplerate, path)
    if info.frames == 0:
        raise AudioError(f"{path}: the recording has no samples.")
    return info.frames, info.samplerate


def read_audio(path: str | Path, rate: int | None = None, until: float = np.inf) -> np.ndarray:
    """Decode a recording to one channel at `rate` Hz (default: its own), (samples,), float32, ±1.

    Only the first `until` seconds are decoded. Raises `AudioError` as `header` and `prepare` do, or
    where decoding fails.
    """
    samples, source_rate = header(path)
    stop = round(min(samples, (until + EXTRA) * source_rate))
    try:  # (samples, channels)
        channels, _ = soundfile.read(str(path), stop=stop, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: decoding failed: {error.error_string}") from error
    return prepare(channels.mean(axis=1), source_rate, rate or source_rate, path, until)


def prepare(
    waveform: np.ndarray, source_rate: int, rate: int, name="waveform", until: float = np.inf
) -> np.ndarray:
    """Check one mono waveform, (samples,), and resample it from `source_rate` to `rate`, in Hz.

    Only its first `until` seconds are used. Raises `AudioError`, naming `name`, for more than one
    dimension, no samples, samples that are NaN or infinite, or an impossible rate.
    """
    waveform = np.asarray(waveform, dtype=np.float32)
    _check_rate(source_rate, name)
    if waveform.ndim != 1:
        raise AudioError(f"{name}: expected one channel, (samples,), but got {waveform.shape}.")
    if waveform.size == 0:
        raise AudioError(f"{name}: the recording has no samples.")
    waveform = waveform[: round(min(len(waveform), (until + EXTRA) * source_rate))]
    bad = np.count_nonzero(~np.isfinite(waveform))
    if bad:
        raise AudioError(f"{name}: {bad} of {waveform.size} samples are NaN or infinite.")
    if source_rate != rate:
        waveform = soxr.resample(waveform, source_rate, rate)
    return waveform[: round(min(len(waveform), until * rate))]


def _check_rate(rate, name):
    """Raise `AudioError`, naming `name`, unless a recorder could have this rate, in Hz."""
    lowest, highest = _RATES
    if not lowest <= rate <= highest:
        raise AudioError(f"{name}: a sampling rate of {rate} Hz is outside {lowest}–{highest} Hz.")
