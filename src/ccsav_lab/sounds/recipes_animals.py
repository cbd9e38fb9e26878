"""Recipes of two families: animals, voice-like sounds. Each takes a `Clip`, returns (samples,)."""

import numpy as np

from .clip import Clip
from .parts import band, resonances, saw, vowel


def _arch(position: np.ndarray, rise: float = 0.3) -> np.ndarray:
    """Curve that rises from 0 to 1 at `rise` and falls to 0 again, over positions from 0 to 1."""
    position = np.clip(position, 0, 1)
    return np.where(
        position < rise,
        np.sin(np.pi / 2 * position / rise),
        np.cos(np.pi / 2 * (position - rise) / (1 - rise)),
    )


def _sway(clip: Clip, source: np.ndarray, vowels: str, stretch: float, position: np.ndarray):
    """Filter a source, (samples,), by vowels in turn while `position`, (samples,), goes 0 to 1."""
    waves = clip.shape(source, *(vowel(name, stretch) for name in vowels))
    place = np.clip(position, 0, 1) * (len(vowels) - 1)
    return sum(np.maximum(1 - np.abs(place - i), 0) * wave for i, wave in enumerate(waves))


def dog(clip: Clip) -> np.ndarray:
    """Barks: short, harsh tones whose pitch rises and falls, in a tract that fits the pitch."""
    pitch, rate_hz = clip.log("pitch", 200, 650), clip.log("rate_hz", 1.3, 4)
    times, length = clip.train(rate_hz, 0.4), clip.uniform("length_s", 0.11, 0.2)
    position = clip.since(times) / length
    size = (pitch / 350) ** 0.4
    rough = clip.uniform("rough", 0.03, 0.2)
    wave = clip.tone(pitch * (0.75 + 0.45 * _arch(position)), saw(40, 0.6))
    wave = wave + rough * 4 * clip.noise("breath", 300, 5000)
    wave = clip.shape(wave, resonances((700 * size, 1400 * size, 2800 * size), (250, 350, 700)))
    return wave * clip.gate(times, length, 0.012, 0.09)


def cat(clip: Clip) -> np.ndarray:
    """Meow: a harmonic tone of gliding pitch whose vowel moves from i over a to u."""
    pitch, length = clip.log("pitch", 380, 750), clip.uniform("length_s", 0.6, 1.1)
    times = clip.spread(clip.whole("events", 1, 2), until=0.9)
    length = min(length, 0.9 * clip.seconds / len(times))
    position = clip.since(times) / length
    bend = clip.uniform("bend", 0.25, 0.6)
    source = clip.tone(pitch * (0.8 + bend * _arch(position, 0.35)), saw(24, 0.7))
    source += clip.uniform("breath", 0.02, 0.1) * clip.noise("breath", 500, 6000)
    return _sway(clip, source, "iaou", 1.45, position) * clip.gate(times, length, 0.1, 0.25)


def bird(clip: Clip) -> np.ndarray:
    """Song: a repeated motif of high, nearly pure tones with fast pitch sweeps."""
    pitch, rate_hz = clip.log("pitch", 2300, 4300), clip.log("rate_hz", 5, 12)
    times, kinds = clip.train(rate_hz, 0.15), clip.whole("motif", 2, 4)
    k = np.arange(len(times)) % kinds
    centre = clip.many("centres", kinds, -0.35, 0.35)[k]
    sweep = clip.many("sweeps", kinds, -0.7, 0.7)[k]
    curve = clip.many("curves", kinds, -0.5, 0.5)[k]
    position = np.clip(clip.since(times) * rate_hz / 0.8, 0, 1) - 0.5
    bends = clip.hold(times, sweep) * position + clip.hold(times, curve) * (4 * position**2 - 1)
    wave = clip.tone(pitch * 2 ** (clip.hold(times, centre) + bends), [1, 0.06])
    gains = np.where(np.arange(len(times)) % (2 * kinds + 1) == 2 * kinds, 0.0, 1.0)
    return wave * clip.gate(times, 0.75 / rate_hz, 0.015, 0.03, gains)


