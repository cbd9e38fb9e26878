"""Read a dataset from a name, a folder, or a table in a file."""

import warnings
from pathlib import Path

import pandas as pd

from ccsav.clips import audio, video
from ccsav.clips.corpora import GROUP, dataset_names, load_named, load_release
from ccsav.clips.corpora._lists import keep_split
from ccsav.clips.corpora.calm_lists import load_calm_list
from ccsav.clips.dataset import Dataset, DatasetError, count_and_name


def load_dataset(
    source: str | Path, *, group: str | None = None, split: str | None = None, fetch: bool = False
) -> Dataset:
    """Read a dataset from a name, a folder or a file.

    Parameters
    ----------
    source : a name: esc10, esc50, fsdd, vggsound, audioset, asvspoof2019, or one that another
        package offers (ccsav_lab: sounds-heldout, sounds-trained, sounds-families, spoof, videos,
        videos-heldout, recordings); a CSV, JSON or JSON Lines file; a folder with a `manifest.csv`,
        with an official release, or with one sub-folder per class.
    group : for CSV files, the column of groups, see `from_csv`; for ASVspoof, "speaker" or
        "attack"; for ESC-50 and ESC-10, "source" (clips of one recording) or "fold".
    split : keep the clips of this official split (of the column `split`); default: all.
    fetch : for esc10, esc50 and fsdd, download what is missing.

    Raises
    ------
    DatasetError : the source is not found, not known, or not usable.

    Examples
    --------
    >>> import os, tempfile, numpy, soundfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for label in ("low", "high"):
    ...         os.mkdir(f"{folder}/{label}")
    ...         soundfile.write(f"{folder}/{label}/a.wav", numpy.zeros(8000), 16_000)
    ...     load_dataset(folder)
    Dataset(2 clips, 2 classes, in ...)
    """
    dataset = _read(source, group, split, fetch)
    return dataset.subset(keep_split(dataset.table, split, source).index) if split else dataset


def _read(source, group, split, fetch):
    """Read a name, built in or offered by another package, or else a file or folder."""
    path, names = Path(source), dataset_names()
    if isinstance(source, str) and source in names:
        if path.exists():
            raise DatasetError(
                f"{source}: the name of a dataset, and also a path here. Give './{source}' for the "
                "path, or change the working directory for the dataset."
            )
        return load_named(source, group, split, fetch)
    if (path / "manifest.csv").is_file():
        path = path / "manifest.csv"
    if path.suffix.lower() in (".json", ".jsonl"):
        return load_calm_list(path)
    if path.suffix.lower() == ".csv":
        return from_csv(path, group=group)
    if path.is_dir():
        release = load_release(path, group, split)
        return from_folder(path) if release is None else release
    raise DatasetError(
        f"{source}: neither a folder, nor a CSV, JSON or JSON Lines file, nor one of the names "
        f"{', '.join(names)}; further names come with packages that offer entry points in the "
        f"group {GROUP!r}, such as ccsav_lab (pip install 'ccsav[lab]')."
    )


def from_folder(root: str | Path) -> Dataset:
    """Read a folder with one sub-folder per class; the name of the sub-folder is the label.

    All levels of the sub-folders are searched. Files that are neither audio (WAV, FLAC, OGG, MP3)
    nor video (`video.SUFFIXES`) are left out with a warning; hidden files are ignored. Raises
    `DatasetError` if the folder is missing, or has no recordings in sub-folders.
    """
    root = Path(root)
    if not root.is_dir():
        raise DatasetError(f"{root}: there is no such folder.")
    files = sorted(f.relative_to(root) for f in root.rglob("*") if f.is_file())
    files = [f for f in files if not any(part.startswith(".") for part in f.parts)]
    suffixes = audio.SUFFIXES + video.SUFFIXES
    clips = [f for f in files if f.suffix.lower() in suffixes and len(f.parts) > 1]
    if not clips:
        raise DatasetError(f"{root}: no recordings in sub-folders, one sub-folder per class.")
    others = sorted(set(files) - set(clips))
    for note in count_and_name(others, "files that are not audio in a class folder were left out"):
        warnings.warn(f"{root}: {note}", stacklevel=2)
    table = pd.DataFrame({"path": map(str, clips), "label": [f.parts[0] for f in clips]})
    return Dataset(table, root)


def from_csv(
    file: str | Path, root: str | Path | None = None, *, path="path", label="label", group=None
) -> Dataset:
    """Read a CSV file with one row per clip; `DatasetError` lists everything that is wrong with it.

    Parameters
    ----------
    file : the CSV file.
    root : folder that relative paths start from; default: the folder of the file.
    path, label, group : the columns to use as such; the others are kept. `group` defaults to a
        column called `group`, else `fold`, else no groups.
    """
    file = Path(file)
    if not file.is_file():
        raise DatasetError(f"{file}: there is no such file.")
    table = pd.read_csv(file, dtype={path: str, label: str}, skipinitialspace=True)
    if group is None:
        group = next((c for c in ("group", "fold") if c in table), None)
    columns = {"path": path, "label": label, "group": group}
    absent = [c for c in columns.values() if c is not None and c not in table]
    if absent:
        raise DatasetError(f"{file}: no column {absent}; the columns are {list(table.columns)}.")
    chosen = {name: table[column] for name, column in columns.items() if column is not None}
    return Dataset(table.assign(**chosen), root or file.parent)
