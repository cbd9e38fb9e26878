"""Recipes of two families: alarms, electronic sounds. Each takes a `Clip`, returns (samples,)."""

import numpy as np

from .clip import Clip
from .parts import resonances, saw

KEYS = "123456789*0#"
LOW_KEYS, HIGH_KEYS = (697, 770, 852, 941), (1209, 1336, 1477)  # Hz
MORSE = (  # twenty letters; 0: dot, 1: dash
    "01", "1000", "1010", "100", "0", "0010", "110", "0000", "00", "0111",
    "101", "0100", "11", "10", "111", "0110", "1101", "010", "000", "1",
)  # fmt: skip


def siren(clip: Clip) -> np.ndarray:
    """Harmonic tone whose pitch sweeps up and down, or alternates between two notes."""
    pitch, rate_hz = clip.log("pitch", 450, 900), clip.log("rate_hz", 0.35, 2.5)
    span, kind = clip.uniform("span", 0.5, 1.2), clip.choice("kind", ("wail", "two notes"))
    cycle = clip.time * rate_hz + clip.uniform("start", 0, 1)
    if kind == "wail":
        curve = span * (0.5 - 0.5 * np.cos(2 * np.pi * cycle))
    else:
        curve = 0.4 * span * (np.tanh(12 * np.sin(2 * np.pi * cycle)) + 1) / 2
    return clip.tone(pitch * 2**curve, saw(10, clip.uniform("tilt", 0.8, 2)))


def smoke_alarm(clip: Clip) -> np.ndarray:
    """High, nearly pure beeps in groups of three."""
    pitch, rate_hz = clip.log("pitch", 2600, 3700), clip.log("rate_hz", 2, 4.5)
    beeps = clip.train(rate_hz, jitter=0, beats=(1, 1, 1, 0))
    length = clip.uniform("duty", 0.45, 0.75) / rate_hz
    return clip.tone(pitch, [1, 0.15]) * clip.gate(beeps, length, 0.005, 0.01)


def alarm_clock(clip: Clip) -> np.ndarray:
    """Groups of fast square-wave beeps, as of a digital clock."""
    pitch, rate_hz = clip.log("pitch", 950, 1900), clip.log("rate_hz", 8, 13)
    pattern = [1] * clip.whole("group", 2, 5) + [0] * clip.whole("rest", 2, 4)
    beeps = clip.train(rate_hz, jitter=0, lead=0.05, beats=pattern)
    length = clip.uniform("duty", 0.45, 0.65) / rate_hz
    return clip.tone(pitch, saw(9, 0.7, odd=True)) * clip.gate(beeps, length, 0.003, 0.005)


def doorbell(clip: Clip) -> np.ndarray:
    """Two struck bars, the second lower."""
    pitch, drop = clip.log("pitch", 480, 1000), clip.uniform("drop", 3, 5.5)
    start, gap = clip.uniform("start", 0.02, 0.2), clip.uniform("gap", 0.35, 0.65)
    times = clip.onsets(lambda _: clip.seconds * start + np.array([0, gap]))
    length, bright = clip.log("decay_s", 0.25, 0.7), clip.uniform("bright", 0.2, 0.5)
    notes = pitch * 2 ** (-np.arange(len(times)) * drop / 12)
    bars = [
        clip.ring([onset], note * np.array([1, 2.76, 4.1]), length / np.array([1, 2, 4]), bright)
        for onset, note in zip(times, notes, strict=True)
    ]
    return np.sum(bars, axis=0)


def buzzer(clip: Clip) -> np.ndarray:
    """Low pulse wave of unsteady pitch with two resonances, in long bursts."""
    pitch, rate_hz = clip.log("pitch", 90, 190), clip.log("rate_hz", 0.6, 1.8)
    times = clip.train(rate_hz, 0.2)
    length, centre = clip.uniform("duty", 0.5, 0.85) / rate_hz, clip.log("resonance", 700, 1800)
    wave = clip.tone(pitch * (1 + 0.01 * clip.wander("rattle", 30)), saw(60, 0.3), pulse=True)
    wave = clip.shape(wave, resonances((centre, 2.4 * centre), (400, 800)))
    return wave * clip.gate(times, length, 0.004, 0.02)


