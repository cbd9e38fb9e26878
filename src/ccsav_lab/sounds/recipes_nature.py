"""Recipes of two families: weather & water, impacts. Each takes a `Clip`, returns (samples,)."""

import numpy as np
from scipy import signal

from .clip import Clip
from .parts import band, blips, resonances


def rain(clip: Clip) -> np.ndarray:
    """Hundreds of drops per second, filtered by a surface, over noise for the drops far away."""
    rate_hz, surface = clip.log("rate_hz", 150, 900), clip.log("surface_hz", 2200, 5000)
    rng = clip.rng("drops")
    count = int(rate_hz * clip.seconds)
    drops = clip.hits(rng.uniform(0, clip.seconds, count), rng.exponential(1, count) ** 1.3)
    drops = clip.shape(drops, resonances((surface, 0.5 * surface), (0.8 * surface, 900), (1, 0.5)))
    hiss = clip.noise("hiss", 900, 7800, 1) * (1 + 0.1 * clip.wander("gusts", 2))
    return drops / drops.std() + clip.uniform("hiss", 0.8, 1.6) * hiss


def thunder(clip: Clip) -> np.ndarray:
    """A crack, then low noise of varying level that loses its high frequencies and fades."""
    onset = clip.onsets(lambda rng: [rng.uniform(0.01, 0.15) * clip.seconds])
    since = clip.since(onset)
    length, dark = clip.uniform("length_s", 0.6, 1.6), clip.log("dark_hz", 70, 160)
    deep, middle = clip.noise("deep", 25, dark), clip.noise("middle", 60, 6 * dark, -5)
    rolls = (0.55 + 0.45 * clip.wander("rolls", clip.log("rolls_hz", 3, 7))) ** 1.5
    crack = clip.noise("crack", 150, 4500, -3) * np.exp(-since / clip.log("crack_s", 0.03, 0.12))
    tail = deep * np.exp(-since / length) + middle * np.exp(-since / (0.6 * length))
    wave = tail * rolls + clip.uniform("crack", 0.15, 0.7) * crack
    return wave * clip.gate(onset, 10 * clip.seconds, 0.015)


def wind(clip: Clip) -> np.ndarray:
    """Gusts: low noise and a howl, both of which rise and fall with the wind's speed."""
    gusts, howl = clip.log("gusts_hz", 0.6, 2), clip.log("howl_hz", 350, 800)
    speed = 0.5 + 0.5 * clip.wander("speed", gusts)
    centres, place = howl * np.array([0.6, 1, 1.7]), 2 * speed
    source = clip.noise("howl", 80, 4000, -2)
    bands = clip.shape(source, *(resonances((c,), (0.12 * c,)) for c in centres))
    whistle = sum(np.maximum(1 - np.abs(place - i), 0) * x / x.std() for i, x in enumerate(bands))
    rumble = clip.noise("rumble", 30, 300, -5)
    return (0.25 + speed) ** 1.6 * (clip.uniform("howl", 0.4, 1) * whistle + rumble)


def waves(clip: Clip) -> np.ndarray:
    """Surf: each wave swells, breaks with bright noise, and fades."""
    rate_hz = clip.log("rate_hz", 0.35, 0.8)
    crest = clip.time * rate_hz + clip.uniform("start", 0, 1)
    swell = np.where(crest % 1 < 0.4, (crest % 1 / 0.4) ** 2, np.exp(-4 * (crest % 1 - 0.4)))
    dark, bright = clip.noise("body", 60, 700, -4), clip.noise("foam", 500, 7500, -2)
    foam = swell**2 * clip.uniform("foam", 0.5, 1.1)
    return (0.12 + swell) * dark + (0.04 + foam) * bright


def stream(clip: Clip) -> np.ndarray:
    """Dozens of bubbles per second, each a short rising note, over soft noise."""
    rate_hz, pitch = clip.log("rate_hz", 30, 80), clip.log("bubble_hz", 500, 1100)
    rng = clip.rng("bubbles")
    count = int(rate_hz * clip.seconds) + 1
    notes, gains = pitch * 2 ** rng.normal(0, 0.6, count), rng.uniform(0.1, 1, count) ** 2
    decays = rng.uniform(0.006, 0.014, count)
    bubbles = clip.place(
        rng.uniform(0, clip.seconds - 0.02, count), blips(clip.rate, notes, decays, gains, rise=14)
    )
    rush = clip.noise("rush", 250, 2500, -4)
    return bubbles + clip.uniform("rush", 0.04, 0.12) * rush


