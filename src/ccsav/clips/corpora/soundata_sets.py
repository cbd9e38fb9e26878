"""The short form "soundata:name": datasets by the loaders of the package soundata."""

import inspect
import os
from pathlib import Path

import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError

from ._fetch import DOWNLOADS
from ._lists import keep_split

_SOURCES = ("freesound_id", "src_file", "identifier", "sensor_id", "fold")  # groups, if it has any
_ANNOTATIONS = ("tags", "events")  # of which `labels` are the classes that are heard
_UNREAD = {"audio", "spatial_events", *_ANNOTATIONS}  # attributes that are no cells of a table


def load_soundata(
    name: str, folder: str | Path | None = None, group=None, split=None, fetch: bool = False
) -> Dataset:
    """Read a local copy of a dataset by soundata's loader of that name.

    `label` is the class of a clip's tags or events; where a clip has several, `labels` are joined
    by "; " instead. Attributes of clips that are numbers or text are columns of the table.

    Parameters
    ----------
    name : one of `soundata.list_datasets()`, such as "urbansound8k".
    folder : the copy, soundata's `data_home`; default: `downloads/<name>`.
    group : the attribute of clips to use as groups; default: the first that they have of
        freesound_id, src_file, identifier, sensor_id, fold; else no groups.
    split : keep the clips with this attribute `split`; default: all.
    fetch : let soundata download what is missing: its index of the dataset, and the recordings.

    Raises
    ------
    DatasetError : soundata, the dataset, its index or its files are missing, or it has no clips.
    """
    source = f"soundata:{name}"
    try:
        import soundata
    except ImportError as error:
        raise DatasetError(
            f"{source}: {error.name} is missing: pip install 'ccsav[soundata]'."
        ) from error
    if name not in soundata.list_datasets():
        raise DatasetError(f"{source}: choose one of {', '.join(soundata.list_datasets())}.")
    folder = Path(folder) if folder else DOWNLOADS / name
    loader = soundata.initialize(name, data_home=str(folder))
    try:
        if fetch:
            _download(loader)
        clips = loader.load_clips()
        rows = [row_of(clip, folder) for clip in clips.values()]
    except FileNotFoundError as error:
        reason = str(error).partition(" Did you")[0]
        raise DatasetError(
            f"{source}: {folder}: {reason} Give the folder of a whole copy, or pass fetch=True to "
            "let soundata download what is missing."
        ) from error
    except AttributeError as error:
        raise DatasetError(f"{source}: {error}.") from error
    table = keep_split(pd.DataFrame(rows), split, source)
    heard = table.pop("heard")
    if heard.str.len().max() == 1:
        table["label"] = [names[0] if names else None for names in heard]
    elif heard.str.len().max() > 1:
        table["labels"] = ["; ".join(names) for names in heard]
    group = group or next((c for c in _SOURCES if c in table), None)
    if group is not None and group not in table:
        raise DatasetError(f"{source}: group={group!r}: choose one of {', '.join(table)}.")
    return Dataset(table if group is None else table.assign(group=table[group]), folder)


def _download(loader):
    """Let soundata download its index, and the recordings if some of them are missing."""
    if not os.path.isfile(loader.index_path):
        loader.download(partial_download=["index"])
    paths = [clip.audio_path for clip in loader.load_clips().values()]
    if not all(path is None or os.path.isfile(path) for path in paths):
        loader.download()


def row_of(clip, folder: str | Path) -> dict:
    """A clip as a row: path, the sorted names of what is heard, and its numbers and texts."""
    found = (getattr(clip, name, None) for name in _ANNOTATIONS)
    annotation = next((x for x in found if x is not None), None)
    heard = {label for x in getattr(annotation, "labels", []) for label in _names(x)}
    path = clip.audio_path and os.path.relpath(clip.audio_path, folder)
    static = {name: inspect.getattr_static(type(clip), name) for name in dir(type(clip))}
    names = [k for k, x in static.items() if isinstance(x, property) and k not in _UNREAD]
    facts = {name: getattr(clip, name) for name in names}
    facts = {k: x for k, x in facts.items() if isinstance(x, str | int | float)}
    return {"path": path, "clip_id": clip.clip_id, **facts, "heard": sorted(heard)}


def _names(label):
    """Names of a label, or of the labels that one of several annotators gave."""
    return [label] if isinstance(label, str) else label.labels
