"""Read a dataset from a name, a folder, or a table in a file."""

from pathlib import Path

from ccsav.clips.corpora import GROUP, dataset_names, load_by_package, load_named, load_release
from ccsav.clips.corpora._lists import keep_split
from ccsav.clips.corpora.calm_lists import load_calm_list
from ccsav.clips.corpora.class_folders import from_folder
from ccsav.clips.corpora.csv_tables import from_csv
from ccsav.clips.dataset import Dataset, DatasetError

__all__ = ["from_csv", "from_folder", "load_dataset"]


def load_dataset(
    source: str | Path,
    *,
    group: str | None = None,
    split: str | None = None,
    fetch: bool = False,
    folder: str | Path | None = None,
    label: str | None = None,
) -> Dataset:
    """Read a dataset from a name, a folder or a file.

    Parameters
    ----------
    source : a name: esc10, esc50, fsdd, vggsound, audioset, asvspoof2019, or one that another
        package offers (ccsav_lab: sounds-heldout, sounds-trained, sounds-families, spoof, videos,
        videos-heldout, recordings, mixtures-heldout, mixtures-trained, mixtures-recordings); a CSV,
        TSV, JSON or JSON Lines file; a folder with a `manifest.csv`, with an official release, or
        with one sub-folder per class.
    group : for CSV files, the column of groups, see `from_csv`; for ASVspoof, "speaker" or
        "attack"; for ESC-50 and ESC-10, "source" (clips of one recording) or "fold".
    split : keep the clips of this official split (of the column `split`); default: all.
    fetch : for esc10, esc50, fsdd, "hf:…" and "soundata:…", download what is missing.
    folder : for "soundata:…", the local copy.
    label : for "hf:…", the column of labels.

    Raises
    ------
    DatasetError : the source is not found, not known, or not usable.

    Examples
    --------
    >>> import os, tempfile, numpy, soundfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for label in ("low", "high"):
    ...         os.mkdir(f"{folder}/{label}")
    ...         soundfile.write(f"{folder}/{label}/a.wav", numpy.zeros(8000), 16_000)
    ...     load_dataset(folder)
    Dataset(2 clips, 2 classes, in ...)
    """
    dataset = load_by_package(source, folder, label, group, split, fetch)
    dataset = dataset or _read(source, group, split, fetch)
    return dataset.subset(keep_split(dataset.table, split, source).index) if split else dataset


def _read(source, group, split, fetch):
    """Read a name, built in or offered by another package, or else a file or folder."""
    path, names = Path(source), dataset_names()
    if isinstance(source, str) and source in names:
        if path.exists():
            raise DatasetError(
                f"{source}: the name of a dataset, and also a path here. Give './{source}' for the "
                "path, or change the working directory for the dataset."
            )
        return load_named(source, group, split, fetch)
    if (path / "manifest.csv").is_file():
        path = path / "manifest.csv"
    if path.suffix.lower() in (".json", ".jsonl"):
        return load_calm_list(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        return from_csv(path, group=group)
    if path.is_dir():
        release = load_release(path, group, split)
        return from_folder(path) if release is None else release
    raise DatasetError(
        f"{source}: neither a folder, nor a CSV, JSON or JSON Lines file, nor one of the names "
        f"{', '.join(names)}; further names come with packages that offer entry points in the "
        f"group {GROUP!r}, such as ccsav_lab (pip install 'ccsav[lab]')."
    )
