"""A dataset is a table: one row per clip, with its path, label and optional group."""

import hashlib
import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ccsav.clips import audio, video
from ccsav.clips.formats.recording import Recording, open_recording

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u202f"), " ")  # that break no line
_SPACES |= dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))  # of no width
_EXAMPLES = 5  # rows that an error message names for each problem


class DatasetError(ValueError):
    """A dataset that cannot be used; the message lists everything that is wrong with it."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Clips with labels: a pandas table, and the folder that its paths are relative to.

    Parameters
    ----------
    table : one row per clip. `path` is required; `label` (text) is needed to fit a classifier;
        `group` (speaker, source recording, fold) must not be on both sides of a split; `video`
        is the video of a clip whose `path` is a sound; further columns are kept.
    root : folder that relative paths start from; default: the working directory.
    waveforms, videos : for clips in memory, one mono waveform (samples,), floats within ±1 or
        integers of 8, 16 or 32 bits, one video (T, H, W, 3), uint8, or both, per row; `path` is
        then a name.
    rate, fps : samples of `waveforms` and frames of `videos` per second.
    stored : for clips in a table of bytes, their recordings by name; `path` is then a name.

    Raises
    ------
    DatasetError : lists all missing columns, labels, groups and files, labels that are nearly
        the same, and duplicates.

    Examples
    --------
    >>> tones = [np.sin(0.1 * i * np.arange(8000)) for i in (1, 2)]
    >>> dataset = Dataset.from_arrays(tones, rate=16_000, labels=["low", "high"])
    >>> dataset
    Dataset(2 clips, 2 classes, in memory)
    >>> dataset.labels.tolist(), dataset.subset([1]).table["label"].tolist()
    (['high', 'low'], ['high'])
    >>> dataset.seconds(0), dataset.waveform(0, rate=8_000).shape
    (0.5, (4000,))
    """

    table: pd.DataFrame
    root: Path = field(default_factory=Path)
    waveforms: Sequence[np.ndarray] | None = None
    rate: int | None = None
    videos: Sequence[np.ndarray] | None = None
    fps: float | None = None
    stored: Mapping[str, Recording] | None = None

    def __post_init__(self):
        table = self.table.reset_index(drop=True)
        for name in [c for c in ("label", "group") if c in table]:
            if name == "label" or table[name].dtype.kind not in "biuf":
                table[name] = table[name].map(one_spelling, na_action="ignore").astype(object)
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "root", Path(self.root))
        for name in ("waveforms", "videos"):
            if isinstance(clips := getattr(self, name), pd.Series):
                object.__setattr__(self, name, clips.tolist())  # by row, not by the series' index
        problems = _problems(self)
        if problems:
            raise DatasetError("The dataset cannot be used:\n- " + "\n- ".join(problems))

    def __repr__(self):
        groups = f", {self.table['group'].nunique()} groups" if "group" in self.table else ""
        origin = self.root if self.waveforms is None and self.videos is None else "memory"
        origin = self.stored or origin
        return f"Dataset({len(self)} clips, {len(self.labels)} classes{groups}, in {origin})"

    def __len__(self):
        return len(self.table)

    @classmethod
    def from_arrays(
        cls, waveforms=None, rate=None, labels=None, groups=None, videos=None, fps=None
    ) -> "Dataset":
        """Make a dataset in memory from waveforms at `rate`, videos at `fps`, or both of each."""
        names = [f"clip {i}" for i in range(len(videos if waveforms is None else waveforms))]
        columns = {"path": names, "label": labels, "group": groups}
        table = pd.DataFrame({name: list(x) for name, x in columns.items() if x is not None})
        return cls(table, waveforms=waveforms, rate=rate, videos=videos, fps=fps)

    @classmethod
    def from_huggingface(cls, ds, audio="audio", label="category", group=None, video=None):
        """Use the clips of a `datasets.Dataset` where they lie; see `huggingface.from_rows`."""
        from ccsav.clips.corpora.huggingface import from_rows

        return from_rows(ds, audio, label, group, video)

    @property
    def labels(self) -> np.ndarray:
        """Names of the classes, sorted, (C,); empty for clips without labels."""
        return np.unique(self.table.get("label", pd.Series(dtype=object)).to_numpy(str))

    def subset(self, rows) -> "Dataset":
        """Keep some clips: `rows` is indices, or a boolean mask (N,)."""
        rows = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows)
        arrays = (self.waveforms, self.videos)
        waveforms, videos = (x if x is None else [x[i] for i in rows] for x in arrays)
        return replace(self, table=self.table.iloc[rows], waveforms=waveforms, videos=videos)

    def path(self, i: int) -> Path | Recording:
        """File of clip `i`, or its recording in a table of bytes."""
        return self._find(self.table["path"].iloc[i])

    def video_path(self, i: int) -> Path | Recording:
        """File of the video of clip `i`, or its recording. Raises `VideoError` if there is none."""
        name = self.table["video"].iloc[i] if "video" in self.table else None
        if not pd.isna(name):
            return self._find(name)
        if video.is_video(self.path(i)):
            return self.path(i)
        raise video.VideoError(f"{self.path(i)}: there is no video of it: give the column `video`.")

    def seconds(self, i: int, modality: str = "audio") -> float:
        """Duration of clip `i` by its header, of "audio+video" the longer. Raises `AudioError`."""
        if modality == "audio+video":
            return max(self.seconds(i, "audio"), self.seconds(i, "video"))
        clips, per_second = self._held(modality)
        if clips is not None:
            return len(clips[i]) / per_second
        path = self.video_path(i) if modality == "video" else self.path(i)
        if modality == "video" or video.is_video(path):
            return video.seconds(path, modality)
        samples, rate = audio.header(path)
        return samples / rate

    def waveform(self, i: int, rate: int, until: float = np.inf) -> np.ndarray:
        """Sound of clip `i` to `until` seconds, mono, `rate` Hz, float32. Raises `AudioError`."""
        if self.waveforms is not None:
            name = self.table["path"].iloc[i]
            return audio.prepare(self.waveforms[i], self.rate, rate, name, until)
        read = video.sound if video.is_video(self.path(i)) else audio.read_audio
        return read(self.path(i), rate, until)

    def frames(self, i: int, fps: float, until: float = np.inf) -> np.ndarray:
        """Frames of the video of clip `i`, (T, H, W, 3), uint8; see `video.frames`."""
        if self.videos is None:
            return video.frames(self.video_path(i), fps, until)
        length = min(self.seconds(i, "video"), until)
        n = min(int(np.ceil(length * self.fps)), len(self.videos[i]))
        return self.videos[i][video.even_steps(n, length, fps)]

    def digest(self, i: int, modality: str = "audio") -> str:
        """SHA-256 of the clip's bytes, by which a cache finds it; the path does not matter."""
        if modality == "audio+video":
            both = f"{self.digest(i)} {self.digest(i, 'video')}"
            return hashlib.sha256(both.encode()).hexdigest()
        clips, per_second = self._held(modality)
        if clips is not None:
            clip = audio.as_floats(clips[i]) if modality == "audio" else np.asarray(clips[i])
            about = f"{per_second:g}{'x'.join(map(str, clip.shape[1:]))}"
            return hashlib.sha256(clip.tobytes() + about.encode()).hexdigest()
        path = self.video_path(i) if modality == "video" else self.path(i)
        with open_recording(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _find(self, name):
        """A file by its name, or a recording in a table of bytes."""
        return _file(self.root, name) if self.stored is None else self.stored[name]

    def _held(self, modality):
        """The clips in memory, or None, and how many of their samples or frames are a second."""
        return (self.videos, self.fps) if modality == "video" else (self.waveforms, self.rate)


def one_spelling(name) -> str:
    """A name in one of the spellings that look alike: composed, without spaces of other kinds."""
    text = str(name)
    plain = unicodedata.normalize("NFC", text).translate(_SPACES)
    return plain.strip() if plain != text else text


def _file(root, name):
    """A file by its name, or by the other form of its accents, in which another system wrote it."""
    forms = (name, *(unicodedata.normalize(form, str(name)) for form in ("NFC", "NFD")))
    return next((root / form for form in forms if os.path.exists(root / form)), root / name)


def _problems(dataset):
    """All problems of a dataset, one sentence each."""
    table = dataset.table
    if "path" not in table:
        return [f"there is no column `path`; the columns are {list(table.columns)}."]
    if table.empty:
        return ["it has no clips."]
    problems = []
    for column in [c for c in ("path", "label", "group") if c in table]:
        blank = [pd.isna(name) or not str(name).strip() for name in table[column]]
        problems += count_and_name(np.flatnonzero(blank), f"rows without a {column}")
    if "label" in table:
        names = pd.Series(table["label"].dropna().unique(), dtype=object)
        similar = names.groupby(names.str.strip().str.casefold()).agg(list)
        similar = [" / ".join(map(repr, same)) for same in similar if len(same) > 1]
        problems += count_and_name(similar, "labels that differ only by case or spaces")
    repeated = table["path"][table["path"].notna() & table["path"].duplicated()].unique()
    problems += count_and_name(repeated, "paths that stand in more than one row")
    if dataset.waveforms is not None or dataset.videos is not None:
        return problems + _problems_of_arrays(dataset)
    if dataset.stored is not None:
        return problems
    paths = [*table["path"].dropna(), *table.get("video", pd.Series(dtype=object)).dropna()]
    missing = [p for p in paths if not os.path.isfile(_file(dataset.root, str(p)))]
    folder = dataset.root.resolve()
    return problems + count_and_name(missing, f"files that do not exist under {folder}")


def _problems_of_arrays(dataset):
    """Problems of clips in memory: their number, their kind, and the time that they take."""
    problems = []
    for name, clips, per_second, needed in (
        ("waveforms", dataset.waveforms, dataset.rate, "sampling rate: give `rate` in Hz."),
        ("videos", dataset.videos, dataset.fps, "frames per second: give `fps`."),
    ):
        if clips is not None and len(clips) != len(dataset):
            problems.append(f"{len(clips)} {name} for {len(dataset)} rows.")
        if clips is not None and not per_second:
            problems.append(f"{name} need their {needed}")
    waveforms = enumerate(() if dataset.waveforms is None else dataset.waveforms)
    wrong = [f"{i} {np.shape(x)}" for i, x in waveforms if np.ndim(x) != 1]
    what = "rows whose waveform is not one channel, (samples,), so average their channels"
    problems += count_and_name(wrong, what)
    videos = enumerate(() if dataset.videos is None else dataset.videos)
    wrong = [i for i, x in videos if np.shape(x)[3:] != (3,) or x.dtype != np.uint8 or not len(x)]
    return problems + count_and_name(wrong, "rows whose video is not (T, H, W, 3), uint8")


def count_and_name(rows, what: str) -> list[str]:
    """One sentence that counts the rows with a problem and names the first few; none for none."""
    if not len(rows):
        return []
    more = ", …" if len(rows) > _EXAMPLES else ""
    return [f"{len(rows)} {what}: {', '.join(map(str, rows[:_EXAMPLES]))}{more}"]
