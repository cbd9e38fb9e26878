"""AudioSet: clips from YouTube, each labelled with all the sounds in it."""

import json
from itertools import chain
from pathlib import Path

import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError

from ._lists import find_file, keep_present, keep_split, refuse, release_folder
from ._youtube import add_files, read_clips
from .csv_tables import read_table

LISTS = {f"{split}_segments.csv": split for split in ("balanced_train", "unbalanced_train", "eval")}
_NAMES = ("ontology.json", "class_labels_indices.csv")
_SOURCE = (
    f"Get {', '.join(LISTS)} and {_NAMES[1]} from "
    "https://research.google.com/audioset/download.html and the clips from YouTube, named <id>.wav "
    "or <id>_<start>.wav (or .flac, .ogg, .mp3, .mp4, .mkv, .webm)."
)
_SEPARATOR = "; "  # of labels, whose names contain commas


def load_audioset(
    folder: str | Path | None = None, *, split: str | None = None, missing: str = "warn"
) -> Dataset:
    """AudioSet: two million clips of 10 s from YouTube, each with one or more of 527 sounds.

    In place of `label` there is `labels`: the names of the sounds, sorted, separated by "; "; see
    `indicator`. `path` and `video` are as in `load_vggsound`; groups are YouTube ids. The lists are
    at https://research.google.com/audioset/download.html under CC BY 4.0 (the ontology: CC BY-SA
    4.0); the videos belong to their makers. Nothing is downloaded by this function.

    Parameters
    ----------
    folder : contains one or more of the official lists, `balanced_train_segments.csv` (22,160
        clips), `unbalanced_train_segments.csv` (2,041,789) and `eval_segments.csv` (20,371), and
        `ontology.json` or `class_labels_indices.csv`, directly or in a sub-folder; and the clips,
        in any sub-folders, named `<id>` or `Y<id>`, alone or with `_<start>` and `_<end>` in
        seconds or milliseconds; default: `downloads/AudioSet`.
    split : "balanced_train", "unbalanced_train" or "eval"; default: all whose list is there.
    missing : "warn" counts clips of the lists without a file, which is normal, since videos are
        deleted from YouTube; "raise" is an error.

    Raises
    ------
    DatasetError : the lists or all clips are missing, or a list is altered.
    """
    folder = release_folder(folder, "AudioSet", _SOURCE)
    files = {LISTS[name]: find_file(folder, name) for name in LISTS}
    files = {name: file for name, file in files.items() if file is not None}
    if not files:
        raise DatasetError(f"{folder}: none of {', '.join(LISTS)} is here. {_SOURCE}")
    parts = [
        read_clips(file, ("youtube", "start", "end", "labels")).assign(split=name)
        for name, file in files.items()
    ]
    table, listed = pd.concat(parts, ignore_index=True), ", ".join(f.name for f in files.values())
    file, names = _names(folder)
    table = keep_split(add_files(table, folder, listed), split, folder)
    table = keep_present(table, folder, listed, missing, _SOURCE)
    ids = [[i.strip() for i in line.split(",")] for line in table["labels"]]
    unknown = pd.Series(sorted(set(chain.from_iterable(ids)) - set(names)), dtype=str)
    refuse(file, unknown, "class ids of the lists that have no name in it")
    table["labels"] = [_SEPARATOR.join(sorted({names[i] for i in line})) for line in ids]
    table["end"] = pd.to_numeric(table["end"], errors="coerce")
    columns = ["path", "video", "labels", "group", "split", "start", "end"]
    return Dataset(table[columns].dropna(axis="columns", how="all"), folder)


def indicator(labels: pd.Series) -> pd.DataFrame:
    """The sounds in each clip, (N, C) of 0 and 1, a column per class, from `labels` (N,)."""
    return labels.str.get_dummies(sep=_SEPARATOR)


def _names(folder):
    """The file of the ontology or of the classes, and {class id: name} from it."""
    file = next((file for name in _NAMES if (file := find_file(folder, name)) is not None), None)
    if file is None:
        raise DatasetError(f"{folder}: neither {' nor '.join(_NAMES)} is here. {_SOURCE}")
    try:
        if file.suffix == ".json":
            ontology = json.loads(file.read_text(encoding="utf-8-sig"))
            return file, {sound["id"]: sound["name"] for sound in ontology}
        table = read_table(file)
        return file, dict(zip(table["mid"], table["display_name"], strict=True))
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{file}: not AudioSet's names of classes ({error}). {_SOURCE}"
        ) from error
