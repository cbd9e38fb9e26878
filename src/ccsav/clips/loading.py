"""Read a dataset from a name, a folder, or a table in a file."""

import json
import warnings
from importlib.metadata import entry_points
from pathlib import Path

import pandas as pd

from ccsav.clips import audio, video
from ccsav.clips.corpora import FETCHED, GIVEN, KNOWN_BY, NAMED
from ccsav.clips.corpora._lists import one_split
from ccsav.clips.corpora.asvspoof import load_asvspoof2019
from ccsav.clips.corpora.esc import load_esc50
from ccsav.clips.dataset import Dataset, DatasetError, count_and_name

OFFERED = "ccsav.datasets"  # entry points: name of a dataset → function that makes it


def load_dataset(
    source: str | Path,
    *,
    group: str | None = None,
    split: str | None = None,
    fetch: bool = False,
) -> Dataset:
    """Read a dataset, whatever its form.

    source: a name (esc10, esc50, fsdd, vggsound, audioset, asvspoof2019; sounds-heldout,
        sounds-trained, sounds-families and spoof, which are rendered and need no files), a CSV,
        JSON or JSON Lines file, a folder that holds a `manifest.csv` or the official release of
        ESC-50, VGGSound, AudioSet or ASVspoof 2019 LA, or a folder with one sub-folder per class.
    group: for CSV files, the column of groups, see `datasets.from_csv`; for ASVspoof, "speaker" or
        "attack".
    split: keep the clips of this official split (of the column `split`); default: all.
    fetch: for esc10, esc50 and fsdd, download what is not there.

    Raises `DatasetError`.
    """
    dataset = _read(source, group, split, fetch)
    return dataset.subset(one_split(dataset.table, split, source).index) if split else dataset


def _read(source, group, split, fetch):
    """What `load_dataset` reads, perhaps with more than the one split."""
    offered = {point.name: point for point in entry_points(group=OFFERED)}
    if str(source) in offered:
        return offered[str(source)].load()()
    if str(source) in FETCHED:
        return FETCHED[str(source)](fetch=fetch)
    if str(source) in GIVEN:
        return _given(GIVEN[str(source)], None, group, split)
    source = Path(source)
    if source.suffix.lower() in (".json", ".jsonl"):
        return from_json(source)
    if (source / "manifest.csv").is_file():
        source = source / "manifest.csv"
    if source.suffix.lower() == ".csv":
        return from_csv(source, group=group)
    if not source.is_dir():
        names = ", ".join([*NAMED, *offered])
        raise DatasetError(f"{source}: neither a file or folder nor one of the names {names}.")
    known = [r for r, files in KNOWN_BY.items() if any(any(source.glob(f)) for f in files)]
    if len(known) > 1:
        names = " and ".join(reader.__name__ for reader in known)
        raise DatasetError(f"{source}: holds {names}; give the folder of one of them.")
    if known:
        return load_esc50(source) if known == [load_esc50] else _given(*known, source, group, split)
    return from_folder(source)


def _given(reader, folder, group, split):
    """A release that is only read, with groups for the one that has several kinds of them."""
    options = {"group": group} if group and reader is load_asvspoof2019 else {}
    return reader(folder, split=split, **options)


def from_folder(root: str | Path) -> Dataset:
    """Read a folder with one sub-folder per class; the sub-folder's name is the label.

    Sub-folders are searched in depth. Files that are neither audio (WAV, FLAC, OGG, MP3) nor videos
    (`video.SUFFIXES`) are left out with a warning that counts them; hidden files are passed over.
    Raises `DatasetError`.
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
    others = [str(f) for f in files if f not in set(clips)]
    if others:
        note = count_and_name(others, "files that are not audio in a class's folder were left out")[
            0
        ]
        warnings.warn(f"{root}: {note}", stacklevel=2)
    table = pd.DataFrame({"path": map(str, clips), "label": [f.parts[0] for f in clips]})
    return Dataset(table, root)


def from_csv(
    file: str | Path,
    root: str | Path | None = None,
    *,
    path: str = "path",
    label: str = "label",
    group: str | None = None,
) -> Dataset:
    """Read a CSV file with one row per clip.

    file: the CSV file. root: the folder its paths start from; default: the file's own folder.
    path, label, group: the columns to use as such; the others are kept. `group` defaults to a
    column called `group`, else `fold`, else no groups.

    Raises `DatasetError` with all that is wrong.
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


def from_json(file: str | Path, root: str | Path | None = None) -> Dataset:
    """Read the published code's JSON or JSON Lines: `wav`, `question`, `mapped_label`, `options`.

    root: the folder that relative paths start from; default: the file's own folder. `wav` becomes
    `path` and `mapped_label` becomes `label`; `question` and `options` are kept as columns, but
    no question is asked that `extract` is not given. Raises `DatasetError` with all that is wrong.
    """
    file = Path(file)
    if not file.is_file():
        raise DatasetError(f"{file}: there is no such file.")
    text = file.read_text(encoding="utf-8")
    try:
        lines = [line for line in text.splitlines() if line.strip()]
        rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(x) for x in lines]
    except json.JSONDecodeError as error:
        raise DatasetError(f"{file}: neither JSON nor JSON Lines: {error}.") from error
    table = pd.DataFrame(rows)
    absent = [c for c in ("wav", "mapped_label") if c not in table]
    if absent:
        raise DatasetError(f"{file}: no field {absent}; the fields are {list(table.columns)}.")
    table = table.rename(columns={"wav": "path", "mapped_label": "label"})
    return Dataset(table, root or file.parent)
