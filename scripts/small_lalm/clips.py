"""Training clips with facts about them: fresh at every step, recordings changed at random."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mini_lalm import clips as mini
from mini_lalm.questions import DIGITS

from ccsav.clips import audio
from ccsav.clips.corpora.csv_tables import read_table

RATE = 16_000  # Hz
ESC_NAMES = {
    "baby_cry": "baby crying",
    "chainsaw": "chainsaw",
    "clock_tick": "clock",
    "dog_bark": "dog",
    "fire_crackling": "fire",
    "helicopter": "helicopter",
    "person_sneeze": "sneeze",
    "rain": "rain",
    "rooster": "rooster",
    "sea_waves": "waves",
}
SPEEDS = (0.85, 1.18)  # factors of time and pitch together
MIXTURE = 0.12  # share of clips that are two sounds, of different names
COPY = 0.06  # share of procedural clips that are a machine-made copy


@dataclass(frozen=True)
class Recordings:
    """Real recordings in memory: waveforms and their names or digits."""

    environment: list[tuple[np.ndarray, str]]
    digits: list[tuple[np.ndarray, str]]


def read_recordings(folder: Path, folds: list[int], without: list[str]) -> Recordings:
    """ESC-10's clips of these folds, and FSDD without the two speakers that stay unheard.

    `without` lists names, as in `ESC_NAMES`, of which no recording is used.
    """
    table = read_table(folder / "esc10/manifest.csv")
    table["name"] = table["label"].map(ESC_NAMES)
    table = table[table["fold"].astype(int).isin(folds) & ~table["name"].isin(without)]
    environment = [
        (audio.read_audio(folder / "esc10" / path, RATE), name)
        for path, name in zip(table["path"], table["name"], strict=True)
    ]
    table = read_table(folder / "fsdd/manifest.csv")
    table = table[~table["speaker"].isin(mini.HELD_OUT_SPEAKERS)]
    digits = [
        (audio.read_audio(folder / "fsdd" / row.path, RATE), DIGITS[int(row.label)])
        for row in table.itertuples()
    ]
    return Recordings(environment, digits)


def without_names(texts: list, names: list[str]) -> list:
    """The texts, or tuples of texts, in which none of the names is a word."""
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, names))})s?\b", re.IGNORECASE)
    return [text for text in texts if not names or not pattern.search(str(text))]


def draw_clip(rng, recordings: Recordings, trained: list[str], seconds: float):
    """A clip of at most `seconds`, and facts about it as `mini_lalm.questions` takes them."""
    wave, facts = _one_sound(rng, recordings, trained, seconds)
    if "name" in facts and rng.random() < MIXTURE:
        other, more = _one_sound(rng, recordings, trained, seconds)
        if more.get("name", facts["name"]) != facts["name"]:
            wave = _padded(wave, other) + _padded(other, wave) * _level(wave, other)
            facts = {"names": sorted([facts["name"], more["name"]])}
    return _recorded(rng, wave).astype(np.float32), facts


def _one_sound(rng, recordings, trained, seconds):
    """A digit in a short clip, an environmental recording in a longer one, or a rendered sound."""
    if seconds <= 1 and rng.random() < 0.75:
        wave, digit = recordings.digits[rng.integers(len(recordings.digits))]
        lead = np.zeros(int(rng.uniform(0, 0.15) * RATE))
        return np.r_[lead, _faster(rng, wave)][: int(1.2 * RATE)], {"digit": digit}
    if seconds > 1 and recordings.environment and rng.random() < 0.65:
        wave, name = recordings.environment[rng.integers(len(recordings.environment))]
        return _part(rng, _faster(rng, wave), seconds), {"name": name}
    return _rendered(rng, trained, seconds)


def _rendered(rng, trained, seconds):
    """A procedural sound under random conditions, sometimes a machine-made copy of it."""
    name = trained[rng.integers(len(trained))]
    length = min(seconds, float(rng.choice([1.0, 2.0, 2.0, 4.0])))
    wave, facts = mini.procedural_clip(name, int(rng.integers(2**31)), length)
    if rng.random() < 2 * COPY:
        facts = facts | {"real": "real"}
        if rng.random() < 0.5:
            wave = mini.copied(wave, int(rng.integers(2**31)))
            facts["real"] = "resynthesised"
    return wave, facts


def _faster(rng, wave):
    """The same at another speed, and so at another pitch, three times in four."""
    if rng.random() < 0.25:
        return wave
    speed = rng.uniform(*SPEEDS)
    return np.interp(np.arange(0, len(wave) - 1, speed), np.arange(len(wave)), wave)


def _part(rng, wave, seconds):
    """A part of this length that is not silent: the loudest of three drawn at random."""
    length = int(seconds * RATE)
    if len(wave) <= length:
        return np.roll(wave, rng.integers(len(wave)))
    starts = rng.integers(len(wave) - length, size=3)
    parts = [wave[start : start + length] for start in starts]
    return max(parts, key=lambda part: np.mean(part**2))


def _recorded(rng, wave):
    """Another level, a tilted and dented frequency response, and noise, each at random."""
    if rng.random() < 0.6:
        spectrum = np.fft.rfft(wave)
        hertz = np.linspace(0, RATE / 2, len(spectrum))
        points = np.r_[0, np.sort(rng.uniform(100, 7500, 4)), RATE / 2]
        gains = np.interp(hertz, points, rng.normal(0, 5, 6))  # dB
        wave = np.fft.irfft(spectrum * 10 ** (gains / 20), len(wave))
    loudness = np.sqrt(np.mean(wave**2)) + 1e-9
    if rng.random() < 0.5:
        wave = wave + rng.normal(0, loudness * 10 ** rng.uniform(-2, -0.5), len(wave))
    wave = wave * 10 ** rng.uniform(-0.8, 0.2)
    return np.clip(wave, -1, 1)


def _padded(wave, other):
    """The clip with zeros after it, up to the other's length."""
    return np.r_[wave, np.zeros(max(0, len(other) - len(wave)))]


def _level(wave, other):
    """The factor that makes the other sound as loud as the first."""
    return np.sqrt((np.mean(wave**2) + 1e-9) / (np.mean(other**2) + 1e-9))
