"""Datasets of Hugging Face's package `datasets`: stored bytes, read row by row, decoded here."""

import hashlib
import os
import re
from pathlib import Path

import pandas as pd

from ccsav.clips.audio import AudioError
from ccsav.clips.dataset import Dataset, DatasetError
from ccsav.clips.formats.recording import Recording

STREAM = 2**30  # bytes of a stream at most, since they are held in memory
_BATCH = 64  # rows of a stream that are read at once
_ROLES = ("path", "label", "group", "video")  # columns of ours, which theirs may also be called
_NAME = re.compile(r"row (\d+)(?:, (video))?(?:: (.*))?", re.DOTALL)
_MEDIA = ("Audio", "Video")


class Rows:
    """Recordings of a table of bytes by their names; bytes are read when a recording is opened.

    Parameters
    ----------
    columns : {"audio": rows, "video": rows}, of which `rows[i]` has "bytes" and "path".
    table : of the recordings, see `Recording`.
    """

    def __init__(self, columns: dict, table: tuple | None = None):
        self._columns, self._table = columns, table

    def __str__(self):
        return "a Hugging Face dataset"

    def __getitem__(self, name: str) -> Recording:
        row, kind, path = _NAME.fullmatch(name).groups()
        rows = self._columns[kind or "audio"]
        outside = path is not None and os.path.isfile(path)  # and may change without the table
        table = None if outside else self._table
        return Recording(name, lambda: _bytes(rows[int(row)], name), table)


def from_rows(ds, audio="audio", label="category", group=None, video=None) -> Dataset:
    """Use the clips of a `datasets.Dataset` where they lie: nothing is decoded by `datasets`.

    Of a row, the stored bytes are read when they are needed; without bytes, the file at its path.
    A clip's `path` in the table is "row 12: dog.wav", so that errors name both. Columns of numbers,
    names and text are kept, those of a `ClassLabel` by name; columns called path, label, group or
    video that are not used as such are kept as stored_path and so on. Other columns are left out.

    Parameters
    ----------
    ds : a `datasets.Dataset`; or a `datasets.IterableDataset`, which is read once, from its
        beginning, into memory: at most 1 GiB, as it is encoded.
    audio : the column of recordings: sounds, or videos with a sound track.
    label : the column of labels; None: there are none.
    group : the column of groups; default: a column called `group`, else `fold`, else no groups.
    video : the column of the clips' videos, where sound and video lie apart.

    Raises
    ------
    DatasetError : `ds` is not one split of a dataset, a column is missing or holds something else,
        the stream is too long, or the table cannot be used.
    """
    chosen = _chosen(ds, {"audio": audio, "label": label, "group": group, "video": video})
    media = {kind: chosen[kind] for kind in ("audio", "video") if kind in chosen}
    plain = [c for c, feature in ds.features.items() if _is_plain(feature)]
    known = _known(ds)
    for column in media.values():
        ds = _undecoded(ds, column)
    ds = ds.select_columns([*dict.fromkeys([*plain, *media.values()])])
    ds = ds.with_format(None) if hasattr(ds, "__len__") else _in_memory(ds)
    others = [c for c in plain if chosen.get(c) != c]
    table = {f"stored_{c}" if c in _ROLES else c: _values(ds, c) for c in others}
    if "label" in chosen:
        table["label"] = _values(ds, chosen["label"], object)  # 3 beside None is not 3.0
    if "group" in chosen:
        table["group"] = _values(ds, chosen["group"])
    table = pd.DataFrame(table, index=range(len(ds)))
    rows = {}
    for role, (kind, column) in zip(("path", "video"), media.items(), strict=False):
        table[role] = _names(ds, column, "" if kind == "audio" else ", video")
        rows[kind] = Cells(ds.select_columns([column]), column)
    front = [c for c in _ROLES if c in table]
    table = table[[*front, *(c for c in table if c not in front)]]
    return Dataset(table, stored=Rows(rows, known))


class Cells:
    """The cells of one column, each read when it is asked for."""

    def __init__(self, ds, column):
        self.ds, self.column = ds, column

    def __getitem__(self, i):
        return self.ds[i][self.column]


