"""Recording conditions: the room, the distance, the background, the microphone, the recorder."""

from dataclasses import dataclass, fields

import numpy as np
from scipy import fft

from . import parts
from .clip import Clip

BACKGROUNDS = ("white", "pink", "hum", "babble", "wind")
RANGES = {  # what a field that is None is drawn from, evenly; *: evenly on a log scale
    "snr_db": (5.0, 40.0),
    "low_hz": (20.0, 200.0),  # *
    "high_hz": (3500.0, 8000.0),  # *
    "gain_db": (-12.0, 0.0),
    "clip": (0.5, 2.0),  # *; above 1 nothing is cut
    "reverb_s": (0.05, 0.8),  # *
    "distance_m": (0.5, 8.0),  # *
}
CRITICAL_M = 4.0  # m, where the room is as loud as the direct sound, at 0.3 s of reverberation
TAIL_S = 0.4  # s; room for a reverberation comes in multiples of it
TALKERS = 4  # in a crowd
AIR_DB = 0.4  # dB lost per metre at 4 kHz, growing as the frequency; more than air alone


@dataclass(frozen=True)
class Conditions:
    """How a sound was recorded; a field that is None is drawn anew for each clip, from `RANGES`.

    snr_db: power of the sound over that of the background, dB, over the whole clip, 5 to 40;
        inf: no background. background: white, pink, hum, babble or wind. low_hz, high_hz: band
        that the microphone passes, 20–200 and 3500–8000; 0 and inf: all. gain_db: last stage,
        -12 to 0; what passes full scale is cut. clip: level, as a share of the recording's peak,
        beyond which samples are cut, 0.5 to 2. reverb_s: time to fall by 60 dB, 0.05 to 0.8;
        0: no room. distance_m: 0.5 to 8; the level falls as 1/m, high frequencies more.

    Raises ValueError on an unknown background or a value that makes no sense.
    """

    snr_db: float | None = None
    background: str | None = None
    low_hz: float | None = None
    high_hz: float | None = None
    gain_db: float | None = None
    clip: float | None = None
    reverb_s: float | None = None
    distance_m: float | None = None

    def __post_init__(self):
        if self.background not in (None, "none", *BACKGROUNDS):
            raise ValueError(f"background {self.background!r} is not one of {BACKGROUNDS}.")
        nan = [x.name for x in fields(self) if getattr(self, x.name) != getattr(self, x.name)]
        if nan:
            raise ValueError(f"{nan} must be numbers.")
        for name, least in (("low_hz", 0), ("reverb_s", 0), ("clip", 1e-3), ("distance_m", 0.1)):
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise ValueError(f"{name}={value} must be at least {least}.")
        if self.high_hz is not None and not self.high_hz > max(self.low_hz or 0, 0):
            raise ValueError(f"high_hz={self.high_hz} must be above low_hz.")

    @classmethod
    def clean(cls, **changes) -> "Conditions":
        """None of it: 1 m away, no room, no background; `changes` sets fields by name."""
        nothing = {
            "snr_db": np.inf, "background": "none", "low_hz": 0.0, "high_hz": np.inf,
            "gain_db": 0.0, "clip": 1.0, "reverb_s": 0.0, "distance_m": 1.0,
        }  # fmt: skip
        return cls(**(nothing | changes))


def draw(clip: Clip, conditions: Conditions) -> dict:
    """Values of all eight fields for this clip; they join its parameters."""
    given = {field.name: getattr(conditions, field.name) for field in fields(conditions)}
    clip.fixed = {k: v for k, v in given.items() if v is not None} | clip.fixed
    for name, (low, high) in RANGES.items():
        if name.endswith("_db"):
            clip.uniform(name, low, high)
        else:
            clip.log(name, low, high, positive=False)
    if clip.fixed.get("background") == "none" or clip.parameters["snr_db"] == np.inf:
        clip.parameters["background"] = "none"
    else:
        clip.choice("background", BACKGROUNDS)
    drawn = {name: clip.parameters[name] for name in given}
    Conditions(**drawn)  # raises on what makes no sense
    return drawn


