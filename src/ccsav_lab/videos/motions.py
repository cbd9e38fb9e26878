"""How an object moves: each motion gives its state at any time, from a few drawn parameters.

A motion is a function of a `Clip`, which draws its parameters, and of times (T,) in s. Lengths are
in sides of the frame, x to the right and y downwards; angles are in radians.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ccsav_lab.sounds.clip import Clip

FLOOR = 0.94
EVENT_S = 0.12  # s in which the activity after an event falls to 1/e
QUIET = 0.03  # activity of a motion that pauses


@dataclass(frozen=True)
class State:
    """An object at T times; a number stands for T equal ones.

    Attributes
    ----------
    activity : 0 to 1, which the level of a tied sound follows: the speed of a steady motion, or a
        pulse at each event; 1 for an object that stands still.
    x, y, radius : of the object, in sides of the frame.
    angle : by which it is turned, radians.
    light : 0 (not seen) to 1.
    """

    activity: np.ndarray
    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    angle: np.ndarray | float = 0.0
    light: np.ndarray | float = 1.0


def _place(clip: Clip) -> tuple[float, float, float]:
    """Where an object is that stays in its place: x, y, radius."""
    radius = _radius(clip)
    return clip.uniform("x", 0.35, 0.65), clip.uniform("y", 0.4, 0.6), radius


def _radius(clip: Clip) -> float:
    """Radius of the object."""
    return clip.uniform("radius", 0.14, 0.23)


def _beats(clip: Clip, t: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Regular events: the phase since the first one in periods, (T,), and the activity, (T,)."""
    rate_hz = clip.log("rate_hz", low, high)
    start = clip.uniform("start", 0.1, min(0.6, 0.8 / rate_hz, 0.5 * clip.seconds))  # s
    onsets = start + np.arange(int(clip.seconds * rate_hz) + 1) / rate_hz
    onsets = onsets[onsets < clip.seconds - 0.05]
    if not len(onsets):
        raise ValueError(f"{clip.name}: with start={start} no event is inside {clip.seconds} s.")
    clip.parameters["onsets"] = [float(x) for x in onsets]
    clip.parameters["events"] = len(onsets)
    since = t[:, None] - onsets  # (T, E)
    pulses = np.exp(-since / EVENT_S) * (since >= 0)
    return (t - start) * rate_hz, np.clip(pulses.max(axis=1), QUIET, 1)


