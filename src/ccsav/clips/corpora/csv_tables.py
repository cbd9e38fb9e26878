"""A table of clips in a CSV file, whatever its columns are called."""

import csv
import io
from pathlib import Path

import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError, count_and_name

_TEXT = ("path", "label", "group", "split", "video")  # columns that are never numbers


def from_csv(
    file: str | Path, root: str | Path | None = None, *, path="path", label="label", group=None
) -> Dataset:
    """Read a CSV file with one row per clip; `DatasetError` lists everything that is wrong with it.

    Paths, labels and groups are text as it stands there: "None", "NA" and "001" are names. Groups
    that are all whole numbers, as a program counts, are numbers.

    Parameters
    ----------
    file : the CSV file, in UTF-8; its columns are separated by tabs if it is called .tsv.
    root : folder that relative paths start from; default: the folder of the file.
    path, label, group : the columns to use as such; the others are kept, as numbers where all of
        them are. `group` defaults to a column called `group`, else `fold`, else no groups.
    """
    file = Path(file)
    table = read_table(file)
    if group is None:
        group = next((c for c in ("group", "fold") if c in table), None)
    columns = {"path": path, "label": label, "group": group}
    absent = [c for c in columns.values() if c is not None and c not in table]
    if absent:
        raise DatasetError(f"{file}: no column {absent}; the columns are {list(table.columns)}.")
    chosen = {name: table[column] for name, column in columns.items() if column is not None}
    if group is not None and chosen["group"].str.fullmatch(r"0|[1-9]\d{0,17}").eq(True).all():
        chosen["group"] = chosen["group"].astype(int)
    others = {c: _numbers(table[c]) for c in table if c not in _TEXT}
    return Dataset(table.assign(**others | chosen), root or file.parent)


def read_table(file: Path) -> pd.DataFrame:
    """Read a CSV file as text, None in blank cells; a file that is no such table is refused.

    Raises
    ------
    DatasetError : the file is missing, empty, not UTF-8, or has lines of other lengths.
    """
    if not file.is_file():
        raise DatasetError(f"{file}: there is no such file.")
    separator = "\t" if file.suffix.lower() == ".tsv" else ","
    try:
        text = io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")
        reader = csv.reader(text, delimiter=separator, skipinitialspace=True)
        numbered = [(reader.line_num, row) for row in reader if any(row)]
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}: not in UTF-8: save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise DatasetError(f"{file}: line {reader.line_num}: {error}.") from error
    if len(numbered) < 2:
        raise DatasetError(f"{file}: a line with the names of the columns and clips are expected.")
    names = numbered.pop(0)[1]
    while not names[-1]:  # of commas at the end of lines
        names.pop()
    wrong = [f"line {n} has {len(row)}" for n, row in numbered if _differs(row, names)]
    wrong += [f"{name!r} twice" for name in sorted({c for c in names if names.count(c) > 1})]
    for problem in count_and_name(wrong, f"problems with the {len(names)} columns"):
        raise DatasetError(f"{file}: {problem}.")
    rows = [[cell or None for cell in row[: len(names)]] for _, row in numbered]
    return pd.DataFrame(rows, columns=names, dtype=object)


def _differs(row, names):
    """Whether a line has fewer cells than columns, or cells that belong to none."""
    return len(row) < len(names) or any(row[len(names) :])


def _numbers(column):
    """A column as numbers, if all of its cells are, and none begins with zeros as a name can."""
    numbers = pd.to_numeric(column, errors="coerce")
    named = column.notna() & (numbers.isna() | column.str.match(r"[+-]?0\d").astype(bool))
    return column if named.any() or column.isna().all() else numbers
