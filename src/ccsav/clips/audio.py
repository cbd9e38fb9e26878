"""Read a recording: one channel, float32, at the sampling rate that a model needs."""

import os
import warnings

import numpy as np
import soundfile
import soxr

from ccsav.clips.formats.recording import Source, is_there, source_of
from ccsav.clips.formats.riff import wav_seconds
from ccsav.clips.formats.tracks import AudioError, check_length, count_seconds, decode_sound

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
EXTRA = 1.0  # seconds read after a part of a recording, so that resampling does not see its end
_RATES = (2_000, 768_000)  # Hz; a header with a rate outside is taken to be wrong
_LOUDEST = 10.0  # times full scale, which is ±1; beyond it, samples are taken to be in other units
_PADDING = 0.25  # seconds at most that codecs add to a recording
_CANCELLED = 0.01  # of the channels' energy: less in their mean deserves a warning


def header(path: Source) -> tuple[int, int]:
    """Count the samples per channel and read the rate in Hz, without decoding the recording.

    Except in WAV files, packets are counted: the length in a header may be wrong, an estimate, or
    missing. Raises `AudioError` if the file is missing, not audio, empty, breaks off before the
    length that it declares, or has an impossible rate.
    """
    return _measured(path)[:2]


def read_audio(path: Source, rate: int | None = None, until: float = np.inf) -> np.ndarray:
    """Decode a recording to one channel at `rate` Hz (default: its own), (samples,), float32, ±1.

    Only the first `until` seconds are decoded. Warns where the channels cancel one another. Raises
    `AudioError` as `header` and `prepare` do, or where decoding fails.
    """
    samples, source_rate, declared = _measured(path)
    if declared:
        stop = round(min(samples, (until + EXTRA) * source_rate))
        file, options = source_of(path, os.fsencode), {"dtype": "float32", "always_2d": True}
        try:
            channels = soundfile.read(file, stop=stop, **options)[0].T  # (channels, samples)
        except soundfile.LibsndfileError as error:
            raise AudioError(f"{path}: decoding failed: {error.error_string}") from error
        check_length(path, stop / source_rate, channels.shape[1] / source_rate)
    else:
        channels, source_rate = decode_sound(path, until + EXTRA)
    return prepare(mixed(channels, path), source_rate, rate or source_rate, path, until)


def prepare(
    waveform: np.ndarray, source_rate: int, rate: int, name="waveform", until: float = np.inf
) -> np.ndarray:
    """Check one mono waveform, (samples,), and resample it from `source_rate` to `rate`, in Hz.

    Only its first `until` seconds are used. Integers are scaled to ±1 by their type. Raises
    `AudioError`, naming `name`, for more than one dimension, no samples, samples that are NaN,
    infinite or far beyond ±1, another type of numbers, or an impossible rate.
    """
    waveform = np.asarray(waveform)
    _check_rate(source_rate, name)
    if waveform.ndim != 1:
        raise AudioError(
            f"{name}: expected one channel, (samples,), but got {waveform.shape}: average the "
            "channels first."
        )
    if waveform.size == 0:
        raise AudioError(f"{name}: the recording has no samples.")
    waveform = waveform[: round(min(len(waveform), (until + EXTRA) * source_rate))]
    waveform = as_floats(waveform, name)
    bad = np.count_nonzero(~np.isfinite(waveform))
    if bad:
        raise AudioError(f"{name}: {bad} of {waveform.size} samples are NaN or infinite.")
    if (peak := np.abs(waveform).max()) > _LOUDEST:
        raise AudioError(
            f"{name}: samples reach {peak:.5g}, far beyond ±1: divide them by their full scale, "
            "for 16 bits 32768."
        )
    if source_rate != rate:
        waveform = soxr.resample(waveform, source_rate, rate)
    return waveform[: round(min(len(waveform), until * rate))]


def as_floats(waveform: np.ndarray, name="waveform") -> np.ndarray:
    """Samples as float32; integers of 8, 16 or 32 bits scaled to ±1, unsigned ones about half.

    Raises `AudioError`, naming `name`, for other types, of which full scale is not known.
    """
    waveform = np.asarray(waveform)
    kind, bits = waveform.dtype.kind, 8 * waveform.dtype.itemsize
    if kind == "f":
        return waveform.astype(np.float32, copy=False)
    if kind not in "iu" or bits > 32:
        raise AudioError(
            f"{name}: samples of the type {waveform.dtype}: give floats within ±1, or integers of "
            "8, 16 or 32 bits."
        )
    half = 2.0 ** (bits - 1)
    return ((waveform - half * (kind == "u")) / half).astype(np.float32)


def mixed(channels: np.ndarray, name) -> np.ndarray:
    """Mean of the channels, (C, samples) → (samples,); warns where they cancel one another."""
    wave = channels.mean(axis=0)
    if len(wave) and np.square(wave).mean() < _CANCELLED * np.square(channels).mean():
        note = "its channels cancel one another (left = -right): their mean is almost silent."
        warnings.warn(f"{name}: {note}", stacklevel=3)
    return wave


def _measured(path):
    """Samples per channel, rate, and whether libsndfile reads all of them, as they are declared."""
    if not is_there(path):
        raise AudioError(f"{path}: there is no such file.")
    try:
        info = soundfile.info(source_of(path, os.fsencode))
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: raw samples
        count_seconds(path)  # says where a FLAC file breaks off
        reason = getattr(error, "error_string", error)
        raise AudioError(f"{path}: {AudioError.reason}: {reason}") from error
    _check_rate(info.samplerate, path)
    samples = info.frames
    if declared := bool(samples) and (lengths := wav_seconds(path)) is not None:
        check_length(path, *lengths)
    else:
        seconds, declared = count_seconds(path)
        declared = declared and samples > (seconds - _PADDING) * info.samplerate
        samples = samples if declared else round(seconds * info.samplerate)
    if samples == 0:
        raise AudioError(f"{path}: the recording has no samples.")
    return samples, info.samplerate, declared


def _check_rate(rate, name):
    """Raise `AudioError`, naming `name`, unless a recorder could have this rate, in Hz."""
    lowest, highest = _RATES
    if not lowest <= rate <= highest:
        raise AudioError(f"{name}: a sampling rate of {rate} Hz is outside {lowest}–{highest} Hz.")
