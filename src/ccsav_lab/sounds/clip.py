"""The argument of a recipe: a clip's length and rate, its random draws, and the building blocks."""

from collections.abc import Callable
from zlib import crc32

import numpy as np

from . import parts


class Clip:
    """One clip while a recipe makes it.

    Each parameter has a random generator of its own, seeded by the seed, the class's name and the
    parameter's name, so that fixing one parameter does not change another. Onsets follow from the
    rate or number of events and can also be fixed.

    Parameters
    ----------
    name, seed : of the class and of the clip.
    seconds, rate : length, and sampling rate in Hz.
    fixed : values of parameters that are not to be drawn, by name.

    Attributes
    ----------
    samples, time : length, and the time of each sample in s, (samples,).
    parameters : all that was drawn or fixed so far, by name.
    """

    def __init__(self, name: str, seed: int, seconds: float, rate: int, fixed: dict):
        self.name, self.seed, self.seconds, self.rate = name, seed, seconds, rate
        self.samples = round(seconds * rate)
        self.time = np.arange(self.samples) / rate  # s
        self.fixed, self.parameters = fixed, {}

    def rng(self, part: str) -> np.random.Generator:
        """The random generator of one parameter, or of one noise, of this clip."""
        return np.random.default_rng([self.seed, crc32(self.name.encode()), crc32(part.encode())])

    def draw(self, key: str, convert: Callable, sample: Callable):
        """Parameter `key`: fixed, or drawn by `sample(rng)`; then converted to a plain type."""
        try:
            value = convert(self.fixed[key] if key in self.fixed else sample(self.rng(key)))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{self.name}: {key}={self.fixed.get(key)!r} cannot be used."
            ) from error
        self.parameters[key] = value
        return value

    def uniform(self, key: str, low: float, high: float) -> float:
        """Draw a number, uniformly."""
        return self.draw(key, float, lambda rng: rng.uniform(low, high))

    def log(self, key: str, low: float, high: float, positive: bool = True) -> float:
        """Draw a number, uniformly on a log scale (pitches, rates, durations); must be positive."""
        value = self.draw(key, float, lambda rng: np.exp(rng.uniform(np.log(low), np.log(high))))
        if positive and not 0 < value < np.inf:
            raise ValueError(f"{self.name}: {key}={value} must be positive.")
        return value

    def whole(self, key: str, low: int, high: int) -> int:
        """Draw a whole number from low to high, both included; at least 1 if low is above 0."""
        value = self.draw(key, int, lambda rng: rng.integers(low, high + 1))
        if low > 0 and value < 1:
            raise ValueError(f"{self.name}: {key}={value} must be at least 1.")
        return value

    def choice(self, key: str, options) -> str:
        """Draw one of several words. Raises `ValueError` if another one is fixed."""
        value = self.draw(key, str, lambda rng: options[rng.integers(len(options))])
        if value not in options:
            raise ValueError(f"{self.name}: {key}={value!r} is not one of {list(options)}.")
        return value

    def many(self, key: str, count: int, low: float, high: float) -> np.ndarray:
        """Draw `count` numbers, uniformly; a fixed list that is shorter is repeated."""
        values = self.draw(key, _numbers, lambda rng: rng.uniform(low, high, count))
        return np.resize(values, count)

    def steps(self, count: int, low: int, high: int) -> np.ndarray:
        """Semitones from the first note, as factors of its frequency, (count,); the first is 1."""

        def sample(rng):
            return np.r_[0, rng.integers(low, high + 1, max(count - 1, 0))][:count]

        return 2 ** (np.resize(self.draw("steps", _numbers, sample), count) / 12)

    def train(self, rate_hz: float, jitter=0.1, lead=0.15, beats=(1,)) -> np.ndarray:
        """Onsets in s, nearly regular.

        Parameters
        ----------
        rate_hz : events per second.
        jitter : random shift of each onset, in periods.
        lead : the first onset is within this share of the clip.
        beats : pattern of beats (1) and rests (0), repeated.
        """

        def sample(rng):
            start = rng.uniform(0.01, 1) * min(0.7 / rate_hz, lead * self.seconds)
            k = np.arange(int(self.seconds * rate_hz) + 1)
            k = k[np.resize(beats, len(k)) == 1]
            return start + (k + jitter * rng.uniform(-0.5, 0.5, len(k)) * (k > 0)) / rate_hz

        return self.onsets(sample)

    def scatter(self, rate_hz: float) -> np.ndarray:
        """Onsets in s of a Poisson process, and always one at the beginning."""

        def sample(rng):
            gaps = rng.exponential(1 / rate_hz, int(2 * self.seconds * rate_hz) + 20)
            return np.cumsum(np.r_[0.02, gaps])

        return self.onsets(sample)

    def spread(self, events: int, until: float = 0.95) -> np.ndarray:
        """Onsets in s of a number of events, spread over a share `until` of the clip."""

        def sample(rng):
            places = np.arange(events) + rng.uniform(0.05, 0.35, events)
            return places * until * self.seconds / events

        return self.onsets(sample)

    def onsets(self, sample: Callable) -> np.ndarray:
        """Onsets in s made by `sample(rng)`, sorted; those outside the clip are left out."""
        values = np.sort(self.draw("onsets", _numbers, sample))
        if not np.any((values >= 0) & (values < self.seconds - 0.01)):
            raise ValueError(f"{self.name}: none of the onsets {values} is inside the clip.")
        inside = values[(values >= 0) & (values < self.seconds - 0.01)]
        self.parameters["onsets"] = [float(x) for x in inside]
        return inside

    def tone(self, frequency, weights, pulse: bool = False) -> np.ndarray:
        """`parts.harmonics` over the clip."""
        return parts.harmonics(frequency, weights, self.samples, self.rate, pulse)

    def noise(self, part: str, low: float = 0, high: float = np.inf, slope: float = 0.0):
        """Noise over the clip, of unit power, between low and high Hz, tilted in dB per octave."""
        response = parts.band(low, min(high, 0.47 * self.rate), slope)
        return parts.noise(self.rng(f"{part} noise"), self.samples, self.rate, response)

    def shape(self, wave: np.ndarray, *responses: Callable):
        """`parts.shape` at the clip's rate."""
        return parts.shape(wave, self.rate, *responses)

    def band(self, wave: np.ndarray, low: float = 0, high: float = np.inf) -> np.ndarray:
        """Filter to low–high Hz."""
        return parts.shape(wave, self.rate, parts.band(low, high))

    def gate(self, onsets, lengths, rise=0.01, fall=0.02, gains=1.0) -> np.ndarray:
        """`parts.gate` over the clip."""
        return parts.gate(self.samples, self.rate, onsets, lengths, rise, fall, gains)

    def hits(self, onsets, gains=1.0) -> np.ndarray:
        """`parts.hits` over the clip."""
        return parts.hits(self.samples, self.rate, onsets, gains)

    def decay(self, onsets, seconds: float, gains=1.0) -> np.ndarray:
        """Envelope that rises at each onset and falls to 1/e in `seconds`."""
        return parts.decay(self.hits(onsets, gains), self.rate, seconds)

    def ring(self, onsets, frequencies, decays, hardness: float = 1.0, gains=1.0, weights=None):
        """Modes struck at the onsets; `hardness`: gain of a mode relative to the one before."""
        weights = hardness ** np.arange(len(frequencies)) if weights is None else weights
        decays = np.broadcast_to(decays, len(frequencies))
        return parts.ring(self.hits(onsets, gains), self.rate, frequencies, decays, weights)

    def place(self, onsets, grains) -> np.ndarray:
        """`parts.place_grains` over the clip."""
        return parts.place_grains(self.samples, self.rate, onsets, grains)

    def wander(self, part: str, hz: float) -> np.ndarray:
        """`parts.wander` over the clip."""
        return parts.wander(self.rng(f"{part} curve"), self.samples, self.rate, hz)

    def glide(self, *values: float) -> np.ndarray:
        """`parts.glide` over the clip."""
        return parts.glide(self.samples, *values)

    def since(self, onsets) -> np.ndarray:
        """Seconds since the latest onset, (samples,); 0 before the first one."""
        onsets = np.asarray(onsets, float)
        latest = np.searchsorted(onsets, self.time, side="right") - 1
        return np.where(latest < 0, 0, self.time - onsets[np.maximum(latest, 0)])

    def hold(self, onsets, values) -> np.ndarray:
        """Curve, (samples,), with each event's value until the next onset."""
        latest = np.searchsorted(onsets, self.time, side="right") - 1
        return np.asarray(values, float)[np.maximum(latest, 0)]


def _numbers(values) -> list[float]:
    """A list of plain floats. Raises `ValueError` or `TypeError` for anything else."""
    return [float(x) for x in values]
