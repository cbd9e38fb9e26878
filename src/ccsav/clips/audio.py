"""Read a recording: one channel, float32, at the sampling rate that a model needs."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
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


def read_audio(path: str | Path, rate: int | None = None) -> np.ndarray:
    """Decode a recording to one channel at `rate` Hz (default: its own), (samples,), float32, ±1.

    Raises `AudioError` as `header` and `prepare` do, or where decoding fails.
    """
    _, source_rate = header(path)
    try:
        channels, _ = soundfile.read(str(path), dtype="float32", always_2d=True)  # (samples, ch)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: decoding failed: {error.error_string}") from error
    return prepare(channels.mean(axis=1), source_rate, rate or source_rate, name=path)


def prepare(
    waveform: np.ndarray, source_rate: int, rate: int, name: object = "waveform"
) -> np.ndarray:
    """Check one mono waveform, (samples,), and resample it from `source_rate` to `rate`, in Hz.

    Raises `AudioError`, naming `name`, for more than one dimension, no samples, samples that are
    NaN or infinite, or an impossible rate.
    """
    waveform = np.asarray(waveform, dtype=np.float32)
    _check_rate(source_rate, name)
    if waveform.ndim != 1:
        raise AudioError(f"{name}: expected one channel, (samples,), but got {waveform.shape}.")
    if waveform.size == 0:
        raise AudioError(f"{name}: the recording has no samples.")
    bad = np.count_nonzero(~np.isfinite(waveform))
    if bad:
        raise AudioError(f"{name}: {bad} of {waveform.size} samples are NaN or infinite.")
    return waveform if source_rate == rate else soxr.resample(waveform, source_rate, rate)


def _check_rate(rate, name):
    """Raise `AudioError`, naming `name`, unless a recorder could have this rate, in Hz."""
    lowest, highest = _RATES
    if not lowest <= rate <= highest:
        raise AudioError(f"{name}: a sampling rate of {rate} Hz is outside {lowest}–{highest} Hz.")
