"""Clips of YouTube: what downloaders call their files, and which clip of a list each one is."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ccsav.clips import audio, video
from ccsav.clips.dataset import count_and_name

from ._lists import refuse, rows

ID = "[A-Za-z0-9_-]{11}"
TIME = r"\d+(?:\.\d+)?"
NAME = rf"^Y?(?P<youtube>{ID})(?:_(?P<at>{TIME})(?:[_-]{TIME})?)?$"  # a file's, without suffix


def clips(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read an official list of clips with the columns `youtube` (its id) and `start` (seconds)."""
    table = rows(file, columns)
    odd = table.loc[~table["youtube"].str.fullmatch(ID).astype(bool), "youtube"]
    refuse(file, odd, "ids that are not YouTube's 11 characters (spreadsheets alter them)")
    start = pd.to_numeric(table["start"], errors="coerce")
    refuse(file, table.loc[start.isna(), "start"], "starts that are not seconds")
    return table.assign(start=start, name=table["youtube"], group=table["youtube"])


def with_files(table: pd.DataFrame, folder: Path, listed: str) -> pd.DataFrame:
    """Add the columns `path` and `video` to a list of clips, from the names of all files in depth.

    A file is a clip if its name is the id, after a Y or not, alone or with `_` and the start in
    seconds or milliseconds, however padded, and perhaps the end. `path` is the sound, else the
    video; `video` the video beside a sound; of several copies the first. Recordings that are no clip
    of the list are left out with a warning that counts them.
    """
    files = _recordings(folder)
    parts = files["stem"].str.extract(NAME)
    files = files.assign(youtube=parts["youtube"], at=pd.to_numeric(parts["at"]))
    keys = table.reset_index()[["index", "youtube", "start"]]
    pairs = files.dropna(subset="youtube").merge(keys, on="youtube")
    in_s = (pairs["at"] - pairs["start"]).abs() < 1
    in_ms = (pairs["at"] - 1000 * pairs["start"]).abs() < 1
    pairs = pairs[pairs["at"].isna() | in_s | in_ms]
    others = files.loc[~files["path"].isin(pairs["path"]), "path"].tolist()
    if others:
        note = count_and_name(others, f"recordings that are not clips of {listed} were left out")[0]
        warnings.warn(f"{folder}: {note}", stacklevel=3)
    sound, picture = (
        pairs[pairs["is_video"] == kind].groupby("index")["path"].first().reindex(table.index)
        for kind in (False, True)
    )
    return table.assign(path=sound.fillna(picture), video=picture.where(sound.notna()))


def _recordings(folder):
    """All audio and videos under a folder, in order of their names: path, stem, is_video."""
    found = []
    for where, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(where).relative_to(folder)
        stems = [os.path.splitext(name) for name in names]
        found += [
            (str(inside / f"{stem}{suffix}"), stem, suffix.lower() in video.SUFFIXES)
            for stem, suffix in stems
            if suffix.lower() in audio.SUFFIXES + video.SUFFIXES and not stem.startswith(".")
        ]
    table = pd.DataFrame(sorted(found), columns=["path", "stem", "is_video"])
    return table.astype({"path": str, "stem": str, "is_video": bool})
