"""Official lists of clips: read them, cut them to a split, hold them against what is on disk."""

import csv
import warnings
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import pandas as pd

from ccsav.clips.dataset import DatasetError, count_and_name

from ._fetch import DOWNLOADS


def place(folder: str | Path | None, default: str, source: str) -> Path:
    """Return the folder given, else the default one, or say from where to get what it lacks."""
    folder = Path(folder) if folder else DOWNLOADS / default
    if not folder.is_dir():
        raise DatasetError(f"{folder}: there is no such folder. {source}")
    return folder


def find(folder: Path, name: str) -> Path | None:
    """Look for an official file in a folder, then in its sub-folders."""
    files = (folder / name, *sorted(folder.glob(f"*/{name}")))
    return next((file for file in files if file.is_file()), None)


def rows(file: Path, columns: Sequence[str], separator: str = ",") -> pd.DataFrame:
    """Read a list of text without header; skip comments ("# …") at its head, refuse odd lines."""
    lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    head = len(list(takewhile(lambda line: line.startswith("# "), lines)))
    reader = csv.reader(lines[head:], delimiter=separator, skipinitialspace=True)
    try:
        found = [(reader.line_num + head, row) for row in reader if row]
    except csv.Error as error:
        raise DatasetError(f"{file}: line {reader.line_num + head}: {error}.") from error
    odd = [f"line {n} has {len(row)}" for n, row in found if len(row) != len(columns)]
    if odd or not found:
        problem = "\n- ".join(
            count_and_name(odd, f"lines without the {len(columns)} columns of the list")
        )
        raise DatasetError(
            f"{file}: not the official list ({', '.join(columns)}): {problem or 'it is empty'}. "
            "Get it again from its official address."
        )
    return pd.DataFrame([row for _, row in found], columns=list(columns), dtype=object)


def refuse(file: Path, offenders: pd.Series, what: str) -> None:
    """Raise a `DatasetError` that counts what cannot be in an official file, if there is any."""
    if len(offenders):
        note = count_and_name(offenders.tolist(), what)[0]
        raise DatasetError(f"{file}: {note}. Get it again from its official address.")


def one_split(table: pd.DataFrame, split: str | None, source: object) -> pd.DataFrame:
    """Keep the rows of an official split (default: all), or list the splits that there are."""
    if split is None:
        return table
    if "split" not in table:
        raise DatasetError(f"{source}: there are no official splits; leave split={split!r} out.")
    if split not in table["split"].tolist():
        names = ", ".join(map(str, table["split"].unique()))
        raise DatasetError(f"{source}: split={split!r}: choose one of {names}.")
    return table[table["split"] == split]


def present(table: pd.DataFrame, folder: Path, listed: str, missing: str, source: str):
    """Keep the clips with a `path`; a warning, or an error, counts the others by their `name`."""
    if missing not in ("warn", "raise"):
        raise ValueError(f'missing={missing!r}: choose "warn" or "raise".')
    gone = table["path"].isna()
    if gone.all():
        raise DatasetError(
            f"{folder}: none of the {len(table)} clips in {listed} is here. {source}"
        )
    if gone.any():
        what = f"of the {len(table)} clips in {listed} are not here"
        note = f"{folder}: {count_and_name(table.loc[gone, 'name'].tolist(), what)[0]}"
        if missing == "raise":
            raise DatasetError(f'{note}. Add them, or pass missing="warn" to go without them.')
        warnings.warn(note, stacklevel=3)
    return table[~gone].drop(columns="name")
