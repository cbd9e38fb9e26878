"""Building blocks of sounds: oscillators, noise, filters, envelopes, struck modes, formants.

Everything is a pure function of arrays. `samples` is a length, `rate` is in Hz, times are in
seconds, a waveform has shape (samples,).
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import fft, signal

TABLE = 16_384  # points of one period of a wave
NYQUIST_SHARE = 0.48  # of the sampling rate: partials above it are left out
COARSE = 16  # samples between the points of a slow curve, which is linear between them
PAD_S = 0.05  # s of silence after a clip, so that a filter's tail does not reach its beginning
VOWELS = {  # Hz, the first four formants of an adult voice
    "a": (780, 1250, 2600, 3600),
    "e": (480, 1900, 2600, 3600),
    "i": (290, 2250, 3000, 3700),
    "o": (470, 850, 2500, 3500),
    "u": (320, 720, 2300, 3400),
    "m": (250, 1000, 2200, 3300),
}


@lru_cache(8)
def bins(size: int, rate: int) -> np.ndarray:
    """Frequencies, (size // 2 + 1,), in Hz of a real spectrum of `size` samples; read-only."""
    f = fft.rfftfreq(size, 1 / rate).astype(np.float32)
    f.flags.writeable = False
    return f


def saw(partials: int = 60, tilt: float = 1.0, odd: bool = False) -> np.ndarray:
    """Amplitudes (partials,) of a wave that falls as 1/k^tilt; `odd` leaves out even partials."""
    k = np.arange(1.0, partials + 1)
    return k**-tilt * (k % 2 if odd else 1.0)


def harmonics(frequency, weights, samples: int, rate: int, pulse: bool = False) -> np.ndarray:
    """Periodic wave, (samples,), read from a table of one period.

    Parameters
    ----------
    frequency : Hz, one number or (samples,).
    weights : (H,), amplitudes of partials 1 to H; those above the Nyquist frequency are left out.
    samples, rate : length, and sampling rate in Hz.
    pulse : whether all partials peak at the same time.
    """
    weights = np.asarray(weights, float)
    inside = np.arange(1, len(weights) + 1) * np.max(frequency) < NYQUIST_SHARE * rate
    spectrum = np.zeros(TABLE // 2 + 1, complex)
    spectrum[1 : len(weights) + 1] = weights * inside * (1 if pulse else -1j) * TABLE / 2
    table = fft.irfft(spectrum, TABLE)
    if np.ndim(frequency):
        steps = np.cumsum(frequency) * (TABLE / rate)
    else:
        steps = np.arange(samples) * (frequency * TABLE / rate)
    return table[steps.astype(np.int64) & (TABLE - 1)]


def noise(
    rng: np.random.Generator, samples: int, rate: int, response: Callable | None = None
) -> np.ndarray:
    """Noise of unit power, (samples,); `response` maps frequencies (F,) to gains (F,).

    Its bins are uniform complex numbers, which are fast to draw; their sum is nearly Gaussian.
    """
    size = fft.next_fast_len(samples, real=True)
    spectrum = (rng.random(2 * (size // 2 + 1), dtype=np.float32) - 0.5).view(np.complex64)
    if response is not None:
        spectrum = spectrum * response(bins(size, rate)).astype(np.float32)
    wave = fft.irfft(spectrum, size)[:samples].astype(float)
    return wave / (np.sqrt(np.mean(wave**2)) + 1e-12)


def band(low: float = 0.0, high: float = np.inf, slope: float = 0.0) -> Callable:
    """Band-pass response, low–high Hz, 24 dB per octave, with a tilt of `slope` dB per octave."""

    def response(f):
        gains = np.ones_like(f)
        if low > 0:
            ratio = np.square(np.square(low / np.maximum(f, 1)))
            gains /= np.sqrt(1 + ratio * ratio)
        if high < np.inf:
            ratio = np.square(np.square(f / high))
            gains /= np.sqrt(1 + ratio * ratio)
        return gains * (np.maximum(f, 20) / 1000) ** (slope / 6.02) if slope else gains

    return response


def resonances(centres, widths, gains=None) -> Callable:
    """Response of second-order resonances in parallel; centres and widths in Hz, linear gains."""
    gains = np.ones(len(centres)) if gains is None else gains

    def response(f):
        total = np.zeros(len(f), np.complex64)
        for centre, width, gain in zip(centres, widths, gains, strict=True):
            centre, width, gain = float(centre), float(width), float(gain)
            jwf = np.complex64(1j) * (width * f)
            total += gain * jwf / (centre * centre - f * f + jwf)
        return total

    return response


def shape(wave: np.ndarray, rate: int, *responses: Callable) -> list[np.ndarray] | np.ndarray:
    """Filter a waveform by one response, or by several, which returns a list of waveforms."""
    size = fft.next_fast_len(len(wave) + int(PAD_S * rate), real=True)
    f, spectrum = bins(size, rate), fft.rfft(wave.astype(np.float32), size)
    gains = (response(f).astype(spectrum.dtype) for response in responses)
    waves = [fft.irfft(spectrum * gain, size)[: len(wave)].astype(float) for gain in gains]
    return waves if len(waves) > 1 else waves[0]


def vowel(name: str, stretch: float = 1.0) -> Callable:
    """Response of a vocal tract; `stretch` > 1: a shorter one (child, cat); < 1: a longer one."""
    centres = np.array(VOWELS[name]) * stretch
    return resonances(centres, 60 + 0.05 * centres, (1.0, 0.6, 0.3, 0.2))


def gate(samples: int, rate: int, onsets, lengths, rise=0.01, fall=0.02, gains=1.0) -> np.ndarray:
    """Envelope, (samples,): up at each onset, for a length, both in s, with smooth edges."""
    envelope = np.zeros(samples)
    lengths, gains = np.broadcast_to(lengths, len(onsets)), np.broadcast_to(gains, len(onsets))
    for onset, length, gain in zip(onsets, lengths, gains, strict=True):
        start = int(onset * rate)
        k = np.arange(min(max(int(length * rate), 2), samples - start)) / rate
        ramp = np.clip(np.minimum(k / rise, (length - k) / fall), 0, 1)
        part = envelope[start : start + len(k)]
        np.maximum(part, gain * np.sin(np.pi / 2 * ramp) ** 2, out=part)
    return envelope


def hits(samples: int, rate: int, onsets, gains=1.0) -> np.ndarray:
    """Impulses, (samples,), of the given gains at the onsets."""
    wave = np.zeros(samples)
    index = (np.asarray(onsets, float) * rate).astype(int)
    np.add.at(wave, np.clip(index, 0, samples - 1), np.broadcast_to(gains, len(index)))
    return wave


def ring(excitation: np.ndarray, rate: int, frequencies, decays, gains) -> np.ndarray:
    """Modes excited by a waveform: decaying sines; `decays`: s until they fall to 1/e."""
    wave = np.zeros(len(excitation))
    for frequency, decay, gain in zip(frequencies, decays, gains, strict=True):
        if frequency < NYQUIST_SHARE * rate:
            radius, angle = np.exp(-1 / (decay * rate)), 2 * np.pi * frequency / rate
            poles = [1, -2 * radius * np.cos(angle), radius**2]
            wave += signal.lfilter([0, gain * np.sin(angle)], poles, excitation)
    return wave


def decay(impulses: np.ndarray, rate: int, seconds: float) -> np.ndarray:
    """Envelope that rises at each impulse and falls to 1/e in `seconds`."""
    return signal.lfilter([1], [1, -np.exp(-1 / (seconds * rate))], impulses)


def place_grains(samples: int, rate: int, onsets, grains) -> np.ndarray:
    """Sum of short waveforms, (E, L) or a list, one at each onset; cut at the end, (samples,)."""
    wave = np.zeros(samples)
    for onset, grain in zip(onsets, grains, strict=True):
        start = int(onset * rate)
        wave[start : start + len(grain)] += grain[: max(samples - start, 0)]
    return wave


def blips(rate: int, frequencies, decays, gains, rise: float = 0.0, length: float = 4.0):
    """Decaying sines, (E, L), one per event; `rise`: octaves per s; `length`: in longest decays."""
    t = np.arange(int(length * np.max(decays) * rate)) / rate
    frequencies, decays, gains = (
        np.asarray(x, float)[:, None] for x in (frequencies, decays, gains)
    )
    cycles = frequencies * (t + rise * 0.35 * t**2)
    return gains * np.exp(-t / decays) * np.sin(2 * np.pi * cycles)


def wander(rng: np.random.Generator, samples: int, rate: int, hz: float) -> np.ndarray:
    """Slow random curve within ±1, (samples,), with about `hz` new values per second."""
    knots = rng.uniform(-1, 1, int(samples / rate * hz) + 4)
    x = np.arange(0, samples + 2 * COARSE, COARSE) * (hz / rate)
    i = np.minimum(x.astype(int), len(knots) - 2)
    blend = np.sin(np.pi / 2 * (x - i)) ** 2
    coarse = knots[i] * (1 - blend) + knots[i + 1] * blend
    between = np.arange(COARSE) / COARSE
    return (coarse[:-1, None] + np.diff(coarse)[:, None] * between).ravel()[:samples]


def glide(samples: int, *values: float) -> np.ndarray:
    """Curve, (samples,), through the values, evenly spaced in time, linear on a log scale."""
    positions = np.linspace(0, len(values) - 1, samples)
    return np.exp(np.interp(positions, np.arange(len(values)), np.log(values)))
