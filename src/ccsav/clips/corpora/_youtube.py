"""Clips from YouTube: match downloaded files, by their names, with the clips of a list."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ccsav.clips import audio, video
from ccsav.clips.dataset import count_and_name

from ._lists import read_list, refuse

_ID = "[A-Za-z0-9_-]{11}"
_TIME = r"\d+(?:\.\d+)?"
_NAME = rf"^Y?(?P<youtube>{_ID})(?:_(?P<time>{_TIME})(?:[_-]{_TIME})?)?$"  # without suffix


def read_clips(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read an official list of clips, of which `youtube` is the id and `start` is in seconds."""
    table = read_list(file, columns)
    wrong = table.loc[~table["youtube"].str.fullmatch(_ID).astype(bool), "youtube"]
    refuse(file, wrong, "ids that are not YouTube's 11 characters (spreadsheets alter them)")
    start = pd.to_numeric(table["start"], errors="coerce")
    refuse(file, table.loc[start.isna(), "start"], "starts that are not seconds")
    return table.assign(start=start, name=table["youtube"], group=table["youtube"])


def add_files(table: pd.DataFrame, folder: Path, listed: str) -> pd.DataFrame:
    """Add the columns `path` and `video` to a list of clips, from the files in all sub-folders.

    A file belongs to a clip if its name is the id, with or without a Y before it, alone or followed
    by `_` and the start in seconds or milliseconds, with or without zeros before it, and optionally
    the end. `path` is the sound or, without one, the video; `video` is the video where there are
    both; of several copies the first is taken. Recordings of no clip in the list are left out with
    a warning.
    """
    files = _recordings(folder)
    parts = files["stem"].str.extract(_NAME)
    files = files.assign(youtube=parts["youtube"], time=pd.to_numeric(parts["time"]))
    keys = table.reset_index()[["index", "youtube", "start"]]
    pairs = files.dropna(subset="youtube").merge(keys, on="youtube")
    seconds = (pairs["time"] - pairs["start"]).abs() < 1
    milliseconds = (pairs["time"] - 1000 * pairs["start"]).abs() < 1
    pairs = pairs[pairs["time"].isna() | seconds | milliseconds]
    others = files.loc[~files["path"].isin(pairs["path"]), "path"].tolist()
    if others:
        note = count_and_name(others, f"recordings that are not clips of {listed} were left out")
        warnings.warn(f"{folder}: {note[0]}", stacklevel=3)
    sounds, videos = (
        pairs[pairs["is_video"] == kind].groupby("index")["path"].first().reindex(table.index)
        for kind in (False, True)
    )
    return table.assign(path=sounds.fillna(videos), video=videos.where(sounds.notna()))


def _recordings(folder):
    """All audio and video files under a folder, sorted by path: path, stem, is_video."""
    files = []
    for current, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        relative = Path(current).relative_to(folder)
        files += [
            (str(relative / f"{stem}{suffix}"), stem, suffix.lower() in video.SUFFIXES)
            for stem, suffix in map(os.path.splitext, names)
            if suffix.lower() in audio.SUFFIXES + video.SUFFIXES and not stem.startswith(".")
        ]
    table = pd.DataFrame(sorted(files), columns=["path", "stem", "is_video"], dtype=object)
    return table.astype({"is_video": bool})