def _chosen(ds, columns):
    """The columns that are used as something, {as what: column}; each of them must be there."""
    if not hasattr(ds, "features"):
        names = f" Choose one of its splits: {', '.join(ds)}." if isinstance(ds, dict) else ""
        raise DatasetError(f"{type(ds).__name__}: not a datasets.Dataset.{names}")
    if ds.features is None:
        raise DatasetError("The stream does not say its columns: load it with features=…")
    if columns["group"] is None:
        columns["group"] = next((c for c in ("group", "fold") if c in ds.features), None)
    chosen = {kind: column for kind, column in columns.items() if column is not None}
    absent = [column for column in chosen.values() if column not in ds.features]
    if absent:
        raise DatasetError(
            f"The dataset has no column {', '.join(map(repr, absent))}; the columns are "
            f"{', '.join(map(repr, ds.features))}: choose audio=, label=, group= or video=."
        )
    return chosen


def _known(ds):
    """What tells a table in files, and its rows, from others, and the newest file's state; or None.

    The fingerprint of `datasets` tells in which order the rows of the files are.
    """
    files = [file["filename"] for file in getattr(ds, "cache_files", ())]
    if not files:
        return None
    states = [os.stat(file) for file in files]
    about = [(file, x.st_size, x.st_mtime_ns) for file, x in zip(files, states, strict=True)]
    text = hashlib.sha256(repr((ds._fingerprint, about)).encode()).hexdigest()
    return text, max(states, key=lambda state: state.st_mtime)


def _bytes(cell, name):
    """The bytes of a recording in a table, or of the file at its path."""
    content, path = (cell or {}).get("bytes"), (cell or {}).get("path")
    if content is not None:
        return content
    if path and os.path.isfile(path):
        return Path(path).read_bytes()
    raise AudioError(f"{name}: there are no bytes in the row, and no file at its path.")


def _is_plain(feature):
    """Whether a column holds numbers, text or names of classes, or lists of these."""
    feature = _inner(feature)
    kind = type(feature).__name__
    return kind == "ClassLabel" or (kind == "Value" and "binary" not in feature.dtype)


def _inner(feature):
    """What a list holds; else the feature itself."""
    feature = getattr(feature, "feature", feature)
    return feature[0] if isinstance(feature, list) else feature


def _undecoded(ds, column):
    """The dataset with a column of recordings as bytes and path, which `datasets` leaves alone."""
    from datasets import Audio, Video

    feature = ds.features[column]
    kind, fields = type(feature).__name__, set(feature) if isinstance(feature, dict) else set()
    simple = kind == "Value" and any(x in feature.dtype for x in ("binary", "string"))
    if fields != {"bytes", "path"} and kind not in _MEDIA and not simple:
        raise DatasetError(
            f"column {column!r}: holds {feature}, not recordings: choose another column, or cast "
            f"it: ds.cast_column({column!r}, datasets.Audio())."
        )
    return ds.cast_column(column, (Video if kind == "Video" else Audio)(decode=False))


def _in_memory(stream):
    """The rows of a stream as a table in memory; raises `DatasetError` if they are too many."""
    import datasets

    parts, size = [], 0
    info = datasets.DatasetInfo(features=stream.features)
    for table in stream.with_format("arrow").iter(_BATCH):
        table = table.cast(stream.features.arrow_schema)
        parts.append(datasets.Dataset(table, info=info, fingerprint=str(len(parts))))
        size += table.nbytes
        if size > STREAM:
            raise DatasetError(
                f"The stream is longer than {STREAM / 2**30:g} GiB: take a part of it, "
                "stream.take(1000), or load it without streaming=True."
            )
    if not parts:
        raise DatasetError("The stream has no rows.")
    return datasets.concatenate_datasets(parts)


def _values(ds, column, dtype=None):
    """The cells of a column, names in place of the numbers of classes; None where there is none."""
    cells = ds.select_columns([column]).with_format("arrow")[:].column(0).to_pylist()
    names = getattr(_inner(ds.features[column]), "names", None)
    cells = cells if names is None else [_named(cell, names) for cell in cells]
    return pd.Series(cells, dtype=dtype)


def _named(cell, names):
    """The name of a class by its number, or those of a list; None for none, and for -1."""
    if isinstance(cell, list):
        return [_named(x, names) for x in cell]
    return None if cell is None or cell < 0 else names[cell]


def _names(ds, column, kind):
    """What each recording of a column is called: its row and its path; bytes are not read."""
    flat = ds.select_columns([column]).flatten().select_columns([f"{column}.path"])
    paths = flat.with_format("arrow")[:].column(0).to_pylist()
    return [f"row {i}{kind}: {path}" if path else f"row {i}{kind}" for i, path in enumerate(paths)]
