"""A dataset is a table: one row per clip, with its path, its label and, where known, its group."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ccsav import audio, video

MODALITIES = ("audio", "video", "audio+video")
EXAMPLES = 5  # how many offenders of each kind an error message names


class DatasetError(ValueError):
    """A dataset that cannot be used; the message lists everything that is wrong with it."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Clips with labels: a pandas table, and the folder that its paths are relative to.

    table: one row per clip. `path` is required; `label` (text) is needed to fit a classifier;
        `group` (speaker, source recording, fold) says what must not stand on both sides of a
        split; `video` is the film that belongs to a clip, where `path` is not a film itself;
        further columns are kept.
    root: folder that relative paths start from; default: the working directory.
    waveforms: for clips that are not files, one mono waveform (samples,) per row; `path` is then
        only a name.
    rate: sampling rate of `waveforms`, in Hz.

    Raises `DatasetError`, which lists missing columns, missing or near-identical labels, missing
    groups, duplicates and missing files, all at once.
    """

    table: pd.DataFrame
    root: Path = field(default_factory=Path)
    waveforms: Sequence[np.ndarray] | None = None
    rate: int | None = None

    def __post_init__(self):
        table = self.table.reset_index(drop=True)
        if "label" in table:
            names = [x if pd.isna(x) else str(x) for x in table["label"]]
            table["label"] = pd.Series(names, dtype=object)
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "root", Path(self.root))
        problems = _problems(self)
        if problems:
            raise DatasetError("The dataset cannot be used:\n- " + "\n- ".join(problems))

    def __repr__(self):
        groups = f", {self.table['group'].nunique()} groups" if "group" in self.table else ""
        place = "memory" if self.waveforms is not None else self.root
        return f"Dataset({len(self)} clips, {len(self.labels)} classes{groups}, in {place})"

    def __len__(self) -> int:
        """How many clips there are."""
        return len(self.table)

    @classmethod
    def from_arrays(cls, waveforms, rate, labels=None, groups=None) -> "Dataset":
        """Make a dataset of waveforms, each (samples,), sampled at `rate` Hz, held in memory."""
        table = pd.DataFrame({"path": [f"clip {i}" for i in range(len(waveforms))]})
        if labels is not None:
            table["label"] = list(labels)
        if groups is not None:
            table["group"] = list(groups)
        return cls(table, waveforms=list(waveforms), rate=rate)

    @property
    def labels(self) -> np.ndarray:
        """Names of the classes, sorted, shape (C,); empty for clips without labels."""
        return np.unique(self.table.get("label", pd.Series(dtype=object)).to_numpy(str))

    def subset(self, rows) -> "Dataset":
        """Keep the clips that `rows` picks: indices, or a boolean mask of shape (N,)."""
        rows = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows)
        waveforms = None if self.waveforms is None else [self.waveforms[i] for i in rows]
        return Dataset(self.table.iloc[rows], self.root, waveforms, self.rate)

    def path(self, i: int) -> Path:
        """Where clip `i` lies."""
        return self.root / self.table["path"].iloc[i]

    def film(self, i: int) -> Path:
        """Where the film of clip `i` lies. Raises `video.VideoError` if it has none."""
        name = self.table["video"].iloc[i] if "video" in self.table else None
        if name is None or pd.isna(name):
            name = self.table["path"].iloc[i]
            if self.waveforms is not None or not video.is_film(name):
                raise video.VideoError(f"{self.path(i)}: there is no film of it in `video`.")
        return self.root / name

    def seconds(self, i: int, modality: str = "audio") -> float:
        """Duration of clip `i` in seconds, from its header, the longer of sound and pictures.

        Raises `audio.AudioError`, `video.VideoError`.
        """
        if modality == "audio+video":
            return max(self.seconds(i, "audio"), self.seconds(i, "video"))
        if modality == "video":
            return video.seconds(self.film(i))
        if self.waveforms is not None:
            return len(self.waveforms[i]) / self.rate
        if video.is_film(self.path(i)):
            return video.seconds(self.path(i), "audio")
        samples, rate = audio.header(self.path(i))
        return samples / rate

    def waveform(self, i: int, rate: int) -> np.ndarray:
        """Clip `i` in mono at `rate` Hz, (samples,), float32. Raises `audio.AudioError`."""
        if self.waveforms is not None:
            return audio.prepare(self.waveforms[i], self.rate, rate, self.table["path"].iloc[i])
        if video.is_film(self.path(i)):
            return video.sound(self.path(i), rate)
        return audio.read(self.path(i), rate)

    def frames(self, i: int, fps: float) -> np.ndarray:
        """Frames of clip `i`'s film, (T, H, W, 3), see `video.frames`. Raises `VideoError`."""
        return video.frames(self.film(i), fps)

    def digest(self, i: int, modality: str = "audio") -> str:
        """SHA-256 of the clip's bytes: what a cache knows the clip by, wherever it lies."""
        if modality == "video":
            return _digest(self.film(i))
        if modality == "audio+video":
            both = f"{self.digest(i)} {_digest(self.film(i))}"
            return hashlib.sha256(both.encode()).hexdigest()
        if self.waveforms is not None:
            content = np.asarray(self.waveforms[i], np.float32).tobytes()
            return hashlib.sha256(content + str(self.rate).encode()).hexdigest()
        return _digest(self.path(i))


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _problems(dataset: Dataset) -> list[str]:
    """Everything that is wrong with a dataset, one sentence each."""
    table = dataset.table
    if "path" not in table:
        return [f"there is no column `path`; the columns are {list(table.columns)}."]
    if table.empty:
        return ["it has no clips."]
    problems = []
    for column in [c for c in ("path", "label", "group") if c in table]:
        blank = table[column].isna() | (table[column].astype(str).str.strip() == "")
        problems += some(np.flatnonzero(blank), f"rows without a {column}")
    if "label" in table:
        names = pd.Series(table["label"].dropna().unique())
        alike = names.groupby(names.str.strip().str.casefold()).agg(list)
        alike = [" / ".join(map(repr, same)) for same in alike if len(same) > 1]
        problems += some(alike, "labels that differ only by case or spaces")
    twice = table["path"][table["path"].notna() & table["path"].duplicated()].unique()
    problems += some(twice, "paths that stand in more than one row")
    if dataset.waveforms is not None:
        if len(dataset.waveforms) != len(table):
            problems.append(f"{len(dataset.waveforms)} waveforms for {len(table)} rows.")
        if not dataset.rate:
            problems.append("waveforms need their sampling rate: give `rate` in Hz.")
    else:
        paths = [*table["path"].dropna(), *table.get("video", pd.Series(dtype=object)).dropna()]
        missing = [p for p in paths if not (dataset.root / str(p)).is_file()]
        problems += some(missing, f"files that do not exist under {dataset.root.resolve()}")
    return problems


def some(offenders, what: str) -> list[str]:
    """No sentence if there are no offenders, else one that counts them and names the first few."""
    if not len(offenders):
        return []
    more = ", …" if len(offenders) > EXAMPLES else ""
    return [f"{len(offenders)} {what}: {', '.join(map(str, offenders[:EXAMPLES]))}{more}"]


def from_folder(root: str | Path) -> Dataset:
    """Read a folder with one sub-folder per class; the sub-folder's name is the label.

    Sub-folders are searched in depth. Files that are neither audio (WAV, FLAC, OGG, MP3) nor films
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
        note = some(others, "files that are not audio in a class's folder were left out")[0]
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