def dripping_tap(clip: Clip) -> np.ndarray:
    """Drops into water: a faint click, then the rising note of a bubble."""
    pitch, rate_hz = clip.log("pitch", 600, 1700), clip.log("rate_hz", 1, 4)
    times = clip.train(rate_hz, 0.25)
    rng = clip.rng("drops")
    notes = pitch * 2 ** rng.uniform(-0.15, 0.15, len(times))
    gains = rng.uniform(0.6, 1, len(times))
    decays = np.full(len(times), clip.log("decay_s", 0.02, 0.05))
    plinks = blips(clip.rate, notes, decays, gains, rise=clip.uniform("rise", 3, 9))
    click = clip.ring(times, (3500, 5200), (0.001, 0.001), gains=0.4 * gains)
    wet = clip.place(times + 0.012, plinks)
    return wet + click + clip.uniform("echo", 0.1, 0.3) * np.roll(wet, int(0.07 * clip.rate))


def fire(clip: Clip) -> np.ndarray:
    """Crackles of very different levels over low noise of varying level."""
    times = clip.scatter(clip.log("rate_hz", 10, 45))
    rng = clip.rng("crackles")
    gains = np.minimum(0.15 / rng.uniform(0.02, 1, len(times)), 3)
    split = rng.random(len(times)) < 0.5
    centre = clip.log("crackle_hz", 1100, 2600)
    sharp = clip.ring(times[split], (2.3 * centre,), (0.0006,), gains=gains[split])
    dull = clip.ring(times[~split], (centre, 1.6 * centre), (0.003, 0.001), gains=gains[~split])
    roar = clip.noise("roar", 40, 350, -5) * (0.7 + 0.3 * clip.wander("flicker", 8))
    return (
        sharp + dull + clip.uniform("roar", 0.1, 0.35) * roar + 0.02 * clip.noise("air", 300, 5000)
    )


def glass_breaking(clip: Clip) -> np.ndarray:
    """A crash, then high, short rings of shards that become rarer."""
    start = clip.onsets(lambda rng: [rng.uniform(0.02, 0.2) * clip.seconds])
    shards, spread = clip.whole("events", 25, 70), clip.uniform("spread_s", 0.15, 0.4)
    rng = clip.rng("shards")
    times = start[0] + rng.exponential(spread, 80)[:shards]
    notes = clip.log("shard_hz", 2400, 4200) * 2 ** rng.uniform(-0.4, 0.8, 80)[:shards]
    gains, decays = rng.uniform(0.1, 0.7, 80)[:shards] ** 1.5, rng.uniform(0.01, 0.05, 80)[:shards]
    inside = times < clip.seconds - 0.01
    grains = blips(clip.rate, notes, decays, gains, length=3)[inside]
    crash = clip.noise("crash", 1200, 7600) * clip.decay(start, clip.log("crash_s", 0.03, 0.09))
    thud = clip.ring(start, (180, 420), (0.02, 0.02))
    return 0.5 * crash + clip.place(times[inside], grains) + 0.3 * thud


def knocking(clip: Clip) -> np.ndarray:
    """Groups of knocks on a wooden door."""
    pitch, rate_hz = clip.log("pitch", 170, 420), clip.log("rate_hz", 4, 7.5)
    pattern = [1] * clip.whole("group", 2, 4) + [0] * clip.whole("rest", 2, 3)
    times = clip.train(rate_hz, 0.12, beats=pattern)
    gains = clip.rng("blows").uniform(0.6, 1, len(times))
    length = clip.log("decay_s", 0.012, 0.03)
    modes = pitch * np.array([1, 1.58, 2.43, 3.9, 6.1])
    return clip.ring(times, modes, length / np.sqrt(modes / pitch), 0.75, gains)


def hammer(clip: Clip) -> np.ndarray:
    """Steel on steel: blows that excite the inharmonic modes of a bar."""
    pitch, rate_hz = clip.log("pitch", 650, 1500), clip.log("rate_hz", 1.2, 3.2)
    times = clip.train(rate_hz, 0.15)
    gains = clip.rng("blows").uniform(0.7, 1, len(times))
    modes = pitch * np.array([1, 1.47, 2.09, 2.76, 3.9])
    length = clip.log("decay_s", 0.07, 0.25)
    clang = clip.ring(times, modes, length / np.array([1, 1.3, 1.5, 2, 3]), 0.85, gains)
    thump = clip.ring(times, (140,), (0.02,), gains=1.5 * gains)
    return clang + thump + 2 * clip.noise("impact", 500, 7000) * clip.decay(times, 0.004, gains)


