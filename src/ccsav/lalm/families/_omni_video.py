"""Videos for Qwen2.5-Omni without torchvision: frames to patches, and the order of their tokens.

The thinker's arguments for a batch of videos, besides `input_ids` and `attention_mask` (B, T):
    `pixel_values_videos` (patches of all videos, 1176) and `video_grid_thw` (B, 3), from
        `video_patches`;
    `video_second_per_grid` (B,), two frames' time: positions are computed from it;
    with sound, `input_features` and `feature_attention_mask` as for audio alone, and
        `use_audio_in_video=True` for the whole batch.
"""

import json
import math
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import interpolate
from transformers.utils import cached_file

SETTINGS_FILE = "video_preprocessor_config.json"  # as transformers saves a video processor
PATCH, MERGE, FRAMES_PER_GRID = 14, 2, 2  # a token is MERGE × MERGE patches
FACTOR = PATCH * MERGE  # the sides of a frame are multiples of this
FEWEST_PIXELS, MOST_PIXELS = 128 * FACTOR**2, 768 * FACTOR**2  # of a frame
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
PER_SECOND, CHUNK = 25, 50  # audio tokens in a second, and in a chunk of 2 s


class FrameSettings(NamedTuple):
    """How many frames a model takes, and how large; the defaults are the family's.

    Attributes
    ----------
    fps : frames per second; a grid is two frames
    fewest_pixels, most_pixels : of a frame; smaller frames are enlarged, larger ones shrunk
    """

    fps: float = 2.0
    fewest_pixels: int = FEWEST_PIXELS
    most_pixels: int = MOST_PIXELS

    @property
    def seconds_per_grid(self) -> float:
        """Time of the two frames of a grid."""
        return FRAMES_PER_GRID / self.fps

    def own(self) -> dict:
        """What differs from the family's defaults, {name: value}."""
        pairs = zip(self._asdict().items(), FrameSettings(), strict=True)
        return {name: value for (name, value), default in pairs if value != default}

    def at_most(self, pixels: int | None) -> "FrameSettings":
        """The same with no more pixels in a frame; None: unchanged."""
        most = min(pixels or self.most_pixels, self.most_pixels)
        return self._replace(fewest_pixels=min(self.fewest_pixels, most), most_pixels=most)


def read_frame_settings(name_or_path, revision: str | None = None) -> FrameSettings:
    """A model's own settings: from its folder or the hub, else the family's defaults.

    Of `SETTINGS_FILE`, `fps` and `size` (`shortest_edge`, `longest_edge`: fewest and most pixels)
    are read. Raises `ValueError` for values that are not numbers above 0, or a frame of less than
    one token.
    """
    file = cached_file(
        name_or_path, SETTINGS_FILE, revision=revision, _raise_exceptions_for_missing_entries=False
    )
    content = json.loads(Path(file).read_text("utf-8")) if file else {}
    size, default = content.get("size") or {}, FrameSettings()
    given = content.get("fps"), size.get("shortest_edge"), size.get("longest_edge")
    values = [x if y is None else y for x, y in zip(default, given, strict=True)]
    for value, least in zip(values, (0.01, 1, FACTOR**2), strict=True):
        if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
            raise ValueError(
                f"{name_or_path}: {SETTINGS_FILE} has {value!r} among fps, shortest_edge and "
                f"longest_edge {values}: expected a number of at least {least:g}."
            )
    fps, fewest, most = values
    return FrameSettings(float(fps), int(fewest), int(most)).at_most(MOST_PIXELS)


def frame_size(
    height: int, width: int, fewest: int = FEWEST_PIXELS, most: int = MOST_PIXELS
) -> tuple[int, int]:
    """New height and width of a frame: multiples of 28 near its own, `fewest` to `most` pixels.

    Raises `ValueError` if a side is more than 200 times the other.
    """
    if max(height, width) > 200 * min(height, width):
        raise ValueError(f"frames of {height} × {width}: no side may be 200 times the other.")
    sides = height, width
    new = [round(side / FACTOR) * FACTOR for side in sides]
    if math.prod(new) > most:
        shrink = math.sqrt(height * width / most)
        new = [max(1, math.floor(side / shrink / FACTOR)) * FACTOR for side in sides]
    elif math.prod(new) < fewest:
        grow = math.sqrt(fewest / (height * width))
        new = [math.ceil(side * grow / FACTOR) * FACTOR for side in sides]
    return tuple(new)


def video_patches(
    frames: np.ndarray, fewest: int = FEWEST_PIXELS, most: int = MOST_PIXELS
) -> tuple[torch.Tensor, torch.Tensor]:
    """A video's patches, (n, 1176), and its grid of patches: time, height, width, (3,).

    frames: (T, H, W, 3), uint8, RGB; if T is odd, the last frame is repeated. fewest, most: see
    `frame_size`.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).contiguous()
    size = frame_size(*pixels.shape[2:], fewest, most)
    if pixels.shape[2:] != size:
        pixels = interpolate(pixels, size, mode="bicubic", antialias=True)  # rounds to uint8
    mean, deviation = (torch.tensor(x)[:, None, None] * 255 for x in (MEAN, DEVIATION))
    pixels = (pixels.float() - mean) / deviation
    if len(pixels) % FRAMES_PER_GRID:
        pixels = torch.cat([pixels, pixels[-1:]])
    grid = len(pixels) // FRAMES_PER_GRID, size[0] // PATCH, size[1] // PATCH
    time, rows, columns = grid
    pixels = pixels.reshape(
        *(time, FRAMES_PER_GRID, 3),
        *(rows // MERGE, MERGE, PATCH),
        *(columns // MERGE, MERGE, PATCH),
    )  # time, frame, colour; row of tokens, of patches, of pixels; the same for columns
    pixels = pixels.permute(0, 3, 6, 4, 7, 2, 1, 5, 8)
    return pixels.reshape(math.prod(grid), -1), torch.tensor(grid)


def video_tokens(grid, audio_tokens: int | None = None, seconds_per_grid: float = 1.0) -> str:
    """Text in place of `<|VIDEO|>` in the prompt: the tokens of a video and of its sound.

    They alternate: frames of the first 2 s, their sound, frames of the next 2 s, and so on.

    grid: from `video_patches`. audio_tokens: number of the sound track's, as for audio alone;
    None: a video without sound. seconds_per_grid: time of two frames.
    """
    time, rows, columns = (int(x) for x in grid)
    per_grid = rows * columns // MERGE**2
    if audio_tokens is None:
        return "<|VIDEO|>" * (time * per_grid)
    starts = np.arange(time) * seconds_per_grid * PER_SECOND  # in audio tokens
    frames = ["<|VIDEO|>" * n for n in _chunk_sizes(np.repeat(starts, per_grid))]
    sounds = ["<|AUDIO|>" * n for n in _chunk_sizes(np.arange(audio_tokens))]
    both = "".join(frame + sound for frame, sound in zip_longest(frames, sounds, fillvalue=""))
    return f"<|audio_bos|>{both}<|audio_eos|>"


def _chunk_sizes(starts):
    """How many tokens go into each chunk of 2 s; a token starts at most one chunk."""
    sizes, limit = [0], CHUNK
    for start in starts:
        if start >= limit:
            sizes.append(0)
            limit += CHUNK
        sizes[-1] += 1
    return sizes