def _pace(clip: Clip, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A speed that comes and goes: the way so far, 0 to 1 in the clip, and the activity, (T,)."""
    rate_hz = clip.uniform("pace_hz", 0.7, 1.6)
    turn = clip.uniform("pace_turn", 0, 1)  # of a cycle, at the beginning

    def way(t):
        return t - np.sin(2 * np.pi * (rate_hz * t + turn)) / (2 * np.pi * rate_hz)

    total = way(clip.seconds) - way(0)
    speed = 0.5 - 0.5 * np.cos(2 * np.pi * (rate_hz * t + turn))
    return (way(t) - way(0)) / total, np.clip(speed, QUIET, 1)


def _side(clip: Clip) -> int:
    """Direction of a motion, 1 or -1."""
    return 1 if clip.choice("direction", ("right", "left")) == "right" else -1


def still(clip: Clip, t: np.ndarray) -> State:
    """It does not move."""
    x, y, radius = _place(clip)
    return State(np.ones(len(t)), x, y, radius)


def drift(clip: Clip, t: np.ndarray) -> State:
    """It moves slowly along a line, at constant speed."""
    x, y, radius = _place(clip)
    turn = 2 * np.pi * clip.uniform("heading", 0, 1)
    far = clip.uniform("far", 0.15, 0.3) * (t / clip.seconds - 0.5)
    return State(np.ones(len(t)), x + far * np.cos(turn), y + far * np.sin(turn), radius)


def bounce(clip: Clip, t: np.ndarray) -> State:
    """It bounces on the floor; an event is an impact."""
    phase, activity = _beats(clip, t, 1.0, 2.8)
    radius, height = _radius(clip), clip.uniform("height", 0.35, 0.6)
    up = 4 * height * (phase % 1) * (1 - phase % 1)
    x = 0.5 + _side(clip) * clip.uniform("far", 0, 0.3) * (t / clip.seconds - 0.5)
    return State(activity, x, FLOOR - radius - up, radius)


def swing(clip: Clip, t: np.ndarray) -> State:
    """It swings on a string; an event is a turning point."""
    phase, activity = _beats(clip, t, 1.0, 2.8)
    radius, length = _radius(clip), clip.uniform("length", 0.5, 0.65)
    turn = _side(clip) * clip.uniform("reach", 0.5, 0.8) * np.cos(np.pi * phase)
    return State(activity, 0.5 + length * np.sin(turn), 0.08 + length * np.cos(turn), radius, -turn)


def flash(clip: Clip, t: np.ndarray) -> State:
    """It lights up and goes out; an event is the light going on."""
    phase, _ = _beats(clip, t, 1.0, 2.8)
    x, y, radius = _place(clip)
    share = clip.uniform("share", 0.3, 0.55)
    lit = ((phase % 1 < share) & (phase >= 0)).astype(float)
    return State(np.clip(lit, QUIET, 1), x, y, radius, light=lit)


def shake(clip: Clip, t: np.ndarray) -> State:
    """It shakes for a moment, again and again; an event is the beginning of a shake."""
    phase, _ = _beats(clip, t, 0.8, 1.8)
    x, y, radius = _place(clip)
    shaking = ((phase % 1 < 0.5) & (phase >= 0)).astype(float)
    far = clip.uniform("far", 0.07, 0.12) * shaking
    hz = clip.uniform("shake_hz", 3.2, 3.9)
    return State(np.clip(shaking, QUIET, 1), x + far * np.sin(2 * np.pi * hz * t), y, radius)


def roll(clip: Clip, t: np.ndarray) -> State:
    """It rolls over the floor."""
    way, activity = _pace(clip, t)
    radius, side = _radius(clip), _side(clip)
    x = 0.5 + side * clip.uniform("far", 0.55, 0.75) * (way - 0.5)
    return State(activity, x, FLOOR - radius, radius, x / radius)


def orbit(clip: Clip, t: np.ndarray) -> State:
    """It circles round the middle."""
    way, activity = _pace(clip, t)
    turn = 2 * np.pi * (clip.uniform("rounds", 1, 2) * way * _side(clip) + clip.uniform("at", 0, 1))
    reach = clip.uniform("reach", 0.22, 0.3)
    return State(activity, 0.5 + reach * np.cos(turn), 0.5 + reach * np.sin(turn), _radius(clip))


def grow(clip: Clip, t: np.ndarray) -> State:
    """It becomes larger."""
    way, activity = _pace(clip, t)
    x, y, _ = _place(clip)
    return State(activity, x, y, 0.07 + clip.uniform("gain", 0.2, 0.28) * way)


def grow_smaller(clip: Clip, t: np.ndarray) -> State:
    """It becomes smaller."""
    way, activity = _pace(clip, t)
    x, y, _ = _place(clip)
    return State(activity, x, y, 0.07 + clip.uniform("gain", 0.2, 0.28) * (1 - way))


def fall(clip: Clip, t: np.ndarray) -> State:
    """It falls from the top to the floor."""
    way, activity = _pace(clip, t)
    radius = _radius(clip)
    return State(activity, clip.uniform("x", 0.3, 0.7), (FLOOR - radius) * way, radius)


def zigzag(clip: Clip, t: np.ndarray) -> State:
    """It crosses the frame up and down, in sharp turns."""
    way, activity = _pace(clip, t)
    side, turns = _side(clip), clip.uniform("turns", 2, 3.5)
    up = 2 * np.abs((turns * way + 0.25) % 1 - 0.5) - 0.5  # a triangular wave within ±0.5
    x = 0.5 + side * 0.65 * (way - 0.5)
    return State(activity, x, 0.5 + clip.uniform("reach", 0.45, 0.6) * up, _radius(clip))


def spin(clip: Clip, t: np.ndarray) -> State:
    """It turns round itself."""
    way, activity = _pace(clip, t)
    x, y, radius = _place(clip)
    turn = 2 * np.pi * clip.uniform("rounds", 1.5, 3) * way * _side(clip)
    return State(activity, x, y, radius, turn)


def pulse(clip: Clip, t: np.ndarray) -> State:
    """It becomes larger and smaller by turns."""
    _, activity = _pace(clip, t)
    x, y, radius = _place(clip)
    return State(activity, x, y, radius * (0.55 + clip.uniform("gain", 0.7, 1.0) * activity))


def spiral(clip: Clip, t: np.ndarray) -> State:
    """It circles outwards from the middle."""
    way, activity = _pace(clip, t)
    turn = 2 * np.pi * (clip.uniform("rounds", 1.5, 2.5) * way * _side(clip))
    reach = 0.35 * way
    return State(activity, 0.5 + reach * np.cos(turn), 0.5 + reach * np.sin(turn), _radius(clip))


def rise(clip: Clip, t: np.ndarray) -> State:
    """It floats up and sways a little."""
    way, activity = _pace(clip, t)
    radius, x = _radius(clip), clip.uniform("x", 0.35, 0.65)
    sway = 0.08 * np.sin(2 * np.pi * clip.uniform("sway_hz", 0.8, 1.4) * t)
    return State(activity, x + sway, FLOOR - radius - 0.75 * way, radius)


def hop(clip: Clip, t: np.ndarray) -> State:
    """It is at another place all at once; an event is such a jump."""
    phase, activity = _beats(clip, t, 1.0, 2.8)
    stop = np.floor(phase).astype(int) + 1
    xs, ys = (clip.many(key, 64, 0.2, 0.8)[stop] for key in ("xs", "ys"))
    return State(activity, xs, ys, _radius(clip))


def fade(clip: Clip, t: np.ndarray) -> State:
    """Its light goes out slowly."""
    way, activity = _pace(clip, t)
    x, y, radius = _place(clip)
    return State(activity, x, y, radius, light=1 - 0.95 * way)


def rock(clip: Clip, t: np.ndarray) -> State:
    """It leans to one side and to the other; an event is a turning point."""
    phase, activity = _beats(clip, t, 1.0, 2.8)
    x, y, radius = _place(clip)
    turn = _side(clip) * clip.uniform("reach", 0.6, 0.9) * np.cos(np.pi * phase)
    return State(activity, x + 0.5 * radius * np.sin(turn), y, radius, turn)


def leap(clip: Clip, t: np.ndarray) -> State:
    """It rests on the floor and leaps again and again; an event is a landing."""
    phase, activity = _beats(clip, t, 1.0, 2.4)
    radius, height = _radius(clip), clip.uniform("height", 0.3, 0.5)
    jump = np.clip((phase % 1 - 0.5) / 0.5, 0, 1)  # the second half of each period
    x = 0.5 + _side(clip) * clip.uniform("far", 0, 0.3) * (t / clip.seconds - 0.5)
    return State(activity, x, FLOOR - radius - 4 * height * jump * (1 - jump), radius)


MOTIONS: dict[str, Callable[[Clip, np.ndarray], State]] = {
    motion.__name__: motion
    for motion in (
        *(still, drift, bounce, swing, flash, shake, roll, orbit, grow, fall, zigzag, spin, pulse),
        *(spiral, rise, hop, fade, rock, leap),
    )
} | {"shrink": grow_smaller}
