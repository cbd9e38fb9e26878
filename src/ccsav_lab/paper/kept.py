"""Results kept on disk while they are computed, so that an interrupted run continues."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from ccsav.extraction.writing import write_whole

CHUNK = 256  # clips or questions after which answers are written to the file


def add_rows(table: pd.DataFrame, file: Path) -> None:
    """Add rows to a CSV file: all of them or, if the process dies, none."""
    before = file.read_text("utf-8") if file.is_file() else ""
    text = before + table.to_csv(index=False, header=not before)
    write_whole(file, lambda path: path.write_text(text, "utf-8"))


def read_rows(file: Path, numbers: Sequence[str] = ()) -> pd.DataFrame:
    """Read what `add_rows` wrote: text as it is, also "None", "NA" and "001"; blank cells are NaN.

    Parameters
    ----------
    file : CSV file.
    numbers : the columns that are numbers, where they are there.
    """
    table = pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""])
    return table.astype({name: float for name in numbers if name in table})


def in_chunks(n: int, file: Path, compute: Callable[[range], pd.DataFrame]) -> pd.DataFrame:
    """The table in a CSV file, as text; `CHUNK` of its `n` rows are computed at a time.

    Parameters
    ----------
    n : number of rows of the whole table.
    file : to which each part is added when it is computed, from where the file ends.
    compute : gives the rows of a range.
    """
    done = len(read_rows(file)) if file.is_file() else 0
    for start in range(done, n, CHUNK):
        add_rows(compute(range(start, min(start + CHUNK, n))), file)
    return read_rows(file)


def keep_settings(out: Path, settings: dict) -> None:
    """Write `settings.json` into a folder of results.

    Raises
    ------
    ValueError
        If the folder holds results of other settings; names those that differ.
    """
    file = out / "settings.json"
    before = json.loads(file.read_text("utf-8")) if file.is_file() else settings
    other = [name for name, value in settings.items() if before.get(name) != value]
    if other:
        raise ValueError(f"{out} holds results of other {', '.join(other)}: choose another folder.")
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
    write_whole(file, lambda path: path.write_text(text, "utf-8"))
