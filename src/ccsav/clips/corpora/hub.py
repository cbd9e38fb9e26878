"""The short form "hf:owner/name": datasets of the Hugging Face hub, and folders in its formats."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from ccsav.clips.dataset import Dataset, DatasetError

from .huggingface import from_rows


def load_hub(source: str, label=None, group=None, split=None, fetch: bool = False) -> Dataset:
    """Read a dataset by Hugging Face's `datasets`; without `fetch`, no network is used.

    Parameters
    ----------
    source : "owner/name" or "owner/name/configuration" on the hub; or a folder, "./name" or
        absolute, with Parquet or other files that `datasets` knows, or one that `save_to_disk`
        wrote, which is read where it lies. (`datasets` converts the others once, to Arrow, in its
        own cache.)
    label : the column of labels; default: `category`, else `label`, else the only `ClassLabel`.
    group : see `from_rows`.
    split : read this split; default: all, with their names in the column `split`.
    fetch : download what is not in the cache of `datasets`.

    Raises
    ------
    DatasetError : `datasets` is missing or cannot read the source, it is not in the cache, there
        is no such split, or it is not plain which column holds the recordings or the labels.
    """
    try:
        import datasets
    except ImportError as error:
        raise DatasetError(
            f"hf:{source}: {error.name} is missing: pip install 'ccsav[huggingface]'."
        ) from error
    offline = nullcontext() if fetch else patch.object(datasets.config, "HF_HUB_OFFLINE", True)
    try:
        with offline:
            found = _read(datasets, source, split)
        ds, names = _joined(datasets, found)
    except ConnectionError as error:
        way = "the hub cannot be reached" if fetch else "pass fetch=True to download it"
        raise DatasetError(f"hf:{source}: not in the cache of `datasets`: {way}.") from error
    except DatasetError:
        raise
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise DatasetError(f"hf:{source}: {_reason(error)}") from error
    columns = _columns(source, ds.features, label)
    clips = from_rows(ds, group=group, **columns)
    if names is None:
        return clips
    table = clips.table.rename(columns={"split": "stored_split"})
    return replace(clips, table=table.assign(split=names))


def _reason(error):
    """Why `datasets` could not read a source, in one line."""
    text = " ".join(str(error.__cause__ or error).split())
    if "torchcodec" not in text:
        return text
    return (
        "`datasets` reads recordings that are files of their own with torchcodec only: pip install "
        "torchcodec, or give their folder, without hf:, or a CSV file with their paths."
    )


def _read(datasets, source, split):
    """What `datasets` makes of the source: one split, or a dictionary of them."""
    folder = Path(source)
    local = source.startswith(".") or folder.is_absolute()
    if not local and folder.is_dir():
        raise DatasetError(
            f"hf:{source}: the name of a dataset, and also a folder here. Give 'hf:./{source}' for "
            "the folder, or change the working directory for the dataset."
        )
    if local and not folder.is_dir():
        raise DatasetError(f"hf:{source}: there is no such folder.")
    if local and any((folder / name).is_file() for name in ("state.json", "dataset_dict.json")):
        found = datasets.load_from_disk(source)
        if split is None or not isinstance(found, dict):
            return found
        if split not in found:
            raise DatasetError(f"hf:{source}: split={split!r}: choose one of {', '.join(found)}.")
        return {split: found[split]}
    name = source if local else "/".join(source.split("/")[:2])
    configuration = None if local else "/".join(source.split("/")[2:]) or None
    return datasets.load_dataset(name, configuration, split=split)


def _joined(datasets, found):
    """One dataset of all splits, and the name of the split of each row, or None for no splits."""
    if not isinstance(found, dict):
        return found, found.split and [str(found.split)] * len(found)
    names = [name for name, part in found.items() for _ in range(len(part))]
    parts = list(found.values())
    if any(part.features != parts[0].features for part in parts):
        raise ValueError(f"its splits have other columns: give split=, one of {', '.join(found)}.")
    return datasets.concatenate_datasets(parts), names


def _columns(source, features, label):
    """Which columns hold the recordings, the videos and the labels, where it is plain."""
    kinds = {kind: [c for c, f in features.items() if type(f).__name__ == kind] for kind in _KINDS}
    sounds, videos, classes = kinds.values()
    audio = "audio" if "audio" in features else _only(source, sounds or videos, "recordings")
    video = next((c for c in videos if c != audio), None)
    if audio is None:
        raise DatasetError(
            f"hf:{source}: no column is of the type Audio or Video; the columns are "
            f"{', '.join(features)}: use Dataset.from_huggingface."
        )
    named = next((c for c in ("category", "label") if c in features), None)
    label = label or named or _only(source, classes, "labels")
    return {"audio": audio, "label": label, "video": video}


_KINDS = ("Audio", "Video", "ClassLabel")


def _only(source, columns, what):
    """The only one of these columns, or None; several are a `DatasetError`."""
    if len(columns) > 1:
        way = "give label=" if what == "labels" else "use Dataset.from_huggingface(ds, audio=…)"
        raise DatasetError(f"hf:{source}: {what} in several columns, {', '.join(columns)}: {way}.")
    return columns[0] if columns else None
