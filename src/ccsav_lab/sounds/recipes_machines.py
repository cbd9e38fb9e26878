"""Recipes of two families: machines, traffic. Each takes a `Clip`, returns (samples,)."""

import numpy as np

from .clip import Clip
from .parts import resonances, saw


def _engine(clip: Clip, firing, uneven: float = 0.0, rough: float = 0.02) -> np.ndarray:
    """Exhaust pulses at `firing` Hz, one number or (samples,); `uneven` makes odd ones weaker."""
    weights = np.zeros(80)
    weights[1::2] = 1
    weights[::2] = uneven
    speed = np.broadcast_to(firing, clip.samples) * (1 + rough * clip.wander("misfire", 20))
    wave = clip.tone(speed / 2, weights * saw(80, 0.35), pulse=True)
    return wave / np.abs(wave).max()


def drill(clip: Clip) -> np.ndarray:
    """Whine of a motor that speeds up and slows under load, with grinding noise."""
    pitch, start = clip.log("pitch", 450, 1000), clip.uniform("start", 0.02, 0.15) * clip.seconds
    runup = 1 - np.exp(-np.maximum(clip.time - start, 0) / clip.uniform("runup_s", 0.08, 0.25))
    load = np.maximum(clip.wander("load", 2), 0)
    speed = pitch * (0.1 + 0.9 * runup) * (1 - 0.25 * load)
    whine = clip.tone(speed, saw(14, 0.6)) + 0.5 * clip.tone(0.15 * speed, saw(30, 0.7))
    grind = clip.noise("grind", 1500, 7000) * (0.1 + load) * clip.uniform("grind", 0.3, 0.8)
    return (whine + grind) * (0.03 + 0.97 * runup) * (clip.time > start)


def vacuum_cleaner(clip: Clip) -> np.ndarray:
    """Steady noise of air with the whine of a motor."""
    pitch, hose = clip.log("pitch", 280, 620), clip.log("hose_hz", 600, 1500)
    air = clip.noise("air", 120, 6500, -2)
    air = 0.4 * air + clip.shape(air, resonances((hose, 2.3 * hose), (0.5 * hose, 700)))
    strokes = 1 + clip.uniform("strokes", 0.1, 0.3) * clip.wander("strokes", 1.5)
    motor = clip.tone(pitch * (1 + 0.01 * clip.wander("speed", 2)), [1, 0.6, 0.1, 0.3])
    return air * strokes + clip.uniform("whine", 0.15, 0.5) * motor


def sewing_machine(clip: Clip) -> np.ndarray:
    """Strokes of a needle, each a down and an up click, with the hum of a motor."""
    rate_hz, pitch = clip.log("rate_hz", 7, 15), clip.log("motor_hz", 110, 220)
    times = clip.train(rate_hz, 0.03, lead=0.1)
    gains = np.resize([1.0, 0.85], len(times))
    down = clip.ring(times, (900, 2300, 4100), (0.006, 0.004, 0.002), 0.8, gains)
    up = clip.ring(times + 0.45 / rate_hz, (1500, 3100), (0.004, 0.002), 0.7, 0.6 * gains)
    thump = clip.ring(times, (160,), (0.012,), gains=0.5 * gains)
    hum = clip.tone(pitch * (1 + 0.02 * clip.wander("speed", 3)), saw(12, 0.8))
    return down + up + thump + clip.uniform("hum", 0.1, 0.25) * hum


def chainsaw(clip: Clip) -> np.ndarray:
    """Two-stroke engine whose speed rises and falls."""
    pitch, rate_hz = clip.log("pitch", 85, 150), clip.log("rate_hz", 0.7, 1.8)
    rev = 0.5 - 0.5 * np.cos(2 * np.pi * (clip.time * rate_hz + clip.uniform("start", 0, 1)))
    rev = np.clip(1.6 * rev, 0, 1)
    wave = _engine(clip, pitch * 2 ** (clip.uniform("octaves", 0.4, 0.8) * rev), uneven=0.15)
    wave = clip.shape(wave, resonances((500, 1300, 2700), (300, 500, 900), (0.7, 1, 0.8)))
    teeth = clip.noise("teeth", 1500, 7000) * rev * clip.uniform("teeth", 0.03, 0.1)
    return (wave + teeth) * (0.35 + 0.65 * rev)