def record(clip: Clip, wave: np.ndarray, conditions: Conditions) -> np.ndarray:
    """Record a sound, (samples,), as it is 1 m away, under conditions; returns (samples,)."""
    chosen = draw(clip, conditions)
    wave = transmit(clip, wave, chosen)
    if chosen["background"] != "none":
        floor = background(clip, chosen["background"], chosen["low_hz"], chosen["high_hz"])
        power = np.mean(wave**2) / np.mean(floor**2)
        wave = wave + floor * np.sqrt(power * 10 ** (-chosen["snr_db"] / 10))
    peak = np.abs(wave).max()
    wave = np.clip(wave, -chosen["clip"] * peak, chosen["clip"] * peak)
    return np.clip(wave * 10 ** (chosen["gain_db"] / 20), -1, 1)


def transmit(clip: Clip, wave: np.ndarray, chosen: dict) -> np.ndarray:
    """The way from the source to the microphone's output: distance, air, room and band."""
    reverb, distance = chosen["reverb_s"], chosen["distance_m"]
    low, high = chosen["low_hz"], chosen["high_hz"]
    if reverb == 0 and distance == 1 and low == 0 and high == np.inf:
        return wave
    tail = np.ceil(max(reverb, parts.PAD_S) / TAIL_S) * TAIL_S  # few sizes: FFT plans are kept
    size = fft.next_fast_len(clip.samples + int(tail * clip.rate), real=True)
    f = parts.bins(size, clip.rate)
    path = parts.band(low, high)(f) * np.exp(-0.115 * AIR_DB / 4000 * (distance - 1) * f) / distance
    path = path.astype(np.float32)
    if reverb > 0:
        path = path * (1 + fft.rfft(room(clip, reverb), size) * np.float32(distance / CRITICAL_M))
    wave = fft.irfft(fft.rfft(wave.astype(np.float32), size) * path, size)
    return wave[: clip.samples].astype(float)


def room(clip: Clip, reverb_s: float) -> np.ndarray:
    """Response of a diffuse room, without the direct sound, of power reverb_s / 0.3 s."""
    t = np.arange(int(reverb_s * clip.rate) + 1, dtype=np.float32) / clip.rate
    tail = (
        clip.rng("room").standard_normal(len(t), np.float32)
        * np.exp(-6.91 * t / reverb_s)
        * (t > 0.004)
    )
    return tail * np.float32(np.sqrt(reverb_s / 0.3 / (np.sum(tail**2) + 1e-12)))


def background(clip: Clip, kind: str, low_hz: float, high_hz: float) -> np.ndarray:
    """Background of a kind in a band, (samples,), at any level."""
    if kind == "white":
        return clip.noise("background", low_hz, high_hz)
    if kind == "pink":
        return clip.noise("background", max(low_hz, 20), high_hz, slope=-3.01)
    rng = clip.rng("background")
    if kind == "wind":
        wave = clip.noise("air", 20, 250, -6) * (1.2 + clip.wander("gusts", 1.5)) ** 2
    elif kind == "hum":
        wave = clip.tone(rng.choice([50.0, 60.0]), rng.uniform(0.05, 1, 12) / np.arange(1, 13))
    else:
        wave = sum(_talker(clip, i, rng) for i in range(TALKERS))
        wave += 0.1 * clip.noise("murmur", 200, 3000, -4)
    return clip.band(wave, low_hz, high_hz)


def _talker(clip: Clip, i: int, rng: np.random.Generator) -> np.ndarray:
    """One voice of a crowd: wandering pitch, syllables that come and go, one vowel's colour."""
    melody = rng.uniform(95, 240) * (1 + 0.15 * clip.wander(f"melody {i}", 3))
    spectrum = np.arange(1, 31) * melody.mean()
    vowel = np.abs(parts.vowel("aeiou"[i])(spectrum)) * parts.saw(30, 0.7)
    return clip.tone(melody, vowel) * np.maximum(clip.wander(f"syllables {i}", 7) + 0.2, 0)
