"""A folder with one sub-folder per class, or with one per split that holds these."""

import os
import re
import warnings
from pathlib import Path

import pandas as pd

from ccsav.clips import audio, video
from ccsav.clips.dataset import Dataset, DatasetError, count_and_name

_SPLIT = re.compile(  # names of folders that hold a part of a dataset, not a class
    r"(train|test|valid|eval|dev|val|fold|split)((ing|ation|uation|elopment)?|[ _-]?\d+)",
    re.IGNORECASE,
)
_MANIFESTS = (".csv", ".tsv", ".json", ".jsonl")


def from_folder(root: str | Path) -> Dataset:
    """Read a folder with one sub-folder per class; the name of the sub-folder is the label.

    All levels of the sub-folders are searched, and symbolic links are followed. If all sub-folders
    are named as splits (train, test, fold1, …), their sub-folders are the classes, and the table
    has the column `split`. Files that are neither audio (WAV, FLAC, OGG, MP3) nor video
    (`video.SUFFIXES`), and classes without recordings, are left out with a warning; hidden files
    are ignored.

    Raises
    ------
    DatasetError : the folder is missing, has no recordings in sub-folders, one class only, a
        manifest, or a folder that symbolic links lead to twice.
    """
    root = Path(root)
    if not root.is_dir():
        raise DatasetError(f"{root}: there is no such folder.")
    folders, files = _walk(root)
    suffixes = audio.SUFFIXES + video.SUFFIXES
    clips = [f for f in files if f.suffix.lower() in suffixes and len(f.parts) > 1]
    if not clips:
        raise DatasetError(f"{root}: no recordings in sub-folders, one sub-folder per class.")
    for file in files:
        if len(file.parts) == 1 and file.suffix.lower() in _MANIFESTS:
            raise DatasetError(
                f"{root}: is it a folder per class, or does {file} say the classes? Give "
                f"{root / file} instead, or move that file away."
            )
    splits = all(_SPLIT.fullmatch(f.parts[0]) for f in clips)
    clips = [f for f in clips if len(f.parts) > 1 + splits]
    columns = {"path": map(str, clips), "label": [f.parts[splits] for f in clips]}
    table = pd.DataFrame(columns, dtype=object)  # also names that are no UTF-8
    if table["label"].nunique() < 2:
        found = f"one class only, {table['label'].iloc[0]!r}" if clips else "splits without classes"
        raise DatasetError(
            f"{root}: {found}: give a folder with one sub-folder per class, or a CSV file with the "
            "columns path and label."
        )
    if splits:
        table["split"] = [f.parts[0] for f in clips]
    depth = 1 + splits
    with_clips = {f.parts[:depth] for f in clips}
    empty = [str(f) for f in folders if len(f.parts) == depth and f.parts not in with_clips]
    others = sorted(set(files) - set(clips))
    notes = count_and_name(empty, "classes without recordings were left out")
    notes += count_and_name(others, "files that are not audio in a class folder were left out")
    for note in notes:
        warnings.warn(f"{root}: {note}", stacklevel=2)
    return Dataset(table, root)


def _walk(root):
    """All folders and files under a folder, relative to it, sorted; those that are hidden left out.

    Links to folders are followed. A folder that is reached twice, as in a loop, is an error.
    """
    folders, files, reached = [], [], {}
    for current, names, inside in os.walk(root, onerror=_refuse, followlinks=True):
        names[:] = sorted(name for name in names if not name.startswith("."))
        relative, real = Path(current).relative_to(root), os.path.realpath(current)
        if real in reached:
            raise DatasetError(
                f"{root / relative}: the same folder as {root / reached[real]}, by a symbolic "
                "link: remove the link."
            )
        reached[real] = relative
        folders += [relative / name for name in names]
        files += [relative / name for name in inside if not name.startswith(".")]
    return folders, sorted(files)


def _refuse(error):
    """Raise a `DatasetError` for a folder that cannot be read."""
    raise DatasetError(f"{error.filename}: the folder cannot be read: {error.strerror}.")
