"""Recipes of one family: instruments. Each takes a `Clip`, returns (samples,)."""

import numpy as np

from .clip import Clip
from .parts import resonances, saw


def _melody(clip: Clip, low: float, high: float) -> tuple[np.ndarray, np.ndarray, float]:
    """A few notes: their onsets in s, their pitches in Hz (the first is `pitch`), their spacing."""
    pitch, notes = clip.log("pitch", low, high), clip.whole("events", 1, 5)
    times = clip.spread(notes, until=1.0)
    return times, pitch * clip.steps(len(times), -5, 7), clip.seconds / notes


def _vibrato(clip: Clip, low: float, high: float) -> np.ndarray:
    """Factor of pitch, (samples,), that varies by a share between low and high, about 5 Hz."""
    depth, speed = clip.uniform("vibrato", low, high), clip.uniform("vibrato_hz", 4.3, 6.3)
    return 1 + depth * np.sin(2 * np.pi * speed * clip.time)


def flute(clip: Clip) -> np.ndarray:
    """Few partials with a soft attack, and breath noise around the pitch."""
    times, notes, spacing = _melody(clip, 390, 1050)
    bright = clip.uniform("bright", 0.15, 0.45)
    wave = clip.tone(
        clip.hold(times, notes) * _vibrato(clip, 0.003, 0.012), [1, bright, 0.12, 0.04]
    )
    breath = clip.shape(clip.noise("breath", 500, 7000), resonances(notes[:1] * 2, notes[:1] * 1.5))
    wave = wave + clip.uniform("breath", 0.1, 0.35) * (
        breath + 0.15 * clip.noise("air", 1500, 7500)
    )
    return wave * clip.gate(times, 0.97 * spacing, 0.08, 0.07)


def violin(clip: Clip) -> np.ndarray:
    """Bowed string: a sawtooth through a body's resonances, with slides and vibrato."""
    times, notes, spacing = _melody(clip, 200, 800)
    lag = np.exp(-clip.since(times) / 0.025)
    held, before = clip.hold(times, notes), clip.hold(times, np.r_[notes[0], notes[:-1]])
    wave = clip.tone(held * (before / held) ** lag * _vibrato(clip, 0.006, 0.014), saw(50, 1.0))
    wave = 0.3 * wave + clip.shape(
        wave, resonances((290, 560, 1200, 2700), (60, 90, 300, 900), (0.7, 1, 0.9, 1.6))
    )
    bow = clip.uniform("bow", 0.02, 0.06) * clip.noise("bow", 1000, 7000)
    return (wave + bow) * clip.gate(times, 1.03 * spacing, 0.06, 0.06)


def piano(clip: Clip) -> np.ndarray:
    """Struck strings: high partials decay faster than low ones; a soft thump at each onset."""
    times, notes, _ = _melody(clip, 110, 800)
    hard, length = clip.uniform("hardness", 1.0, 1.8), clip.log("decay_s", 0.25, 0.7)
    k = np.arange(1.0, 25)
    weights = k**-hard * np.abs(np.sin(np.pi * k / 7.5))
    wave = np.zeros(clip.samples)
    for onset, note in zip(times, notes, strict=True):
        since = clip.time - onset
        slow = clip.tone(note, weights[:6]) * np.exp(-np.maximum(since, 0) / length)
        fast = clip.tone(note * 1.003, weights * (k > 3)) * np.exp(
            -np.maximum(since, 0) / (0.25 * length)
        )
        wave += (slow + fast) * np.clip(since / 0.003, 0, 1)
    return wave + 0.6 * clip.noise("felt", 80, 1200) * clip.decay(times, 0.008)


def trumpet(clip: Clip) -> np.ndarray:
    """Brass: the brightness follows the level within each note, and is largest at the attack."""
    times, notes, spacing = _melody(clip, 230, 800)
    held = clip.hold(times, notes)
    scoop = 1 - 0.04 * np.exp(-clip.since(times) / 0.025)
    k = np.arange(1.0, 25)
    formant = np.exp(-((np.log2(k * notes[0] / 1300)) ** 2) / 1.4)
    mellow, bright = clip.tone(held * scoop, saw(8, 1.6)), clip.tone(held * scoop, 0.1 + formant)
    level = clip.gate(times, 0.9 * spacing, 0.04, 0.06) * (
        1 - 0.3 * (1 - np.exp(-clip.since(times) / 0.1))
    )
    return level * mellow + clip.uniform("brass", 0.7, 1.4) * level**2.5 * bright


def drum(clip: Clip) -> np.ndarray:
    """A pattern of hits on a skin whose pitch drops, some with the noise of snares."""
    pitch, rate_hz = clip.log("pitch", 60, 170), clip.log("rate_hz", 3, 7)
    times = clip.train(rate_hz, 0.04)
    rng = clip.rng("pattern")
    gains = rng.choice([0.0, 0.5, 0.8, 1.0], 300)[: len(times)]
    gains[0] = 1.0
    since, length = clip.since(times), clip.log("decay_s", 0.06, 0.16)
    drop = 1 + clip.uniform("drop", 0.3, 0.9) * np.exp(-since / 0.02)
    skin = (
        clip.tone(pitch * drop, [1, 0.25, 0.1]) * np.exp(-since / length) * clip.hold(times, gains)
    )
    snares = np.where(rng.random(300)[: len(times)] < clip.uniform("snares", 0.2, 0.7), gains, 0)
    rattle = clip.noise("snares", 900, 7000) * clip.decay(times, 0.05, snares)
    return (
        skin + 0.5 * rattle + clip.noise("stick", 300, 4000) * clip.decay(times, 0.004, 0.4 * gains)
    )


def clarinet(clip: Clip) -> np.ndarray:
    """Reed on a closed pipe: mostly odd partials, no vibrato, fast attacks."""
    times, notes, spacing = _melody(clip, 150, 440)
    weights = saw(17, clip.uniform("tilt", 0.9, 1.4), odd=True)
    weights[1:6:2] = 0.04
    wave = clip.tone(clip.hold(times, notes), weights)
    wave += clip.uniform("breath", 0.01, 0.04) * clip.noise("breath", 800, 5000)
    return wave * clip.gate(times, 0.93 * spacing, 0.03, 0.04)


def xylophone(clip: Clip) -> np.ndarray:
    """Wooden bars with modes at 1 : 3 : 6, struck in fast sequences."""
    pitch, rate_hz = clip.log("pitch", 520, 1300), clip.log("rate_hz", 4, 10)
    times = clip.train(rate_hz, 0.1, lead=0.08)
    notes = pitch * clip.steps(len(times), -8, 8)
    length = clip.log("decay_s", 0.05, 0.13)
    t = np.arange(int(5 * length * clip.rate)) / clip.rate
    modes, weights = np.array([1, 3, 6.1]), np.array([1, clip.uniform("bright", 0.25, 0.6), 0.2])
    phase = 2 * np.pi * notes[:, None, None] * modes[:, None] * t  # (E, modes, L)
    inside = notes[:, None] * modes < 0.48 * clip.rate
    fading = np.exp(-t / (length / modes[:, None] ** 0.8))
    bars = np.einsum("em,ml,eml->el", weights * inside, fading, np.sin(phase))
    return clip.place(times, bars) + 0.5 * clip.noise("mallet", 400, 3000) * clip.decay(
        times, 0.003
    )


INSTRUMENTS = (flute, violin, piano, trumpet, drum, clarinet, xylophone)
