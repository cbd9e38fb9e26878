"""Tables beside one another: rows are put in one order by clip or head, or refused, not trusted."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset, count_and_name
from ccsav.extraction.activations import HeadActivations


def dataset_of(acts: HeadActivations, dataset: Dataset) -> Dataset:
    """The clips of `acts` in a dataset, in the order of `acts`.

    Parameters
    ----------
    acts : from `extract`.
    dataset : that `extract` was given, in any order, with further clips or without.

    Raises
    ------
    ValueError : for clips that the dataset lacks, or that have another label or group in it.

    Examples
    --------
    >>> import ccsav
    >>> tones = [np.sin(0.1 * i * np.arange(8000)) for i in (1, 2, 3)]
    >>> dataset = ccsav.Dataset.from_arrays(tones, rate=16_000, labels=["c", "a", "b"])
    >>> acts = ccsav.extract(ccsav.load_lalm("mini"), dataset, progress=False)
    >>> dataset_of(acts, dataset.subset([2, 0, 1])).table["label"].tolist()
    ['c', 'a', 'b']
    """
    rows = rows_of(acts.table["path"], dataset.table["path"], "clips of acts that dataset lacks")
    found = dataset.subset(rows)
    for column in sorted({"label", "group"} & {*acts.table} & {*dataset.table}):
        pairs = zip(acts.table["path"], acts.table[column], found.table[column], strict=True)
        other = [path for path, one, two in pairs if str(one) != str(two)]
        for problem in count_and_name(other, f"clips of dataset have another {column} in acts"):
            raise ValueError(f"{problem}. Give the dataset that extract was given.")
    return found


def same_clips(acts: Mapping[str, HeadActivations]) -> dict[str, HeadActivations]:
    """Head vectors of the same clips, such as in each modality, all in the order of the first.

    Parameters
    ----------
    acts : name → head vectors; their classes have the same names.

    Raises
    ------
    ValueError : unless all are of the same clips, with the same labels.
    """
    first, *others = acts
    found = {first: acts[first]}
    for name in others:
        given, wanted = acts[name], acts[first]
        rows = rows_of(wanted.table["path"], given.table["path"], f"clips that {name} lacks")
        rows_of(given.table["path"], wanted.table["path"], f"clips that {first} lacks")
        given = given[rows]
        if not np.array_equal(given.labels, wanted.labels) or not np.array_equal(given.y, wanted.y):
            raise ValueError(f"{first} and {name} differ in the labels of their clips.")
        found[name] = given
    return found


def same_heads(table: pd.DataFrame | pd.Series, heads: pd.DataFrame):
    """A table with a row per head, in the order of the table of heads.

    Parameters
    ----------
    table : (K, …), a row per head, with the index of `heads`, in any order; an array, or a table
        numbered from 0, is taken as it is.
    heads : table of the K heads.

    Raises
    ------
    ValueError : unless both are of the same heads.
    """
    numbered = pd.RangeIndex(len(heads))
    if not isinstance(table, pd.DataFrame | pd.Series) or table.index.equals(numbered):
        return table
    rows = rows_of(heads.index, table.index, "heads that the table lacks")
    rows_of(table.index, heads.index, "heads of the table that are not in heads")
    return table.iloc[rows]


def rows_of(wanted: Sequence[Hashable], given: Sequence[Hashable], lacking: str) -> list[int]:
    """Where each wanted name stands among those given; `ValueError` for one that does not."""
    place = {name: i for i, name in enumerate(given)}
    for problem in count_and_name([name for name in wanted if name not in place], lacking):
        raise ValueError(f"{problem}. Rows are put in order by their names: give the same ones.")
    return [place[name] for name in wanted]