def footsteps(clip: Clip) -> np.ndarray:
    """A dull thump of the heel and a scrape of the sole, on a hard floor or on gravel."""
    rate_hz, ground = clip.log("rate_hz", 1.5, 3), clip.choice("ground", ("floor", "gravel"))
    times, roll = clip.train(rate_hz, 0.1), clip.uniform("roll_s", 0.06, 0.11)
    gains = np.resize([1, clip.uniform("limp", 0.7, 1)], len(times))
    thump = clip.ring(
        times, np.array([1, 2.2]) * clip.log("heel_hz", 70, 150), (0.025, 0.015), 0.6, gains
    )
    scrape = clip.noise("scrape", 700, 4500) * clip.gate(
        times + 0.4 * roll, 1.6 * roll, 0.03, 0.08, gains
    )
    if ground == "gravel":
        grit = clip.rng("grit").random(clip.samples) < 300 / clip.rate
        return thump + 0.25 * scrape * (0.3 + signal.lfilter([1], [1, -0.97], grit))
    click = clip.ring(times, (1100, 1900), (0.004, 0.003), gains=gains)
    return thump + 0.4 * click + 0.06 * scrape


def _bounces(clip: Clip, first_s: float, spring: float) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and gains of a dropped object; each flight lasts `spring` times the one before."""
    start = clip.uniform("start", 0.02, 0.12) * clip.seconds
    times = clip.onsets(lambda _: start + np.r_[0, np.cumsum(first_s * spring ** np.arange(30))])
    return times, spring ** np.arange(len(times))


def bouncing_ball(clip: Clip) -> np.ndarray:
    """Dull thuds that become faster and softer."""
    pitch, spring = clip.log("pitch", 130, 330), clip.uniform("spring", 0.68, 0.86)
    times, gains = _bounces(clip, clip.uniform("flight_s", 0.35, 0.6), spring)
    modes = pitch * np.array([1, 1.8, 2.9])
    thud = clip.ring(
        times, modes, clip.log("decay_s", 0.02, 0.05) / np.array([1, 1.5, 2]), 0.6, gains
    )
    return thud + 0.4 * clip.noise("slap", 400, 3000) * clip.decay(times, 0.005, gains)


def coin(clip: Clip) -> np.ndarray:
    """A dropped coin: bright rings that become faster and end in a flutter."""
    pitch, spring = clip.log("pitch", 2700, 4600), clip.uniform("spring", 0.62, 0.8)
    times, gains = _bounces(clip, clip.uniform("flight_s", 0.2, 0.4), spring)
    gains = np.maximum(gains, 0.12)
    modes, length = pitch * np.array([1, 1.33, 1.71]), clip.log("decay_s", 0.05, 0.16)
    pings = clip.ring(times, modes, length / np.array([1, 1.2, 2]), 0.8, gains)
    return pings + 0.5 * clip.noise("tap", 1500, 6000) * clip.decay(times, 0.003, gains)


def firework(clip: Clip) -> np.ndarray:
    """A rising whistle, a boom, and crackles."""
    pitch, climb = clip.log("pitch", 900, 2200), clip.uniform("climb_s", 0.25, 0.45) * clip.seconds
    times = clip.onsets(lambda _: [0.02 * clip.seconds, climb])
    bang = times[-1:]
    lift = 2 ** (clip.uniform("octaves", 0.5, 1.3) * np.minimum(clip.time / climb, 1))
    whistle = clip.tone(pitch * lift, [1, 0.2]) + 0.3 * clip.noise("fizz", 2000, 7000)
    whistle = 0.25 * whistle * clip.gate([0.0], climb, 0.4 * climb, 0.03)
    boom = clip.noise("boom", 40, 500) * clip.decay(bang, clip.log("boom_s", 0.08, 0.2))
    crack = clip.noise("crack", 400, 7500) * clip.decay(bang, 0.03)
    rng, count = clip.rng("sparks"), clip.whole("events", 20, 60)
    sparks = climb + 0.15 + rng.uniform(0, 0.5, 80)[:count] * (clip.seconds - climb)
    gains = rng.uniform(0.2, 1, 80)[:count] * (sparks < clip.seconds)
    sizzle = clip.shape(clip.hits(sparks, gains), band(1500, 7000))
    return whistle + 1.2 * boom + crack + 2 * sizzle


WEATHER = (rain, thunder, wind, waves, stream, dripping_tap, fire)
IMPACTS = (glass_breaking, knocking, hammer, footsteps, bouncing_ball, coin, firework)
