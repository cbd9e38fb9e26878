"""Datasets in the layout of official releases, small enough to test the table with."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from ccsav.disk.writing import write_whole
from ccsav_lab import sounds, videos

MARK = "MINIATURE.txt"  # a file by which a miniature is recognised
START = 30  # s, of every clip in the list of videos


def write_esc50(
    folder: str | Path, names: Sequence[str] | None = None, clips: int = 2, seconds: float = 1.0
) -> Path:
    """Write procedural sounds in the layout of ESC-50: `meta/esc50.csv` and `audio/`.

    The sounds are made by rule, not recorded: results on them say nothing about ESC-50.

    Parameters
    ----------
    folder : made if it is missing; files that it already has are kept.
    names : classes, from `sounds.CLASSES`; default: those that the mini LALM was trained on.
    clips : number of clips of each class in each of the five folds.
    seconds : length of each clip.

    Returns
    -------
    Path
        The folder.

    Examples
    --------
    >>> import tempfile
    >>> folder = write_esc50(tempfile.mkdtemp(), ["rain", "siren"], clips=1)
    >>> (folder / "meta" / "esc50.csv").read_text().splitlines()[1]
    '1-000100-A-0.wav,1,0,rain,False,100,A'
    """
    folder, rows = mark_folder(folder, "ESC-50", "meta", "audio"), []
    if names is None:
        names = sounds.CLASSES.index[~sounds.CLASSES["held_out"]]
    for target, name in enumerate(names):
        for fold in range(1, 6):
            for take in range(clips):
                number = 1000 * target + 100 * fold + take
                file = f"{fold}-{number:06d}-A-{target}.wav"
                if not (folder / "audio" / file).is_file():
                    clip = sounds.render(name, number, seconds=seconds)
                    write_clip(folder / "audio" / file, clip.waveform, clip.rate)
                rows.append((file, fold, target, name, False, number, "A"))
    columns = ["filename", "fold", "target", "category", "esc10", "src_file", "take"]
    table = pd.DataFrame(rows, columns=columns)
    write_whole(folder / "meta" / "esc50.csv", lambda path: table.to_csv(path, index=False))
    return folder


def write_vggsound(
    folder: str | Path,
    names: Sequence[str] | None = None,
    train: int = 8,
    test: int = 8,
    seconds: float = 2.0,
) -> Path:
    """Write procedural videos in the layout of VGGSound: `vggsound.csv` and MP4 files in `video/`.

    The videos are made by rule, not recorded: results on them say nothing about VGGSound. Each has
    an id of its own, of eleven characters as on YouTube. Needs PyAV.

    Parameters
    ----------
    folder : made if it is missing; files that it already has are kept.
    names : classes, from `videos.CLASSES`; default: the twelve held out of training.
    train, test : number of clips of each class in each part.
    seconds : length of each clip.

    Returns
    -------
    Path
        The folder.

    Examples
    --------
    >>> import tempfile
    >>> folder = write_vggsound(tempfile.mkdtemp(), ["owl", "hop"], train=1, test=1)
    >>> print((folder / "vggsound.csv").read_text().splitlines()[0])
    mini-024000,30,owl,train
    >>> sorted(file.name for file in (folder / "video").iterdir())[0]
    'mini-024000_000030.mp4'
    """
    folder, rows = mark_folder(folder, "VGGSound", "video"), []
    if names is None:
        names = videos.CLASSES.index[videos.CLASSES["held_out"]]
    for name in names:
        for take in range(train + test):
            number = 1000 * videos.CLASSES.index.get_loc(name) + take
            youtube = f"mini-{number:06d}"
            file = folder / "video" / f"{youtube}_{START:06d}.mp4"
            if not file.is_file():
                videos.save_video(videos.render_video(name, number, seconds=seconds), file)
            rows.append((youtube, START, name, "train" if take < train else "test"))
    table = pd.DataFrame(rows)
    listed = folder / "vggsound.csv"
    write_whole(listed, lambda path: table.to_csv(path, header=False, index=False))
    return folder


WRITERS = {"esc50": write_esc50, "vggsound": write_vggsound}


def write_clip(file: Path, waveform: np.ndarray, rate: int) -> None:
    """Write a WAV file, whole or not at all: a file that is there is not made again."""
    data = io.BytesIO()  # soundfile's own errors do not name the file
    soundfile.write(data, waveform, rate, format="WAV")
    write_whole(file, lambda path: path.write_bytes(data.getvalue()))


def is_miniature(folder: str | Path) -> bool:
    """Whether a folder holds a dataset that was written by a function of this module."""
    return any((place / MARK).is_file() for place in (Path(folder), *Path(folder).glob("*/")))


def mark_folder(folder: str | Path, release: str, *parts: str) -> Path:
    """Make a folder and its sub-folders, with a file that says of which release it has the layout.

    Parameters
    ----------
    folder : made if it is missing.
    release : name of the release.
    parts : names of the sub-folders.
    """
    for part in ("", *parts):
        (Path(folder) / part).mkdir(parents=True, exist_ok=True)
    text = f"Clips made by rule (ccsav_lab.paper), in the layout of {release}; none is from it.\n"
    (Path(folder) / MARK).write_text(text, "utf-8")
    return Path(folder)
