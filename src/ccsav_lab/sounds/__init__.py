"""Sounds made by rule: 64 classes, each a small physical model whose parameters are known.

`CLASSES` lists them; `render` makes a clip and returns what was drawn; `Conditions` says how it is
recorded; `resynthesise` makes a machine's copy.
"""

import inspect
from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import recipes_animals, recipes_machines, recipes_music, recipes_nature, recipes_signals
from .clip import Clip
from .conditions import BACKGROUNDS, RANGES, Conditions, record
from .resynthesis import log_mel, resynthesise

__all__ = [
    "BACKGROUNDS", "CLASSES", "RANGES", "Conditions", "Sound", "about", "log_mel", "render",
    "resynthesise",
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
HELD_OUT = {  # two per family, kept from whatever is trained
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
RATES, SECONDS = (16_000, 96_000), (0.1, 60.0)  # Hz, s: what `render` accepts
LOUDNESS_DB = (-12.0, -1.0)  # peak at 1 m, re full scale


@dataclass(frozen=True)
class Sound:
    """One clip: waveform (samples,), float32 within ±1; rate in Hz; class; family; parameters.

    parameters: everything that was drawn or fixed, as plain numbers, words and lists: where the
    class has them `pitch` (Hz), `rate_hz` (events per second), `events` (their number), `onsets`
    (s), always `loudness_db` (peak at 1 m, re full scale), and the fields of `Conditions`.
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
    **fixed,
) -> Sound:
    """Make one clip of a class; the same seed gives the same clip.

    name: one of `CLASSES.index`. seed: whole number from 0. seconds: 0.1 to 60. rate: 16000 to
    96000 Hz. conditions: how it is recorded; default: all drawn, `Conditions()`. fixed: any
    parameter of the class or of the recording by its name; the draws of the others stay as they
    are, though `onsets` follow `rate_hz` and `events`.

    Raises ValueError, listing the valid ones, on an unknown name or parameter; also on a value
    that cannot be used or leaves the clip silent.
    """
    if name not in RECIPES:
        raise ValueError(f"there is no sound {name!r}; the sounds are {', '.join(CLASSES.index)}.")
    if not (RATES[0] <= rate <= RATES[1] and SECONDS[0] <= seconds <= SECONDS[1]):
        raise ValueError(f"{seconds} s at {rate} Hz is outside {SECONDS} s and {RATES} Hz.")
    clip = Clip(name, seed, seconds, rate, fixed)
    wave = RECIPES[name](clip)
    peak = np.abs(wave).max()
    if not (np.isfinite(peak) and peak > 0):
        raise ValueError(f"{name}: with {fixed} there is nothing to hear.")
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
    """The model behind a class, in one sentence."""
    return inspect.getdoc(RECIPES[name])
