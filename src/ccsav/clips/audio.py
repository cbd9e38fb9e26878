"""Read a recording: one channel, float32, at the sampling rate that a model wants."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

MIN_RATE = 2_000  # Hz; below this a header is taken to be wrong
MAX_RATE = 768_000  # Hz
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


class AudioError(ValueError):
    """A recording that cannot be used; the message names it and says why."""


def header(path: str | Path) -> tuple[int, int]:
    """Read how long a recording is, without decoding it.

    Returns (number of samples per channel, sampling rate in Hz). Raises `AudioError` if the file
    is missing, not audio, empty, or has an absurd sampling rate.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path}: there is no such file.")
    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path}: not audio that can be read (WAV, FLAC, OGG or MP3): {error.error_string}"
        ) from error
    check_rate(info.samplerate, path)
    if info.frames == 0:
        raise AudioError(f"{path}: the recording holds no samples.")
    return info.frames, info.samplerate


def read_audio(path: str | Path, rate: int | None = None) -> np.ndarray:
    """Decode a recording, mix it to one channel and resample it.

    path: a WAV, FLAC, OGG or MP3 file.
    rate: sampling rate wanted, in Hz; default: the file's own.

    Returns a waveform, shape (samples,), float32, full scale ±1. Raises `AudioError`, naming the
    file, if it is missing, not audio, empty, has samples that are not finite, or has an absurd
    sampling rate.
    """
    _, source_rate = header(path)
    try:
        channels, _ = soundfile.read(str(path), dtype="float32", always_2d=True)  # (samples, ch)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: decoding broke off: {error.error_string}") from error
    return prepare(channels.mean(axis=1), source_rate, rate or source_rate, name=path)


def prepare(
    waveform: np.ndarray, source_rate: int, rate: int, name: object = "waveform"
) -> np.ndarray:
    """Check one mono waveform, (samples,), and resample it from `source_rate` to `rate`, in Hz.

    Raises `AudioError`, naming `name`, on more than one dimension, no samples, samples that are
    not finite, or an absurd sampling rate.
    """
    waveform = np.asarray(waveform, dtype=np.float32)
    check_rate(source_rate, name)
    if waveform.ndim != 1:
        raise AudioError(f"{name}: expected one channel, (samples,), but got {waveform.shape}.")
    if waveform.size == 0:
        raise AudioError(f"{name}: the recording holds no samples.")
    bad = np.count_nonzero(~np.isfinite(waveform))
    if bad:
        raise AudioError(f"{name}: {bad} of {waveform.size} samples are NaN or infinite.")
    return waveform if source_rate == rate else soxr.resample(waveform, source_rate, rate)


def check_rate(rate: int, name: object) -> None:
    """Raise `AudioError`, naming `name`, unless `rate` (Hz) is one that a recorder could have."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise AudioError(
            f"{name}: a sampling rate of {rate} Hz is outside {MIN_RATE}–{MAX_RATE} Hz; "
            "the header is probably wrong."
        )
