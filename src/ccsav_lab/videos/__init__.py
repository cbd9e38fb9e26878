"""Procedural videos with sound: 36 classes, told by sound, by sight, or only by both.

`CLASSES` lists them; `render_video` makes a clip and returns its parameters; `Camera` and
`sounds.Conditions` describe the recording; `mismatched` joins the sight of one clip with the sound
of another; `save_video` writes a real MP4 file.
"""

import inspect
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ccsav_lab.sounds import Conditions, Sound
from ccsav_lab.sounds import render as render_sound
from ccsav_lab.sounds.clip import Clip

from .files import save_video
from .motions import MOTIONS, State
from .pictures import CLEAR, COLOURS, RANGES, SHAPES, Camera, draw_frames, photograph

__all__ = [
    "AMBIENT", "CLASSES", "CLEAR", "COLOURS", "IDLE", "MOTIONS", "RANGES", "SHAPES", "STRUCK",
    "Camera", "State", "Video", "about_video", "mismatched", "render_video", "save_video",
]  # fmt: skip

KINDS = ("sound", "sight", "both")  # what tells a class
IDLE = ("still", "drift")  # motions of the classes that sound alone tells
AMBIENT = (  # sounds of the classes that sight alone tells; their level follows the motion
    *(
        "rain",
        "wind",
        "waves",
        "stream",
        "vacuum cleaner",
        "car",
        "aeroplane",
        "helicopter",
        "train",
    ),
    *("modem", "violin", "flute", "cricket", "singing"),
)
STRUCK = ("knocking", "bicycle bell", "xylophone", "dripping tap")  # they sound at each event
BY_SOUND = {  # names of sounds; True: held out of training
    False: ("dog", "frog", "piano", "drum", "car horn", "smoke alarm", "chainsaw", "speech"),
    True: ("owl", "kettle", "buzzer", "motorcycle"),
}
BY_SIGHT = {
    False: ("flash", "shake", "roll", "orbit", "grow", "shrink", "fall", "zigzag"),
    True: ("spiral", "rise", "hop", "fade"),
}
BY_BOTH = {  # pairs of sounds, each with both of a pair of motions
    False: (
        (("knocking", "bicycle bell"), ("bounce", "swing")),
        (("drill", "siren"), ("spin", "pulse")),
    ),
    True: ((("xylophone", "dripping tap"), ("rock", "leap")),),
}


def _classes() -> pd.DataFrame:
    """One row per class: its name, what tells it, its sound and motion; "" for an open one."""
    rows = []
    for held_out in (False, True):
        rows += [(sound, "sound", sound, "", held_out) for sound in BY_SOUND[held_out]]
        rows += [(motion, "sight", "", motion, held_out) for motion in BY_SIGHT[held_out]]
        rows += [
            (f"{sound} {motion}", "both", sound, motion, held_out)
            for sounds, motions in BY_BOTH[held_out]
            for motion in motions
            for sound in sounds
        ]
    columns = ["name", "told_by", "sound", "motion", "held_out"]
    return pd.DataFrame(rows, columns=columns).set_index("name")


CLASSES = _classes()


@dataclass(frozen=True)
class Video:
    """One clip, from `render_video`.

    Attributes
    ----------
    frames : (T, H, W, 3), uint8, red, green, blue.
    fps : frames per second.
    waveform : (samples,), float32 within ±1.
    rate : sampling rate, Hz.
    state : of the object at the times of the frames: place, radius, angle, light, activity.
    name, told_by : of the class, and the sense that tells it: "sound", "sight" or "both".
    parameters : all that was drawn or fixed, as plain numbers, words and lists: `sound`, `motion`,
        `shape`, `colour`, the fields of `Camera`, and, where the motion has them, `events` (their
        number), `onsets` (s), `rate_hz` and others.
    sound : the clip's sound, with parameters of its own.
    """

    frames: np.ndarray
    fps: float
    waveform: np.ndarray
    rate: int
    state: State
    name: str
    told_by: str
    parameters: dict
    sound: Sound

    @property
    def activity(self) -> np.ndarray:
        """What a tied sound follows, 0 to 1, at the times of the frames, (T,)."""
        return np.broadcast_to(self.state.activity, len(self.frames))