def clock(clip: Clip) -> np.ndarray:
    """Tick and tock: two short clicks in turn, exactly regular."""
    rate_hz, pitch = clip.log("rate_hz", 1.8, 5.5), clip.log("click_hz", 1500, 2800)
    times = clip.train(rate_hz, 0.0)
    tick = clip.ring(times[::2], pitch * np.array([1, 1.9]), (0.004, 0.002), 0.8)
    ratio, weaker = clip.uniform("tock", 0.6, 0.85), clip.uniform("weaker", 0.5, 0.9)
    tock = clip.ring(times[1::2], ratio * pitch * np.array([1, 1.9]), (0.005, 0.003), 0.8)
    case = clip.ring(times, (clip.log("case_hz", 250, 500),), (0.015,), gains=0.3)
    return tick + weaker * tock + case


def jackhammer(clip: Clip) -> np.ndarray:
    """Hard blows, 12 to 24 per second, each a metallic ring and a burst of noise; with pauses."""
    rate_hz, pitch = clip.log("rate_hz", 12, 24), clip.log("clank_hz", 500, 1000)
    times = clip.train(rate_hz, 0.06, lead=0.1)
    working = np.interp(times, clip.time, clip.wander("pauses", 1.2)) > -0.65
    working[:2] = True
    gains = working * clip.rng("blows").uniform(0.7, 1, len(times))
    clank = clip.ring(times, pitch * np.array([1, 2.3, 4.4]), (0.012, 0.008, 0.004), 0.8, gains)
    thud = clip.ring(times, (90,), (0.02,), gains=1.2 * gains)
    blast = clip.noise("blast", 200, 6000) * clip.decay(times, 0.018, gains)
    compressor = clip.noise("compressor", 40, 400, -3)
    return clank + thud + clip.uniform("air", 0.5, 1) * blast + 0.12 * compressor


def kettle(clip: Clip) -> np.ndarray:
    """Noise of steam, then a whistle that rises to its pitch."""
    pitch, start = clip.log("pitch", 1500, 2900), clip.uniform("start", 0.0, 0.35)
    pressure = np.clip((clip.time / clip.seconds - start) / clip.uniform("rise", 0.3, 0.6), 0, 1)
    waver = 1 + 0.012 * clip.wander("waver", 12)
    note = pitch * 2 ** (-clip.uniform("octaves", 0.5, 1.2) * (1 - pressure) ** 1.5) * waver
    chord = clip.tone(note, [1, 0.12]) + 0.5 * clip.tone(
        clip.uniform("second", 1.15, 1.3) * note, [1]
    )
    steam = clip.noise("steam", 900, 7500) * (0.3 + 0.4 * pressure)
    boil = clip.noise("boil", 60, 500, -2) * 0.25
    return chord * pressure**1.2 + clip.uniform("steam", 0.25, 0.6) * steam + boil


def car(clip: Clip) -> np.ndarray:
    """A passing car: engine and tyres become louder and fade, and the pitch falls."""
    pitch, passing = clip.log("pitch", 55, 120), clip.uniform("passing", 0.35, 0.65) * clip.seconds
    speed = clip.log("speed", 2.0, 5.0)
    x = speed * (clip.time - passing)
    near = 1 / (1 + x**2)
    doppler = 1 - 0.09 * x / np.sqrt(1 + x**2)
    motor = clip.band(_engine(clip, pitch * doppler, uneven=0.2), 40, 900)
    tyres = clip.noise("tyres", 300, 2600, -1)
    rush = clip.noise("rush", 2000, 6500, -3) * near
    return near * (1.2 * motor / motor.std() + clip.uniform("tyres", 0.4, 1.0) * tyres + 0.5 * rush)


def train(clip: Clip) -> np.ndarray:
    """Beats of wheels on rail joints, in pairs, over low noise and a squeal."""
    rate_hz, gap = clip.log("rate_hz", 1.3, 3.0), clip.uniform("gap", 0.2, 0.3)
    pairs = clip.train(rate_hz, 0.04)
    times = (pairs[:, None] + np.array([0, gap / rate_hz])).ravel()
    gains = np.tile([1, 0.75], len(pairs))
    inside = times < clip.seconds - 0.01
    times, gains = times[inside], gains[inside]
    clack = clip.ring(
        times, clip.log("rail_hz", 320, 600) * np.array([1, 1.7, 3.1]), 0.02, 0.7, gains
    )
    thump = clip.ring(times, (65, 110), (0.05, 0.04), gains=gains)
    rumble = clip.noise("rumble", 35, 450, -5) * (0.7 + 0.3 * clip.decay(times, 0.1, gains))
    squeal = clip.noise("squeal", 2600, 3400) * np.maximum(clip.wander("squeal", 2), 0) ** 2
    return clack + thump + clip.uniform("rumble", 0.3, 0.6) * rumble + 0.12 * squeal


