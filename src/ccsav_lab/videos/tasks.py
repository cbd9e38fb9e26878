"""Few-shot tasks on procedural videos: named datasets without files."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset

from . import CLASSES, Camera, Conditions, render_video, save_video

RATE, FPS = 16_000, 8.0  # Hz, frames per second


def videos_trained(**options) -> Dataset:
    """Name videos of the classes that the mini omni model was trained on; see `make_videos`."""
    return make_videos(CLASSES.index[~CLASSES["held_out"]], **options)


def videos_heldout(**options) -> Dataset:
    """Name videos of the classes that it was not trained on; options as of `make_videos`."""
    return make_videos(CLASSES.index[CLASSES["held_out"]], **options)


def make_videos(
    names: Sequence[str],
    *,
    clips: int = 30,
    seconds: float = 2.0,
    size: int = 56,
    camera: Camera | None = None,
    conditions: Conditions | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Dataset:
    """Render videos of some classes into a dataset in memory.

    Parameters
    ----------
    names : classes, from `videos.CLASSES`.
    clips : number of clips per class.
    seconds, size : length of each clip, and height and width of its frames in pixels.
    camera, conditions : of the picture and of the sound; default: all drawn at random.
    seed : another seed gives other clips.
    progress : show a bar.

    Returns
    -------
    Dataset
        With the columns path (a name), label, told_by, sound, motion, seed.
    """
    rows = [(name, seed * 1_000_000 + number) for name in names for number in range(clips)]
    options = {"seconds": seconds, "size": size, "fps": FPS, "rate": RATE}
    options |= {"camera": camera, "conditions": conditions}
    made = [
        render_video(name, number, **options)
        for name, number in tqdm(rows, desc="render", unit=" clips", disable=not progress)
    ]
    table = pd.DataFrame(
        {
            "path": [
                f"{video.name} {number}" for video, (_, number) in zip(made, rows, strict=True)
            ],
            "label": [video.name for video in made],
            "told_by": [video.told_by for video in made],
            "sound": [video.parameters["sound"] for video in made],
            "motion": [video.parameters["motion"] for video in made],
            "seed": [number for _, number in rows],
        }
    )
    frames, waveforms = [video.frames for video in made], [video.waveform for video in made]
    return Dataset(table, waveforms=waveforms, rate=RATE, videos=frames, fps=FPS)


def write_videos(
    names: Sequence[str], folder: Path, *, clips: int = 3, seed: int = 0, **options
) -> Path:
    """Write videos of some classes as MP4 files, one sub-folder per class; returns the folder.

    options : further arguments of `videos.render_video`.
    """
    for name in names:
        for number in range(clips):
            file = Path(folder) / name / f"{number}.mp4"
            file.parent.mkdir(parents=True, exist_ok=True)
            save_video(render_video(name, seed * 1_000_000 + number, **options), file)
    return Path(folder)
