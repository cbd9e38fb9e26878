"""Training clips with facts about them: procedural sounds and real recordings."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ccsav.clips import audio
from ccsav.clips.corpora.csv_tables import read_table
from ccsav_lab.sounds import CLASSES, render, resynthesise
from mini_lalm.questions import DIGITS

RATE = 16_000  # Hz
LENGTHS = (1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 4.0)  # s; one is drawn for each clip
KINDS = ("griffin-lim", "vocoder")  # of copies, in turn
TRAINED = CLASSES.index[~CLASSES["held_out"]].tolist()
HELD_OUT_SPEAKERS = ("theo", "yweweler")  # of FSDD; not used in training
TRAINED_FOLDS = 3  # of ESC-10's five
ESC_NAMES = {  # ESC-10's classes and our names; those similar to a held-out class are left out
    "chainsaw": "chainsaw",
    "clock_tick": "clock",
    "dog_bark": "dog",
    "helicopter": "helicopter",
    "person_sneeze": "sneeze",
    "rain": "rain",
    "rooster": "rooster",
    "sea_waves": "waves",
}


def names(real: bool) -> list[str]:
    """All names that are used as answers in training."""
    return sorted({*TRAINED, *(ESC_NAMES.values() if real else ())})


def procedural(seed: int, number: int) -> Iterator[tuple[np.ndarray, dict]]:
    """New clips of the trained classes under random conditions: (waveform, facts)."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        name = TRAINED[rng.integers(len(TRAINED))]
        yield procedural_clip(name, int(rng.integers(2**31)), float(rng.choice(LENGTHS)))


def procedural_clip(name: str, seed: int, seconds: float) -> tuple[np.ndarray, dict]:
    """One clip of a class under random conditions, and the facts about it."""
    sound = render(name, seed, seconds=seconds)
    facts = {"name": name, "family": sound.family}
    facts["level"] = 10 * np.log10(np.mean(sound.waveform**2) + 1e-12)
    if "pitch" in sound.parameters:
        facts["pitch"] = sound.parameters["pitch"]
    if "onsets" in sound.parameters:
        facts["events"] = len(sound.parameters["onsets"])
    return sound.waveform, facts


def copied(wave: np.ndarray, number: int) -> np.ndarray:
    """A machine-made copy of a clip, by the two methods in turn."""
    return resynthesise(wave, RATE, kind=KINDS[number % len(KINDS)], seed=number)


def spoken_digits(folder: Path, seed: int, variants: int) -> Iterator[tuple[np.ndarray, dict]]:
    """FSDD without two speakers; each take several times, with random levels, delays and noise."""
    rng = np.random.default_rng(seed)
    table = read_table(folder / "manifest.csv")
    for row in table[~table["speaker"].isin(HELD_OUT_SPEAKERS)].itertuples():
        wave = audio.read_audio(folder / row.path, RATE)
        for _ in range(variants):
            lead = np.zeros(round(rng.uniform(0, 0.2) * RATE))
            noise = rng.normal(0, 10 ** rng.uniform(-4, -2), len(lead) + len(wave))
            changed = np.r_[lead, wave * 10 ** rng.uniform(-0.7, 0.3)] + noise
            yield changed.astype(np.float32), {"digit": DIGITS[int(row.label)]}


def environment(folder: Path, seed: int, variants: int) -> Iterator[tuple[np.ndarray, dict]]:
    """The first folds of ESC-10: random parts of 2 or 4 s, at random levels."""
    rng = np.random.default_rng(seed)
    table = read_table(folder / "manifest.csv")
    for row in table[table["fold"].astype(int) <= TRAINED_FOLDS].itertuples():
        wave = audio.read_audio(folder / row.path, RATE)
        for _ in range(variants if row.label in ESC_NAMES else 0):
            length = int(rng.choice([2, 4])) * RATE
            start = rng.integers(max(1, len(wave) - length))
            part = wave[start : start + length] * np.float32(10 ** rng.uniform(-0.5, 0.2))
            if np.abs(part).max() > 1e-3:  # some clips of ESC are padded with silence
                yield part, {"name": ESC_NAMES[row.label]}