def aeroplane(clip: Clip) -> np.ndarray:
    """Jet overhead: noise with an echo from the ground, and the falling whine of a fan."""
    pitch, sink = clip.log("pitch", 900, 2200), clip.uniform("sink", 0.15, 0.5)
    roar = clip.noise("roar", 60, 2500, -3)
    delay = 0.001 + 0.003 * np.abs(clip.time / clip.seconds - clip.uniform("overhead", 0.2, 0.8))
    index = np.arange(clip.samples) - (delay * clip.rate).astype(int)
    roar = roar + 0.7 * roar[np.maximum(index, 0)]
    note = pitch * 2 ** (-sink * clip.time / clip.seconds) * (1 + 0.004 * clip.wander("air", 15))
    whine = clip.tone(note, [1, 0.5, 0.3])
    swell = 0.6 + 0.4 * np.sin(np.pi * clip.time / clip.seconds)
    return swell * (roar + clip.uniform("whine", 0.1, 0.35) * whine)


def helicopter(clip: Clip) -> np.ndarray:
    """Beats of the blades, 9 to 20 per second, and the whine of a turbine."""
    rate_hz, whine = clip.log("rate_hz", 9, 20), clip.log("turbine_hz", 1200, 2600)
    times = clip.train(rate_hz, 0.0, lead=0.05)
    slap = clip.decay(times, clip.uniform("slap", 0.12, 0.25) / rate_hz)
    slap = np.convolve(slap, np.hanning(int(0.012 * clip.rate)) / (0.006 * clip.rate), "same")
    blades = clip.noise("blades", 40, 260, -3) + 0.35 * clip.noise("wash", 200, 2500, -4)
    turbine = clip.tone(whine * (1 + 0.003 * clip.wander("speed", 5)), [1, 0.2])
    swell = 0.75 + 0.25 * clip.wander("distance", 1)
    return swell * ((0.12 + slap) * blades + clip.uniform("turbine", 0.02, 0.08) * turbine)


def car_horn(clip: Clip) -> np.ndarray:
    """Two buzzing notes a third apart, once or several times."""
    pitch, third = clip.log("pitch", 280, 480), clip.uniform("third", 1.18, 1.28)
    times = clip.spread(clip.whole("events", 1, 3))
    share = clip.uniform("duty", 0.45, 0.75)
    wave = clip.tone(pitch, saw(24, 0.35)) + clip.tone(third * pitch, saw(24, 0.35))
    wave = clip.shape(wave, resonances((500, 2200), (600, 1200), (0.8, 1)))
    return wave * clip.gate(times, share * clip.seconds / len(times), 0.015, 0.03)


def motorcycle(clip: Clip) -> np.ndarray:
    """Uneven two-cylinder engine that accelerates through the gears."""
    pitch, rate_hz = clip.log("pitch", 42, 80), clip.log("rate_hz", 0.8, 1.8)
    shifts = clip.train(rate_hz, 0.2)
    gear = np.clip(clip.since(shifts) * rate_hz, 0, 1)
    climb = 1 + 0.25 * clip.time / clip.seconds
    speed = pitch * climb * 2 ** (clip.uniform("octaves", 0.6, 1.2) * gear)
    wave = _engine(clip, speed, uneven=clip.uniform("uneven", 0.5, 0.9), rough=0.012)
    wave = clip.shape(wave, resonances((130, 320, 900), (100, 250, 600), (1, 0.8, 0.4)))
    return wave * (0.5 + 0.5 * gear) + 0.02 * clip.noise("intake", 200, 4000, -3)


def reversing_lorry(clip: Clip) -> np.ndarray:
    """Slow warning beeps over an idling diesel engine with knocks."""
    pitch, rate_hz = clip.log("pitch", 900, 1600), clip.log("rate_hz", 0.9, 1.7)
    beeps = clip.train(rate_hz, 0.0)
    beep = clip.tone(pitch, [1, 0, 0.15]) * clip.gate(beeps, 0.5 / rate_hz, 0.008, 0.02)
    idle = _engine(clip, clip.log("idle_hz", 22, 36), uneven=0.4)
    knock = np.abs(idle) * clip.noise("knock", 600, 3000)
    idle = clip.band(idle, 30, 350)
    return beep + clip.uniform("diesel", 0.3, 0.8) * (idle / idle.std() + 0.7 * knock)


MACHINES = (drill, vacuum_cleaner, sewing_machine, chainsaw, clock, jackhammer, kettle)
TRAFFIC = (car, train, aeroplane, helicopter, car_horn, motorcycle, reversing_lorry)