def bicycle_bell(clip: Clip) -> np.ndarray:
    """Small bell: groups of fast strikes."""
    pitch, rate_hz = clip.log("pitch", 1500, 2700), clip.log("rate_hz", 14, 26)
    rings, strikes = clip.spread(clip.whole("events", 1, 3)), clip.whole("strikes", 5, 9)
    length = clip.log("decay_s", 0.12, 0.4)
    times = (rings[:, None] + np.arange(strikes) / rate_hz).ravel()
    times = times[times < clip.seconds - 0.01]
    gains = clip.rng("strike gains").uniform(0.4, 1, len(times))
    modes = pitch * np.array([1, 1.006, 1.52, 2.31])
    return clip.ring(times, modes, length / np.array([1, 1, 1.5, 3]), 0.7, gains)


def foghorn(clip: Clip) -> np.ndarray:
    """One long, low tone whose pitch falls at its end."""
    pitch, length = clip.log("pitch", 75, 170), clip.uniform("length_s", 0.7, 1.5)
    onset = clip.onsets(lambda rng: [rng.uniform(0.02, 0.15) * clip.seconds])
    sag = 1 - clip.uniform("sag", 0.05, 0.3) * np.clip(
        (clip.since(onset) / length - 0.8) / 0.2, 0, 1
    )
    wave = clip.tone(pitch * sag, saw(14, clip.uniform("tilt", 0.5, 1.0)))
    breath = clip.noise("breath", 50, 700) * clip.uniform("breath", 0.05, 0.25)
    return (wave + breath) * clip.gate(onset, length, 0.12, 0.2)


def modem(clip: Clip) -> np.ndarray:
    """Handshake: an answer tone, then data in two tones, then noise."""
    pitch, baud = clip.log("pitch", 1700, 2400), clip.log("rate_hz", 40, 160)
    low, shift = clip.log("carrier", 900, 1400), clip.uniform("shift", 200, 700)
    cuts = clip.seconds * np.cumsum(clip.many("cuts", 2, 0.2, 0.35))
    bits = clip.rng("bits").integers(0, 2, int(clip.seconds * baud) + 1)
    data = clip.tone(low + shift * bits[(clip.time * baud).astype(int)], [1, 0.2])
    hiss = clip.noise("hiss", 400, 3300) * (0.8 + 0.2 * clip.wander("surge", 20))
    part = np.searchsorted(cuts, clip.time, side="right")
    return np.choose(part, [clip.tone(pitch, [1, 0.1]), data, 0.5 * hiss])


