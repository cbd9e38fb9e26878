"""Machine-made copies of a recording, for bona fide / spoof tasks."""

import numpy as np
from scipy import fft, signal

WINDOW_S, HOP_S = 0.032, 0.008  # s
VOCODER_BANDS = 24
GRIFFIN_LIM_BANDS = 32
ITERATIONS = 12
LOWEST_PITCH, HIGHEST_PITCH = 70.0, 500.0  # Hz, that the vocoder searches
KINDS = ("griffin-lim", "vocoder")


def resynthesise(
    waveform: np.ndarray, rate: int, kind: str = "griffin-lim", seed: int = 0
) -> np.ndarray:
    """Make a machine's copy of a recording: it sounds similar, and differs measurably.

    Parameters
    ----------
    waveform : (samples,), full scale ±1.
    rate : sampling rate, Hz.
    kind : "griffin-lim": from a mel spectrogram of 32 bands, with estimated phases. "vocoder":
        from the envelopes of 24 bands, with pulses or noise as the source.
    seed : of the random phases and the noise.

    Returns
    -------
    np.ndarray
        (samples,), float32, with the root mean square of the original (less where that would
        exceed full scale).

    Raises
    ------
    ValueError
        For an unknown kind, no samples, or more than one dimension.
    """
    waveform = np.asarray(waveform, float)
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is not one of {KINDS}.")
    if waveform.ndim != 1 or waveform.size == 0:
        raise ValueError(f"expected a waveform (samples,), but got {waveform.shape}.")
    if not np.any(waveform):
        return waveform.astype(np.float32)
    make = _griffin_lim if kind == "griffin-lim" else _vocoder
    copy = make(waveform, rate, np.random.default_rng(seed))
    copy *= np.sqrt(np.mean(waveform**2) / (np.mean(copy**2) + 1e-20))
    return (copy / max(1, np.abs(copy).max())).astype(np.float32)


def _mel_bands(count: int, rate: int, size: int) -> np.ndarray:
    """Triangular bands evenly spaced in mel from 0 to half the rate, (count, size // 2 + 1)."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, count + 2) / 2595) - 1)  # Hz
    f = np.arange(size // 2 + 1) * rate / size
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    width = rate / size  # a band is at least as wide as one bin
    rise = (f - left) / np.maximum(centre - left, width)
    fall = (right - f) / np.maximum(right - centre, width)
    return np.maximum(np.minimum(rise, fall), 0)


def log_mel_spectrogram(waveform: np.ndarray, rate: int, count: int = 64) -> np.ndarray:
    """Natural log of the power in `count` mel bands, (frames, count)."""
    spectrum = np.abs(_stft(np.asarray(waveform, float), rate)) ** 2
    size = 2 * (spectrum.shape[1] - 1)
    return np.log(spectrum @ _mel_bands(count, rate, size).T + 1e-8)


def _griffin_lim(waveform: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Rebuild a waveform from the magnitudes of its mel spectrogram, with estimated phases."""
    spectrum = np.abs(_stft(waveform, rate))  # (frames, bins)
    bands = _mel_bands(GRIFFIN_LIM_BANDS, rate, 2 * (spectrum.shape[1] - 1))
    spread = bands / (np.sum(bands**2, axis=1, keepdims=True) + 1e-9)
    cover = np.maximum(bands.sum(axis=0), 0.1)
    magnitude = np.maximum((spectrum @ bands.T) @ spread / cover, 0)
    phase = np.exp(2j * np.pi * rng.random(magnitude.shape))
    for _ in range(ITERATIONS):
        again = _stft(_istft(magnitude * phase, rate, len(waveform)), rate)
        phase = again / (np.abs(again) + 1e-12)
    return _istft(magnitude * phase, rate, len(waveform))


def _vocoder(waveform: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Channel vocoder: band envelopes of the original; pulses where voiced, noise elsewhere."""
    pitch, voiced = _pitch(waveform, rate)  # (samples,) each
    cycles = np.cumsum(pitch) / rate
    pulses = (np.diff(np.floor(cycles), prepend=0) > 0) * np.sqrt(rate / pitch)
    source = voiced * pulses + (1 - voiced) * rng.standard_normal(len(waveform))
    size = fft.next_fast_len(len(waveform) + int(0.1 * rate), real=True)
    f = fft.rfftfreq(size, 1 / rate)
    bands = _mel_bands(VOCODER_BANDS, 2 * f[-1], 2 * (len(f) - 1))
    low = signal.butter(2, 50, fs=rate, output="sos")
    spectra = fft.rfft(np.stack([waveform, source]), size)  # (2, bins)
    copy = np.zeros(len(waveform))
    for band in bands:
        own, carrier = fft.irfft(spectra * band, size)[:, : len(waveform)]
        envelope = np.maximum(signal.sosfilt(low, own**2), 0)
        level = signal.sosfilt(low, carrier**2)
        copy += carrier * np.sqrt(envelope / np.maximum(level, 1e-3 * np.mean(carrier**2) + 1e-20))
    return copy


def _pitch(waveform: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Pitch in Hz and whether there is one, 0 or 1, per sample, by autocorrelation."""
    frames = _frames(waveform, rate)
    power = np.abs(fft.rfft(frames - frames.mean(1, keepdims=True), 2 * frames.shape[1])) ** 2
    similarity = fft.irfft(power)[:, : frames.shape[1]]
    similarity /= similarity[:, :1] + 1e-12
    first, last = int(rate / HIGHEST_PITCH), int(rate / LOWEST_PITCH)
    lag = first + similarity[:, first:last].argmax(axis=1)
    voiced = similarity[np.arange(len(lag)), lag] > 0.35
    centres = np.arange(len(frames)) * int(HOP_S * rate)
    frame = np.clip(np.searchsorted(centres, np.arange(len(waveform))), 0, len(centres) - 1)
    return np.interp(np.arange(len(waveform)), centres, rate / lag), voiced[frame].astype(float)


def _frames(waveform: np.ndarray, rate: int) -> np.ndarray:
    """Overlapping windowed frames, (frames, window), centred on every hop."""
    size, hop = 2 * int(WINDOW_S * rate / 2), int(HOP_S * rate)
    padded = np.pad(waveform, (size // 2, size // 2 + hop))
    return np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hanning(size + 1)[:-1]


def _stft(waveform: np.ndarray, rate: int) -> np.ndarray:
    """Short-time spectrum, (frames, bins)."""
    return fft.rfft(_frames(waveform, rate), axis=1)


def _istft(spectrum: np.ndarray, rate: int, samples: int) -> np.ndarray:
    """Waveform (samples,) by windowed overlap-add of a short-time spectrum, (frames, bins)."""
    size, hop = 2 * (spectrum.shape[1] - 1), int(HOP_S * rate)
    window = np.hanning(size + 1)[:-1]
    pieces = fft.irfft(spectrum, size, axis=1) * window
    wave, weight = np.zeros((2, hop * len(pieces) + size))
    for i, piece in enumerate(pieces):
        wave[i * hop : i * hop + size] += piece
        weight[i * hop : i * hop + size] += window**2
    return (wave / np.maximum(weight, 1e-3))[size // 2 : size // 2 + samples]
