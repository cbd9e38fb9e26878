"""The lists of clips that CALM's authors published, as JSON or JSON Lines."""

import json
from pathlib import Path

import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError


def load_calm_list(file: str | Path, root: str | Path | None = None) -> Dataset:
    """Read a list of clips with the fields `wav`, `question`, `mapped_label` and `options`.

    `wav` becomes `path`, and `mapped_label` becomes `label`. `question` and `options` are kept as
    columns; to use the questions, give them to `extract`.

    Parameters
    ----------
    file : a JSON or JSON Lines file.
    root : folder that relative paths start from; default: the folder of the file.

    Raises
    ------
    DatasetError : lists everything that is wrong.
    """
    file = Path(file)
    if not file.is_file():
        raise DatasetError(f"{file}: there is no such file.")
    try:
        text = file.read_bytes().decode("utf-8-sig")
        lines = [line for line in text.split("\n") if line.strip()]  # not at U+2028, which is text
        rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(x) for x in lines]
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{file}: neither JSON nor JSON Lines in UTF-8: {error}.") from error
    if not all(isinstance(row, dict) for row in rows):
        raise DatasetError(f"{file}: not a list of records with the fields wav and mapped_label.")
    table = pd.DataFrame(rows)
    absent = [c for c in ("wav", "mapped_label") if c not in table]
    if absent:
        raise DatasetError(f"{file}: no field {absent}; the fields are {list(table.columns)}.")
    table = table.rename(columns={"wav": "path", "mapped_label": "label"})
    return Dataset(table, root or file.parent)