def frog(clip: Clip) -> np.ndarray:
    """Croaks: trains of pulses through the resonances of a throat; `pulse_hz`: their rate."""
    pitch, rate_hz = clip.log("pitch", 450, 1300), clip.log("rate_hz", 1, 2.6)
    times, length = clip.train(rate_hz, 0.2), clip.uniform("duty", 0.35, 0.65) / rate_hz
    speed = clip.log("pulse_hz", 25, 60)
    since = clip.since(times)
    pulses = np.diff(np.floor(since * speed * (1 + 0.4 * since / length)), prepend=0) != 0
    excitation = pulses * clip.gate(times, length, 0.3 * length, 0.1 * length)
    weights = (1, clip.uniform("bright", 0.3, 0.9), 0.2)
    wave = clip.shape(
        excitation, resonances(pitch * np.array([1, 2.1, 3.3]), (90, 180, 300), weights)
    )
    return wave + 0.0005 * clip.noise("pond", 100, 3000)


def cricket(clip: Clip) -> np.ndarray:
    """Chirps of a few pulses each, at one very high pitch."""
    pitch, rate_hz = clip.log("pitch", 3800, 5600), clip.log("rate_hz", 2, 5)
    pulses, speed = clip.whole("pulses", 3, 5), clip.log("pulse_hz", 26, 42)
    chirps = clip.train(rate_hz, 0.15)
    times = (chirps[:, None] + np.arange(pulses) / speed).ravel()
    times = times[times < clip.seconds - 0.01]
    gains = np.tile(np.linspace(0.4, 1, pulses), len(chirps))[: len(times)]
    wave = clip.tone(pitch * (1 - 0.02 * clip.since(times) * speed), [1, 0.03])
    return wave * clip.gate(times, 0.7 / speed, 0.006, 0.01, gains)


def cow(clip: Clip) -> np.ndarray:
    """Moo: a long, low harmonic tone whose vowel moves from m over u to o."""
    pitch, length = clip.log("pitch", 85, 190), clip.uniform("length_s", 0.9, 1.7)
    onset = clip.onsets(lambda rng: [rng.uniform(0.01, 0.12) * clip.seconds])
    length = min(length, 0.95 * clip.seconds)
    position = clip.since(onset) / length
    lift = clip.uniform("lift", 0.2, 0.5)
    source = clip.tone(
        pitch * (0.85 + lift * _arch(position, 0.6) + 0.02 * clip.wander("rough", 25)), saw(50, 0.9)
    )
    source += 0.05 * clip.noise("breath", 100, 2000)
    return _sway(clip, source, "muou", 0.75, position) * clip.gate(onset, length, 0.15, 0.25)


def owl(clip: Clip) -> np.ndarray:
    """Hoots: low, nearly pure notes, one long and then a few short ones."""
    pitch, gap = clip.log("pitch", 260, 520), clip.uniform("gap", 0.28, 0.42)
    start = clip.uniform("start", 0.02, 0.1) * clip.seconds
    count = clip.whole("events", 3, 5)
    times = clip.onsets(lambda _: start + np.r_[0, gap * (1.8 + np.arange(count - 1))])
    lengths = np.where(np.arange(len(times)) == 0, 1.4, 0.65) * gap
    bend = 1 + 0.08 * _arch(clip.since(times) / (0.7 * gap), 0.5)
    wave = clip.tone(pitch * bend, [1, clip.uniform("second", 0.03, 0.15), 0.03])
    wave += clip.noise("breath", 0.7 * pitch, 2 * pitch) * clip.uniform("breath", 0.03, 0.12)
    return wave * clip.gate(times, lengths, 0.05, 0.09)


def bee(clip: Clip) -> np.ndarray:
    """Buzz of wings whose level and pitch change as the insect moves."""
    pitch, turns = clip.log("pitch", 150, 300), clip.log("turns", 1, 4)
    path = clip.wander("path", turns)
    wave = clip.tone(pitch * (1 + 0.09 * path + 0.01 * clip.wander("flutter", 40)), saw(40, 0.7))
    wave = clip.shape(wave, resonances((2 * pitch, 2300, 4200), (300, 900, 1200), (1, 0.5, 0.3)))
    near = 0.12 + 0.88 * (0.5 + 0.5 * clip.wander("distance", turns)) ** 2
    return wave * near + 0.01 * clip.noise("air", 100, 3000)


