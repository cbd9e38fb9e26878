"""Draw the frames: an object of a shape and colour before a background, and what a camera adds."""

from dataclasses import dataclass, fields

import numpy as np
from scipy.ndimage import gaussian_filter

from ccsav_lab.sounds.clip import Clip

from .motions import State

COLOURS = {
    "red": (225, 45, 45),
    "green": (50, 190, 70),
    "blue": (60, 95, 235),
    "yellow": (235, 210, 50),
    "purple": (170, 70, 200),
    "white": (240, 240, 240),
}
SHAPES = ("disc", "square", "triangle", "star")
RANGES = {  # of a field of `Camera` that is None: drawn uniformly
    "light": (0.45, 1.0),
    "blur": (0.0, 0.012),
    "cover": (0.0, 0.12),
    "noise": (0.0, 0.05),
}


@dataclass(frozen=True)
class Camera:
    """How a scene is seen; a field that is None is drawn for each clip, from `RANGES`.

    Parameters
    ----------
    light : of the whole picture, 0 (black) to 1.
    blur : standard deviation of the blur, in sides of the frame.
    cover : share of the frame's width that a grey bar hides, at a random place.
    noise : standard deviation of each pixel's noise, of full scale.
    """

    light: float | None = None
    blur: float | None = None
    cover: float | None = None
    noise: float | None = None

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{field.name}={value} must be from 0 to 1.")


CLEAR = Camera(light=1.0, blur=0.0, cover=0.0, noise=0.0)


def draw_frames(clip: Clip, state: State, times: int, size: int) -> np.ndarray:
    """The object's frames, (T, size, size, 3), 0 to 1, without the camera."""
    shape, colour = clip.choice("shape", SHAPES), clip.choice("colour", tuple(COLOURS))
    grey = clip.uniform("background", 0.05, 0.3)
    slope = clip.uniform("slope", -0.1, 0.1)  # the background's shade, from left to right
    x, y, radius, angle, light = (
        np.broadcast_to(value, times)[:, None, None]
        for value in (state.x, state.y, state.radius, state.angle, state.light)
    )
    place = (np.arange(size) + 0.5) / size
    right, down = place[None, None, :] - x, place[None, :, None] - y  # (T, H, W)
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = (cos * right + sin * down) / radius, (cos * down - sin * right) / radius
    inside = np.clip(0.5 - _distance(shape, u, v) * radius * size, 0, 1)  # 1 within the shape
    stripe = np.clip(
        0.5 - (np.abs(v - 0.35) - 0.16) * radius * size, 0, 1
    )  # shows how it is turned
    paint = np.array(COLOURS[colour]) / 255 * (1 - 0.75 * stripe[..., None])  # (T, H, W, 3)
    shade = np.clip(grey + slope * (place - 0.5), 0, 1)[None, None, :, None]
    return shade + (inside * light)[..., None] * (paint - shade)


def _distance(shape, u, v):
    """Distance to the edge of a shape of radius 1, below 0 inside; exact for the disc alone."""
    if shape == "disc":
        return np.hypot(u, v) - 1
    if shape == "square":
        return np.maximum(np.abs(u), np.abs(v)) - 0.85
    if shape == "triangle":
        return np.maximum(0.87 * np.abs(u) - 0.5 * v, v) - 0.5
    turn = np.arctan2(u, -v)
    return np.hypot(u, v) - (0.72 + 0.33 * np.cos(5 * turn))


def photograph(clip: Clip, frames: np.ndarray, camera: Camera) -> np.ndarray:
    """What the camera makes of the frames, (T, H, W, 3), uint8."""
    values = {}
    for key, (low, high) in RANGES.items():
        value = getattr(camera, key)
        value = clip.rng(key).uniform(low, high) if value is None else value
        values[key] = clip.draw(key, float, lambda _, value=value: value)
    camera = Camera(**values)  # checks what `fixed` gave, too
    size = frames.shape[1]
    start = round(clip.uniform("cover_at", 0, 1) * (1 - camera.cover) * size)
    frames = frames.copy()
    frames[:, :, start : start + round(camera.cover * size)] = 0.35
    if (sigma := camera.blur * size) > 0.1:
        frames = gaussian_filter(frames, (0, sigma, sigma, 0))
    frames = frames * camera.light
    if camera.noise:
        grain = clip.rng("grain").standard_normal(frames.shape, dtype=np.float32)
        frames = frames + camera.noise * grain
    return (np.clip(frames, 0, 1) * 255).round().astype(np.uint8)
