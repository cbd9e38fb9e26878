"""Where the recordings of a released list are on this machine."""

import os
import warnings
from pathlib import Path, PurePosixPath

import pandas as pd

from ccsav.clips import audio, video
from ccsav.clips.dataset import DatasetError, count_and_name


def find_recordings(
    table: pd.DataFrame, root: Path, as_listed: bool, modality: str
) -> pd.DataFrame:
    """Add the columns `path` and, for videos, `video_path`; None where there is no such file.

    Parameters
    ----------
    table : rows with `wav` and `video`, as the lists have them.
    root : folder whose sub-folders are searched for files of these names, with any suffix.
    as_listed : first look for them where the list says.
    modality : with "video" in it, `video_path` is looked for.

    Raises
    ------
    DatasetError
        If a recording is in the folder several times.
    """
    files = {}  # stem → paths below the root
    for current, folders, names in os.walk(root, followlinks=True):
        folders.sort()
        for name in sorted(names):
            place = Path(current, name).relative_to(root)
            files.setdefault(place.stem, []).append(place)
    wanted = {"path": ("wav", (audio.SUFFIXES, video.SUFFIXES))}
    if "video" in modality:
        wanted["video_path"] = ("video", (video.SUFFIXES,))
    for column, (field, kinds) in wanted.items():
        names = table[field].astype(object).fillna(table["wav"])
        places = {name: _place(name, root, as_listed, files, kinds) for name in names.unique()}
        table = table.assign(**{column: names.map(places)})
    return table


def _place(name, root, as_listed, files, kinds) -> str | None:
    """Where a recording of the list is, relative to the root; `DatasetError` if in two places."""
    if as_listed and Path(root, name).is_file():
        return name
    name = PurePosixPath(name)
    for suffixes in kinds:
        fitting = [f for f in files.get(name.stem, []) if f.suffix.lower() in suffixes]
        fitting = [f for f in fitting if f.name == name.name] or fitting
        if len(fitting) > 1:
            raise DatasetError(
                f"{root}: {name.stem} is here {len(fitting)} times, {fitting[0]} and {fitting[1]}: "
                "give a folder that has each recording once."
            )
        if fitting:
            return str(fitting[0])
    return None


def drop_missing(table: pd.DataFrame, root: Path, missing: str) -> tuple[pd.DataFrame, int]:
    """The questions whose recordings were found, and the number of the others.

    Parameters
    ----------
    table : from `find_recordings`, with the columns `list` and `record`.
    root : for messages.
    missing : "raise" or "warn".

    Raises
    ------
    DatasetError
        If a recording is missing and `missing` is "raise", or if all are missing.
    """
    columns = [column for column in ("path", "video_path") if column in table]
    absent = table[table[columns].isna().any(axis=1)]
    if len(absent) and missing == "raise":
        first = absent.iloc[0]
        raise DatasetError(
            f"{first['list']}: record {first['record']}: no recording "
            f"{PurePosixPath(first['wav']).name} in {root}, nor for {len(absent) - 1} other "
            'records. Add them, or leave them out with missing="warn" (--allow-missing).'
        )
    if len(absent) == len(table):
        raise DatasetError(f"{root}: none of the {len(table)} recordings of the lists is here.")
    for note in count_and_name(
        [PurePosixPath(wav).name for wav in absent["wav"]], "questions have no recording"
    ):
        warnings.warn(f"{root}: {note}", stacklevel=3)
    return table.drop(absent.index), len(absent)
