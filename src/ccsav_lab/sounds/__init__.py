"""Procedural sounds: 64 classes, each a small physical model with known parameters.

`CLASSES` lists them; `render` makes a clip and returns its parameters; `Conditions` describes the
recording; `resynthesise` makes a machine's copy.
"""

import inspect
from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import recipes_animals, recipes_machines, recipes_music, recipes_nature, recipes_signals
from .clip import Clip
from .conditions import BACKGROUNDS, RANGES, Conditions, record
from .resynthesis import log_mel_spectrogram, resynthesise

__all__ = [
    "BACKGROUNDS", "CLASSES", "RANGES", "Conditions", "Sound", "about", "log_mel_spectrogram",
    "render", "resynthesise",
]  # fmt: skip

FAMILIES = {
    "alarms": recipes_signals.ALARMS,
    "animals": recipes_animals.ANIMALS,
    "weather & water": recipes_nature.WEATHER,
    "machines": recipes_machines.MACHINES,
    "impacts": recipes_nature.IMPACTS,
    "instruments": recipes_music.INSTRUMENTS,
    "voice-like": recipes_animals.VOICES,
    "traffic": recipes_machines.TRAFFIC,
    "electronic": recipes_signals.ELECTRONIC,
}
HELD_OUT = {  # two per family, never used for training
    "buzzer", "foghorn", "owl", "bee", "dripping tap", "fire", "sewing machine", "kettle",
    "bouncing ball", "coin", "clarinet", "xylophone", "baby crying", "snoring", "motorcycle",
    "reversing lorry", "geiger counter", "radio tuning",
}  # fmt: skip
RECIPES = {recipe.__name__.replace("_", " "): recipe for f in FAMILIES.values() for recipe in f}
CLASSES = pd.DataFrame(
    [
        {"name": (name := recipe.__name__.replace("_", " ")), "family": family,
         "held_out": name in HELD_OUT}
        for family, recipes in FAMILIES.items()
        for recipe in recipes
    ]
).set_index("name")  # fmt: skip
RATES, SECONDS = (16_000, 96_000), (0.1, 60.0)  # Hz, s: limits of `render`
LOUDNESS_DB = (-12.0, -1.0)  # peak at 1 m, re full scale


@dataclass(frozen=True)
class Sound:
    """One clip, from `render`.

    Attributes
    ----------
    waveform : (samples,), float32 within ±1.
    rate : sampling rate, Hz.
    name, family : of the class.
    parameters : all that was drawn or fixed, as plain numbers, words and lists: `loudness_db` (peak
        at 1 m, re full scale), the fields of `Conditions`, and, where the class has them, `pitch`
        (Hz), `rate_hz` (events per second), `events` (their number), `onsets` (s), and others.
    """

    waveform: np.ndarray
    rate: int
    name: str
    family: str
    parameters: dict


def render(
    name: str,
    seed: int,
    *,
    seconds: float = 2.0,
    rate: int = 16_000,
    conditions: Conditions | None = None,
    level: np.ndarray | None = None,
    **fixed,
) -> Sound:
    """Make one clip of a class; the same seed gives the same clip.

    Parameters
    ----------
    name : one of `CLASSES.index`.
    seed : whole number from 0.
    seconds : 0.1 to 60.
    rate : sampling rate, 16000 to 96000 Hz.
    conditions : of the recording; default: `Conditions()`, all drawn.
    level : factor of the source's amplitude, (samples,), before the room; default: 1.
    **fixed : any parameter of the class or of the recording, by name. The other parameters are
        drawn as without it, except that `onsets` follow `rate_hz` and `events`.

    Raises
    ------
    ValueError
        For an unknown name or parameter (the message lists the valid ones), and for a value that
        cannot be used or makes the clip silent.
    """
    if name not in RECIPES:
        raise ValueError(f"there is no sound {name!r}; the sounds are {', '.join(CLASSES.index)}.")
    if not (RATES[0] <= rate <= RATES[1] and SECONDS[0] <= seconds <= SECONDS[1]):
        raise ValueError(f"{seconds} s at {rate} Hz is outside {SECONDS} s and {RATES} Hz.")
    clip = Clip(name, seed, seconds, rate, fixed)
    wave = RECIPES[name](clip) * (1.0 if level is None else level)
    peak = np.abs(wave).max()
    if not (np.isfinite(peak) and peak > 0):
        raise ValueError(f"{name}: with {fixed} the clip is silent.")
    loudness_db = clip.uniform("loudness_db", *LOUDNESS_DB)
    if not -np.inf < loudness_db <= 0:
        raise ValueError(f"loudness_db={loudness_db} must not be above 0, full scale.")
    wave = wave * (10 ** (loudness_db / 20) / peak)
    wave = record(clip, wave, conditions or Conditions())
    unknown = sorted(fixed.keys() - clip.parameters.keys())
    if unknown:
        raise ValueError(f"{name} has no {unknown}; it has {', '.join(sorted(clip.parameters))}.")
    family = CLASSES.loc[name, "family"]
    return Sound(wave.astype(np.float32), rate, name, family, clip.parameters)


def about(name: str) -> str:
    """The model of a class, in one sentence."""
    return inspect.getdoc(RECIPES[name])
