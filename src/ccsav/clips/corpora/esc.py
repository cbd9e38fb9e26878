"""ESC-50 and ESC-10: environmental recordings, in five folds that share no source recording."""

from pathlib import Path

import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError

from ._fetch import DOWNLOADS, get_archive
from ._lists import refuse
from .csv_tables import read_table

URL = "https://github.com/karolpiczak/ESC-50/archive/master.zip"
SHA256 = "sha256:805afc618aff80eff0641d51311647871fead5807da68bb18e43a27db47a79ce"
_SIZE = "646 MB"
_COLUMNS = ("filename", "fold", "category", "esc10")  # of meta/esc50.csv, among others
_NAME = r"^\d-(?P<source>\d+)-[A-Z]\b"  # fold, recording of Freesound, take


def load_esc50(
    folder: str | Path | None = None, *, group: str = "source", fetch: bool = False
) -> Dataset:
    """ESC-50: 2,000 environmental recordings of 5 s, 50 classes, 5 folds that share no source.

    The official folds are the splits "fold 1" to "fold 5". Licence: CC BY-NC.

    Parameters
    ----------
    folder : a copy of the official release, with `meta/esc50.csv` and `audio/`; default:
        `downloads/ESC-50-master`.
    group : "source": clips cut from one recording of Freesound (the second number of the file
        name), so that no episode learns from a recording that it is asked about; or "fold": the
        official folds, five large groups.
    fetch : if it is missing, download it (646 MB) from the official address into the parent of
        `folder` and check it.

    Raises
    ------
    DatasetError : the release is not found, or altered.
    ValueError : an unknown `group`.
    """
    if group not in ("source", "fold"):
        raise ValueError(f'group={group!r}: choose "source" or "fold".')
    folder = Path(folder) if folder else DOWNLOADS / "ESC-50-master"
    file = folder / "meta" / "esc50.csv"
    if not file.is_file():
        get_archive(folder, URL, SHA256, _SIZE, fetch, "meta/esc50.csv")
    table = read_table(file)
    absent = [c for c in _COLUMNS if c not in table]
    if absent:
        raise DatasetError(f"{file}: no column {absent}; the columns are {list(table.columns)}.")
    source = table["filename"].str.extract(_NAME)["source"]
    refuse(file, table.loc[source.isna(), "filename"], "file names without fold-source-take")
    fold = pd.to_numeric(table["fold"], errors="coerce")
    refuse(file, table.loc[fold.isna(), "fold"], "folds that are no numbers")
    table = table.assign(fold=fold.astype(int), esc10=table["esc10"].str.casefold() == "true")
    table = table.assign(path="audio/" + table["filename"], label=table["category"], source=source)
    table = table.assign(group=table[group], split="fold " + table["fold"].astype(str))
    return Dataset(table, folder)


def load_esc10(
    folder: str | Path | None = None, *, group: str = "source", fetch: bool = False
) -> Dataset:
    """ESC-10: the 400 recordings of ESC-50 in its 10 classes under CC BY. See `load_esc50`."""
    whole = load_esc50(folder, group=group, fetch=fetch)
    return whole.subset(whole.table["esc10"].to_numpy())
