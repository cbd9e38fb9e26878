"""Official lists of clips: read them, keep one split, compare them with the files on disk."""

import csv
import warnings
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import pandas as pd

from ccsav.clips.dataset import DatasetError, count_and_name

from ._fetch import DOWNLOADS


def release_folder(folder: str | Path | None, default: str, source: str) -> Path:
    """Return the folder given, else the default one; a missing one is an error with its source."""
    folder = Path(folder) if folder else DOWNLOADS / default
    if not folder.is_dir():
        raise DatasetError(f"{folder}: there is no such folder. {source}")
    return folder


def find_file(folder: Path, name: str) -> Path | None:
    """Find an official file in a folder or, if it is not there, in its sub-folders."""
    files = (folder / name, *sorted(folder.glob(f"*/{name}")))
    return next((file for file in files if file.is_file()), None)


def read_list(file: Path, columns: Sequence[str], separator: str = ",") -> pd.DataFrame:
    """Read a list of text without header, without the comments ("# …") at its beginning.

    Raises
    ------
    DatasetError : lines that do not have these columns, or no lines.
    """
    lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    comments = len(list(takewhile(lambda line: line.startswith("# "), lines)))
    reader = csv.reader(lines[comments:], delimiter=separator, skipinitialspace=True)
    try:
        numbered = [(reader.line_num + comments, row) for row in reader if row]
    except csv.Error as error:
        raise DatasetError(f"{file}: line {reader.line_num + comments}: {error}.") from error
    wrong = [f"line {n} has {len(row)}" for n, row in numbered if len(row) != len(columns)]
    if wrong or not numbered:
        problem = "".join(
            count_and_name(wrong, f"lines without the {len(columns)} columns of the list")
        )
        raise DatasetError(
            f"{file}: not the official list ({', '.join(columns)}): {problem or 'it is empty'}. "
            "Get it again from its official address."
        )
    return pd.DataFrame([row for _, row in numbered], columns=list(columns), dtype=object)


def refuse(file: Path, entries: pd.Series, problem: str) -> None:
    """Raise a `DatasetError` that counts entries that no official file has, if there are any."""
    for note in count_and_name(entries.tolist(), problem):
        raise DatasetError(f"{file}: {note}. Get it again from its official address.")


def keep_split(table: pd.DataFrame, split: str | None, source: object) -> pd.DataFrame:
    """Keep the rows of an official split (default: all); an unknown one is a `DatasetError`."""
    if split is None:
        return table
    if "split" not in table:
        raise DatasetError(f"{source}: there are no official splits; leave split={split!r} out.")
    if split not in table["split"].tolist():
        names = ", ".join(map(str, table["split"].unique()))
        raise DatasetError(f"{source}: split={split!r}: choose one of {names}.")
    return table[table["split"] == split]


def keep_present(
    table: pd.DataFrame, folder: Path, listed: str, missing: str, source: str
) -> pd.DataFrame:
    """Keep the clips with a `path`; a warning, or an error, counts the others by their `name`."""
    if missing not in ("warn", "raise"):
        raise ValueError(f'missing={missing!r}: choose "warn" or "raise".')
    absent = table["path"].isna()
    if absent.all():
        raise DatasetError(
            f"{folder}: none of the {len(table)} clips in {listed} is here. {source}"
        )
    if absent.any():
        what = f"of the {len(table)} clips in {listed} are not here"
        note = f"{folder}: {count_and_name(table.loc[absent, 'name'].tolist(), what)[0]}"
        if missing == "raise":
            raise DatasetError(f'{note}. Add them, or pass missing="warn" to leave them out.')
        warnings.warn(note, stacklevel=3)
    return table[~absent].drop(columns="name")
