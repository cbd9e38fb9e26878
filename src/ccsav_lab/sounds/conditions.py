"""Recording conditions: the room, the distance, the background, the microphone, the recorder."""

from dataclasses import dataclass, fields

import numpy as np
from scipy import fft

from . import parts
from .clip import Clip

BACKGROUNDS = ("white", "pink", "hum", "babble", "wind")
RANGES = {  # of a field that is None: drawn uniformly; *: uniformly on a log scale
    "snr_db": (5.0, 40.0),
    "low_hz": (20.0, 200.0),  # *
    "high_hz": (3500.0, 8000.0),  # *
    "gain_db": (-12.0, 0.0),
    "clip": (0.5, 2.0),  # *; above 1 no sample is clipped
    "reverb_s": (0.05, 0.8),  # *
    "distance_m": (0.5, 8.0),  # *
}
CRITICAL_M = 4.0  # m at which the room is as loud as the direct sound, for 0.3 s of reverberation
TAIL_S = 0.4  # s; the padding for reverberation is a multiple of it
TALKERS = 4  # voices of babble
AIR_DB = 0.4  # dB lost per metre at 4 kHz, proportional to frequency; more than air alone


@dataclass(frozen=True)
class Conditions:
    """How a sound is recorded; a field that is None is drawn for each clip, from `RANGES`.

    Parameters
    ----------
    snr_db : power of the sound over that of the background, dB, over the whole clip, 5 to 40; inf:
        no background.
    background : white, pink, hum, babble or wind.
    low_hz, high_hz : pass band of the microphone, 20–200 and 3500–8000; 0 and inf: no limits.
    gain_db : of the recorder, -12 to 0; samples above full scale are clipped.
    clip : level, as a share of the recording's peak, above which samples are clipped, 0.5 to 2.
    reverb_s : time to fall by 60 dB, 0.05 to 0.8; 0: no room.
    distance_m : 0.5 to 8; the level falls as 1/m, that of high frequencies faster.

    Raises
    ------
    ValueError
        For an unknown background or an impossible value.
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
        """At 1 m, without room, background, filter and clipping; `changes` sets fields by name."""
        nothing = {
            "snr_db": np.inf, "background": "none", "low_hz": 0.0, "high_hz": np.inf,
            "gain_db": 0.0, "clip": 1.0, "reverb_s": 0.0, "distance_m": 1.0,
        }  # fmt: skip
        return cls(**(nothing | changes))


def _draw_conditions(clip: Clip, conditions: Conditions) -> dict:
    """Values of all eight fields for this clip, which are added to its parameters."""
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
    Conditions(**drawn)  # raises for impossible values
    return drawn


def record(clip: Clip, wave: np.ndarray, conditions: Conditions) -> np.ndarray:
    """Record a sound, (samples,), given as it is at 1 m, under conditions; returns (samples,)."""
    chosen = _draw_conditions(clip, conditions)
    wave = _transmit(clip, wave, chosen)
    if chosen["background"] != "none":
        floor = _background(clip, chosen["background"], chosen["low_hz"], chosen["high_hz"])
        power = np.mean(wave**2) / np.mean(floor**2)
        wave = wave + floor * np.sqrt(power * 10 ** (-chosen["snr_db"] / 10))
    peak = np.abs(wave).max()
    wave = np.clip(wave, -chosen["clip"] * peak, chosen["clip"] * peak)
    return np.clip(wave * 10 ** (chosen["gain_db"] / 20), -1, 1)


def _transmit(clip: Clip, wave: np.ndarray, chosen: dict) -> np.ndarray:
    """From the source to the output of the microphone: distance, air, room and pass band."""
    reverb, distance = chosen["reverb_s"], chosen["distance_m"]
    low, high = chosen["low_hz"], chosen["high_hz"]
    if reverb == 0 and distance == 1 and low == 0 and high == np.inf:
        return wave
    tail = np.ceil(max(reverb, parts.PAD_S) / TAIL_S) * TAIL_S  # few sizes: FFT plans are reused
    size = fft.next_fast_len(clip.samples + int(tail * clip.rate), real=True)
    f = parts.bins(size, clip.rate)
    path = parts.band(low, high)(f) * np.exp(-0.115 * AIR_DB / 4000 * (distance - 1) * f) / distance
    path = path.astype(np.float32)
    if reverb > 0:
        path = path * (1 + fft.rfft(_room(clip, reverb), size) * np.float32(distance / CRITICAL_M))
    wave = fft.irfft(fft.rfft(wave.astype(np.float32), size) * path, size)
    return wave[: clip.samples].astype(float)


def _room(clip: Clip, reverb_s: float) -> np.ndarray:
    """Impulse response of a diffuse room, without the direct sound; its power is reverb_s / 0.3."""
    t = np.arange(int(reverb_s * clip.rate) + 1, dtype=np.float32) / clip.rate
    tail = (
        clip.rng("room").standard_normal(len(t), np.float32)
        * np.exp(-6.91 * t / reverb_s)
        * (t > 0.004)
    )
    return tail * np.float32(np.sqrt(reverb_s / 0.3 / (np.sum(tail**2) + 1e-12)))


def _background(clip: Clip, kind: str, low_hz: float, high_hz: float) -> np.ndarray:
    """Background of a kind in a band, (samples,), of no particular level."""
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
    """One voice of babble: varying pitch and level, and the spectrum of one vowel."""
    melody = rng.uniform(95, 240) * (1 + 0.15 * clip.wander(f"melody {i}", 3))
    spectrum = np.arange(1, 31) * melody.mean()
    vowel = np.abs(parts.vowel("aeiou"[i])(spectrum)) * parts.saw(30, 0.7)
    return clip.tone(melody, vowel) * np.maximum(clip.wander(f"syllables {i}", 7) + 0.2, 0)
