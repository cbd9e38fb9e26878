"""Changes to any recording, one at a time: noise, filters, pitch, rate and level.

A waveform is (samples,), mono, floats. All changes keep the sampling rate.
"""

import numpy as np
import soxr
from scipy import signal

CHANGES = ("snr_db", "low_pass_hz", "high_pass_hz", "pitch_semitones", "rate_factor", "level_db")
WINDOW_S, OVERLAP = 0.046, 4  # of the phase vocoder
ORDER = 4  # of the filters, run forwards and backwards


def changed(waveform: np.ndarray, rate: int, what: str, value: float, seed: int = 0) -> np.ndarray:
    """A recording with one property changed.

    Parameters
    ----------
    waveform : (samples,) float
    rate : sampling rate, Hz.
    what : one of `CHANGES`. snr_db: white noise is added, so many dB below the recording.
        low_pass_hz, high_pass_hz: frequencies beyond are filtered out. pitch_semitones: up or down,
        the duration kept. rate_factor: so many times as fast, the pitch kept; the result has
        samples / value samples. level_db: louder or softer.
    value : of the property; 0 semitones, factor 1 and 0 dB of level change nothing.
    seed : of the noise.

    Raises
    ------
    ValueError : for another name, a frequency outside of 0 to rate / 2, or a factor of 0 or less.

    Examples
    --------
    >>> import numpy as np
    >>> from ccsav_lab.sounds.changes import changed
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    >>> len(changed(tone, 16_000, "rate_factor", 2.0))
    8000
    """
    wave = np.asarray(waveform, np.float64)
    if what not in CHANGES:
        raise ValueError(f"what={what!r}: choose one of {', '.join(CHANGES)}.")
    if what.endswith("pass_hz"):
        if not 0 < value < rate / 2:
            raise ValueError(f"{what}={value:g}: choose more than 0 and less than {rate / 2:g} Hz.")
        sections = signal.butter(ORDER, value, what.partition("_")[0], fs=rate, output="sos")
        wave = signal.sosfiltfilt(sections, wave)
    elif what == "snr_db":
        noise = np.random.default_rng(seed).standard_normal(len(wave))
        wave = wave + noise * np.sqrt(np.mean(wave**2)) * 10 ** (-value / 20)
    elif what == "level_db":
        wave = wave * 10 ** (value / 20)
    elif what == "rate_factor":
        wave = _faster(wave, rate, value)
    else:
        factor = 2 ** (value / 12)
        slower = _faster(wave, rate, 1 / factor)  # then read faster: the pitch rises
        wave = _of_length(soxr.resample(slower, factor, 1), len(wave))
    return wave.astype(np.float32)


def _faster(wave: np.ndarray, rate: int, factor: float) -> np.ndarray:
    """So many times as fast at the same pitch, by a phase vocoder.

    Phases are locked to spectral peaks (Laroche and Dolson 1999, Improved Phase Vocoder).
    """
    if factor <= 0:
        raise ValueError(f"rate_factor={factor:g}: choose more than 0.")
    size = 2 ** round(np.log2(WINDOW_S * rate))
    hop, samples = size // OVERLAP, round(len(wave) / factor)
    transform = signal.ShortTimeFFT(signal.windows.hann(size, sym=False), hop, fs=rate)
    spectrum = transform.stft(np.pad(wave, (0, size)))  # (bins, frames)
    angle, magnitude = np.angle(spectrum), np.abs(spectrum)
    turn = 2 * np.pi * hop * np.arange(len(spectrum)) / size  # of each bin's phase in a hop
    at = np.arange(0, spectrum.shape[1] - 1, factor)  # frames that are read
    phase, frames = angle[:, 0], []
    for now, following in zip(at, [*at[1:], at[-1]], strict=True):
        before, part = int(now), now % 1
        size_now = (1 - part) * magnitude[:, before] + part * magnitude[:, before + 1]
        frames.append(size_now * np.exp(1j * phase))
        step = angle[:, before + 1] - angle[:, before] - turn
        phase = phase + turn + (step + np.pi) % (2 * np.pi) - np.pi
        own = angle[:, int(following)]
        peak = _nearest_peak(magnitude[:, int(following)])
        phase = phase[peak] + own - own[peak]  # bins of one partial keep their relation
    return _of_length(transform.istft(np.stack(frames, axis=1)), samples)


def _nearest_peak(magnitude: np.ndarray) -> np.ndarray:
    """For each bin the nearest one that is at least as large as its neighbours, (bins,)."""
    padded = np.pad(magnitude, 1, constant_values=-1)
    peaks = np.flatnonzero((magnitude >= padded[:-2]) & (magnitude >= padded[2:]))
    return peaks[np.searchsorted((peaks[1:] + peaks[:-1]) / 2, np.arange(len(magnitude)))]


def _of_length(wave: np.ndarray, samples: int) -> np.ndarray:
    """Cut, or zeros added at the end, to so many samples."""
    return np.pad(wave[:samples], (0, max(0, samples - len(wave))))