def touch_tones(clip: Clip) -> np.ndarray:
    """Telephone keys: each a pair of tones."""
    rate_hz = clip.log("rate_hz", 2.5, 6)
    times, length = clip.train(rate_hz, 0.25), clip.uniform("duty", 0.4, 0.75) / rate_hz
    keys = clip.many("keys", len(times), 0, len(KEYS)).astype(int) % len(KEYS)
    twist = clip.uniform("twist", 0.6, 1.4)
    low = clip.tone(clip.hold(times, np.array(LOW_KEYS)[keys // 3]), [1])
    high = clip.tone(clip.hold(times, np.array(HIGH_KEYS)[keys % 3]), [1])
    return (low + twist * high) * clip.gate(times, length, 0.004, 0.006)


def morse_code(clip: Clip) -> np.ndarray:
    """Pure tone keyed as random letters; `rate_hz`: dots per second."""
    pitch, rate_hz = clip.log("pitch", 420, 1100), clip.log("rate_hz", 10, 22)
    letters = clip.many("letters", int(clip.seconds * rate_hz / 4) + 2, 0, len(MORSE)).astype(int)
    keyed = "".join(
        "".join("10" if mark == "0" else "1110" for mark in MORSE[i % len(MORSE)]) + "00"
        for i in letters
    )
    on = np.array([int(x) for x in "0" + keyed])
    starts, ends = np.flatnonzero(np.diff(on) == 1), np.flatnonzero(np.diff(on) == -1)
    times = clip.onsets(lambda _: starts / rate_hz)
    lengths = np.resize(ends - starts, len(times)) / rate_hz
    return clip.tone(pitch, [1, 0.03, 0.02]) * clip.gate(times, lengths, 0.004, 0.004)


def video_game(clip: Clip) -> np.ndarray:
    """Chip music: a narrow pulse wave that plays broken chords."""
    pitch, rate_hz = clip.log("pitch", 220, 520), clip.log("rate_hz", 8, 16)
    times = clip.train(rate_hz, jitter=0, lead=0.02)
    third, climb = clip.whole("third", 3, 4), clip.whole("climb", -2, 5)
    chord = np.array([0, third, 7, 12, 7, third])
    k = np.arange(len(times))
    notes = pitch * 2 ** ((chord[k % 6] + climb * (k // 6) % 13) / 12)
    duty = float(clip.choice("duty", ("0.125", "0.25", "0.5")))
    partials = np.arange(1, 31)
    wave = clip.tone(clip.hold(times, notes), np.sin(np.pi * partials * duty) / partials, True)
    return wave * (0.35 + 0.65 * np.exp(-clip.since(times) * rate_hz * 1.5))


def geiger_counter(clip: Clip) -> np.ndarray:
    """Identical, very short clicks at random times."""
    times, centre = clip.scatter(clip.log("rate_hz", 5, 45)), clip.log("click_hz", 1800, 3600)
    return clip.ring(times, (centre, 2.1 * centre), (0.0008, 0.0004), 0.8)


def radio_tuning(clip: Clip) -> np.ndarray:
    """Whistle whose pitch falls to zero and rises again, over static and some voice."""
    width, centre = clip.log("whistle_hz", 1800, 4500), clip.uniform("zero", 0.3, 0.7)
    passes = clip.uniform("passes", 0.7, 2.2)
    drift = np.sin(np.pi * passes * (clip.time / clip.seconds - centre))
    whistle = clip.tone(np.maximum(width * np.abs(drift), 20), [1, 0.3, 0.1])
    static = clip.noise("static", 200, 3800, -3) * (0.6 + 0.4 * clip.wander("fading", 6))
    voice = clip.tone(130 + 30 * clip.wander("voice", 5), saw(25, 0.8))
    voice = clip.band(voice, 400, 2500) * np.maximum(clip.wander("words", 8), 0)
    near = np.exp(-((drift / 0.3) ** 2))
    return 0.8 * whistle + clip.uniform("static", 0.25, 0.6) * static + 1.5 * near * voice


def laser(clip: Clip) -> np.ndarray:
    """Tones that fall by several octaves in a fraction of a second."""
    pitch, rate_hz = clip.log("pitch", 2200, 5500), clip.log("rate_hz", 1.5, 6)
    times = clip.train(rate_hz, 0.3)
    fall, length = clip.uniform("octaves", 2.5, 4.5), clip.log("length_s", 0.12, 0.35)
    since = clip.since(times)
    wave = clip.tone(pitch * 2 ** (-fall * np.minimum(since / length, 1.2)), saw(6, 1.3, odd=True))
    return wave * clip.gate(times, min(1.1 * length, 0.95 / rate_hz), 0.002, 0.05)


ALARMS = (siren, smoke_alarm, alarm_clock, doorbell, buzzer, bicycle_bell, foghorn)
ELECTRONIC = (
    modem, touch_tones, morse_code, video_game, geiger_counter, radio_tuning, laser,
)  # fmt: skip