def _syllables(clip: Clip, rate_hz: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Onsets, vowel weights (3, samples) and noise envelope (samples,) of continuous speech."""
    times = clip.train(rate_hz, 0.5, lead=0.08)
    rng = clip.rng("syllables")
    lengths = rng.uniform(0.55, 0.95, 400)[: len(times)] / rate_hz
    gains, kinds = rng.uniform(0.5, 1, 400)[: len(times)], rng.integers(0, 3, 400)[: len(times)]
    kinds[:3] = [0, 1, 2][: len(kinds)]
    weights = np.array(
        [clip.gate(times, lengths, 0.03, 0.06, gains * (kinds == v)) for v in range(3)]
    )
    hissed = times[rng.random(400)[: len(times)] < 0.5]
    hiss = clip.gate(np.maximum(hissed - 0.05, 0), 0.09, 0.02, 0.03)
    return times, weights, hiss


def speech(clip: Clip) -> np.ndarray:
    """Syllables with changing vowels and falling pitch, and noise for the consonants between."""
    pitch, rate_hz = clip.log("pitch", 85, 240), clip.log("rate_hz", 3, 6)
    _, weights, hiss = _syllables(clip, rate_hz)
    tune = clip.uniform("tune", 0.08, 0.25)
    melody = pitch * (1.1 - 0.2 * clip.time / clip.seconds + tune * clip.wander("tune", 3))
    stretch = (pitch / 120) ** 0.22
    source = clip.tone(melody, saw(80, 1.0))
    voiced = clip.shape(source, *(vowel(name, stretch) for name in "aie"))
    return np.sum(weights * voiced, axis=0) + 0.08 * hiss * clip.noise("hiss", 3500, 7500)


def laughter(clip: Clip) -> np.ndarray:
    """Bursts of one vowel with breath noise at a steady rate, falling in pitch and level."""
    pitch, rate_hz = clip.log("pitch", 140, 380), clip.log("rate_hz", 3.8, 6.5)
    times = clip.train(rate_hz, 0.12)
    fall = 2 ** -(clip.uniform("fall", 0.2, 0.7) * clip.time / clip.seconds)
    position = clip.since(times) * rate_hz
    source = clip.tone(pitch * fall * (0.9 + 0.25 * _arch(position / 0.5)), saw(50, 0.8))
    vocal = vowel(clip.choice("vowel", ("a", "e", "o")), (pitch / 120) ** 0.22)
    gains = 0.75 ** (np.arange(len(times)) % clip.whole("breath", 6, 10))
    breath = clip.gate(times, 0.75 / rate_hz, 0.02, 0.1, gains) * clip.noise("breath", 300, 6000)
    voiced = source * clip.gate(times + 0.03, 0.42 / rate_hz, 0.02, 0.05, gains)
    return clip.shape(voiced + clip.uniform("breath_level", 0.1, 0.3) * breath, vocal)


def singing(clip: Clip) -> np.ndarray:
    """Sustained vowels with vibrato and a singer's formant, a few notes."""
    pitch, notes = clip.log("pitch", 140, 560), clip.whole("events", 1, 3)
    times = clip.spread(notes)
    steps = clip.hold(times, clip.steps(len(times), -5, 7))
    depth, speed = clip.uniform("vibrato", 0.012, 0.03), clip.uniform("vibrato_hz", 4.8, 6.8)
    vibrato = 1 + depth * np.sin(2 * np.pi * speed * clip.time)
    source = clip.tone(pitch * steps * vibrato, saw(60, 1.1))
    name = clip.choice("vowel", ("a", "o", "e"))
    wave, shine = clip.shape(
        source, vowel(name, (pitch / 120) ** 0.15), resonances((2900,), (500,), (0.6,))
    )
    return (wave + shine) * clip.gate(times, 1.02 * clip.seconds / notes, 0.07, 0.12)


def whispering(clip: Clip) -> np.ndarray:
    """Speech with noise in place of a voice."""
    _, weights, hiss = _syllables(clip, clip.log("rate_hz", 3, 6))
    stretch = clip.uniform("tract", 0.9, 1.25)
    voiced = clip.shape(clip.noise("breath", 300, 7500, 2), *(vowel(v, stretch) for v in "aie"))
    weights = weights**0.7
    return np.sum(weights * voiced, axis=0) + 0.5 * hiss * clip.noise("hiss", 3500, 7500)


def coughing(clip: Clip) -> np.ndarray:
    """Short bursts of noise, each with a hoarse tail."""
    rate_hz, pitch = clip.log("rate_hz", 1.3, 3), clip.log("pitch", 110, 280)
    times = clip.train(rate_hz, 0.35)
    size = (pitch / 170) ** 0.25
    blast = clip.decay(times, 0.035) * clip.noise("blast", 200, 7000)
    tail = clip.gate(times + 0.05, clip.uniform("tail_s", 0.14, 0.26), 0.04, 0.12)
    hoarse = clip.tone(pitch * (1 + 0.06 * clip.wander("hoarse", 45)), saw(40, 0.5))
    hoarse = clip.uniform("voiced", 0.05, 0.3) * hoarse + 0.45 * clip.noise("rasp", 200, 4000)
    throat = resonances(np.array((650, 1400, 2700)) * size, (250, 400, 800), (1, 0.8, 0.5))
    return clip.shape(1.6 * blast + tail * hoarse, throat)


def baby_crying(clip: Clip) -> np.ndarray:
    """Wails: high, noisy tones that rise and fall with a tremor, separated by gasps."""
    pitch, rate_hz = clip.log("pitch", 380, 620), clip.log("rate_hz", 0.8, 1.6)
    times = clip.train(rate_hz, 0.2)
    position = clip.since(times) * rate_hz / 0.72
    tremor = 1 + 0.015 * np.sin(2 * np.pi * clip.uniform("tremor_hz", 8, 13) * clip.time)
    bend = 0.85 + 0.3 * _arch(position, clip.uniform("peak", 0.2, 0.6))
    source = clip.tone(pitch * bend * tremor, saw(20, 0.15))
    source += clip.uniform("strain", 0.2, 0.6) * clip.noise("strain", 800, 6000)
    wail = clip.shape(source, resonances((1150, 3100, 4600), (250, 450, 700), (1, 0.8, 0.4)))
    gasp = clip.noise("gasp", 1500, 5000) * clip.gate(times + 0.8 / rate_hz, 0.13 / rate_hz)
    return wail * clip.gate(times, 0.72 / rate_hz, 0.06, 0.12) + 0.12 * gasp


def snoring(clip: Clip) -> np.ndarray:
    """In-breaths of noise modulated by low pulses, each followed by a soft out-breath."""
    pitch, rate_hz = clip.log("pitch", 28, 65), clip.log("rate_hz", 0.55, 1.1)
    times = clip.train(rate_hz, 0.1, lead=0.1)
    flutter = clip.tone(pitch * (1 + 0.15 * clip.wander("flutter", 6)), saw(30, 0.2), pulse=True)
    flutter = flutter / np.abs(flutter).max()
    rasp = np.maximum(flutter, 0) * clip.noise("rasp", 100, 3000) + 0.4 * flutter
    rasp = clip.shape(rasp, resonances((300, 900, 2000), (150, 300, 600), (1, 0.6, 0.3)))
    out = clip.shape(clip.noise("breath"), band(800, 3500, -3)) * clip.uniform("breath", 0.02, 0.08)
    length = clip.uniform("duty", 0.4, 0.55) / rate_hz
    return rasp * clip.gate(times, length, 0.5 * length, 0.1) + out * clip.gate(
        times + 1.1 * length, 0.8 * length, 0.1, 0.2
    )


ANIMALS = (dog, cat, bird, frog, cricket, cow, owl, bee)
VOICES = (speech, laughter, singing, whispering, coughing, baby_crying, snoring)