def render_video(
    name: str,
    seed: int,
    *,
    seconds: float = 2.0,
    size: int = 56,
    fps: float = 8.0,
    rate: int = 16_000,
    camera: Camera | None = None,
    conditions: Conditions | None = None,
    sound_parameters: dict | None = None,
    **fixed,
) -> Video:
    """Make one clip of a class; the same seed gives the same clip.

    The sound is tied to what is seen: struck sounds (`STRUCK`) sound at each event of the motion;
    the level of the others follows the speed, or sounds at the events. Classes that sound alone
    tells have an object that stands still or drifts, and their sound is tied to nothing.

    Parameters
    ----------
    name : one of `CLASSES.index`.
    seed : whole number from 0.
    seconds : 0.5 to 60.
    size : height and width of the frames, pixels, 16 to 1024.
    fps : frames per second, 1 to 60.
    rate : sampling rate of the sound, 16000 to 96000 Hz.
    camera : how it is seen; default: `Camera()`, all drawn.
    conditions : how the sound is recorded; default: `sounds.Conditions()`, all drawn.
    sound_parameters : parameters of the sound to fix, as in `sounds.render`.
    **fixed : any other parameter, by name: `motion`, `sound` (where the class leaves them open),
        `shape`, `colour`, `rate_hz`, …; not `onsets` and `events`, which follow from others.

    Raises
    ------
    ValueError : for an unknown name or parameter (the message lists the valid ones), or a value
        that cannot be used.

    Examples
    --------
    >>> video = render_video("knocking bounce", seed=1, rate_hz=2.0)
    >>> video.frames.shape, video.waveform.shape, video.parameters["events"]
    ((16, 56, 56, 3), (32000,), 4)
    """
    if name not in CLASSES.index:
        raise ValueError(f"there is no video {name!r}; they are {', '.join(CLASSES.index)}.")
    if not (0.5 <= seconds <= 60 and 16 <= size <= 1024 and 1 <= fps <= 60):
        raise ValueError(
            f"{seconds} s of {size} pixels at {fps} frames per second is outside 0.5 to 60 s, 16 "
            "to 1024 pixels, 1 to 60 frames per second."
        )
    if follow := sorted({"onsets", "events"} & fixed.keys()):
        raise ValueError(f"{follow} cannot be fixed: they follow from rate_hz and start.")
    row, clip = CLASSES.loc[name], Clip(name, seed, seconds, rate, fixed)
    motion = clip.choice("motion", (row["motion"],) if row["motion"] else IDLE)
    sound = clip.choice("sound", (row["sound"],) if row["sound"] else AMBIENT)
    times = np.arange(round(seconds * fps)) / fps
    state = MOTIONS[motion](clip, times)
    frames = draw_frames(clip, state, len(times), size)
    frames = photograph(clip, frames, camera or Camera())
    heard = _tied_sound(clip, sound, motion, seed, conditions, dict(sound_parameters or {}))
    unknown = sorted(fixed.keys() - clip.parameters.keys())
    if unknown:
        raise ValueError(f"{name} has no {unknown}; it has {', '.join(sorted(clip.parameters))}.")
    told_by, parameters = row["told_by"], dict(clip.parameters)
    return Video(frames, fps, heard.waveform, rate, state, name, told_by, parameters, heard)


def _tied_sound(clip, sound, motion, seed, conditions, parameters) -> Sound:
    """The sound of a scene: at its events, or with a level that follows its speed."""
    options = {"seconds": clip.seconds, "rate": clip.rate, "conditions": conditions}
    if motion in IDLE:
        return render_sound(sound, seed, **options, **parameters)
    if sound in STRUCK:
        parameters.setdefault("onsets", clip.parameters["onsets"])
        return render_sound(sound, seed, **options, **parameters)
    level = MOTIONS[motion](clip, clip.time).activity
    return render_sound(sound, seed, **options, level=level, **parameters)


def mismatched(sight: Video, sound: Video) -> Video:
    """A clip with the frames of one video and the sound of another; its name is the first's.

    Raises `ValueError` if they are not equally long.
    """
    length = (len(sight.frames) / sight.fps, len(sound.frames) / sound.fps)
    if not np.isclose(*length):
        raise ValueError(f"the clips are {length[0]:g} and {length[1]:g} s long.")
    parameters = sight.parameters | {"sound": sound.parameters["sound"]}
    heard = {"waveform": sound.waveform, "rate": sound.rate, "sound": sound.sound}
    return replace(sight, **heard, parameters=parameters)


def about_video(name: str) -> str:
    """What is heard and seen in a class, in two sentences."""
    row = CLASSES.loc[name]
    heard = (
        f"One hears: {row['sound']}." if row["sound"] else "Any of 14 sounds follows the motion."
    )
    idle = "It stands still or drifts."
    return f"{heard} {inspect.getdoc(MOTIONS[row['motion']]) if row['motion'] else idle}"
