"""Public datasets by name: read from a local copy, or fetched, with a checksum, when asked."""

from pathlib import Path

import pandas as pd
import pooch

from ccsav.datasets import Dataset, DatasetError, from_csv, from_folder, from_json
from ccsav.tasks import TASKS

ESC50_URL = "https://github.com/karolpiczak/ESC-50/archive/master.zip"
ESC50_SHA256 = "sha256:805afc618aff80eff0641d51311647871fead5807da68bb18e43a27db47a79ce"
ESC50_SIZE = "646 MB"
FSDD_URL = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.9.tar.gz"
FSDD_SHA256 = "sha256:8bc44cde129d505cbbb6b365c09f80c663f2aa77578afc634e6141a2f87100c0"
FSDD_SIZE = "12 MB"
DOWNLOADS = Path("downloads")  # relative to the working directory


def esc50(folder: str | Path | None = None, *, fetch: bool = False) -> Dataset:
    """ESC-50: 2,000 environmental recordings of 5 s, 50 classes, 5 folds that share no source.

    folder: a copy of the official release, with `meta/esc50.csv` and `audio/`; default:
        `downloads/ESC-50-master`.
    fetch: if it is not there, download it (646 MB) from the official address into `folder`'s
        parent and check it.

    Groups are the official folds. Raises `DatasetError`.
    """
    folder = Path(folder) if folder else DOWNLOADS / "ESC-50-master"
    if not (folder / "meta" / "esc50.csv").is_file():
        _fetch(folder, ESC50_URL, ESC50_SHA256, ESC50_SIZE, fetch, "meta/esc50.csv", pooch.Unzip)
    table = pd.read_csv(folder / "meta" / "esc50.csv")
    table = table.assign(path="audio/" + table["filename"], label=table["category"])
    return Dataset(table.assign(group=table["fold"]), folder)


def esc10(folder: str | Path | None = None, *, fetch: bool = False) -> Dataset:
    """ESC-10: the 400 recordings of ESC-50 in its 10 freely licensed classes. See `esc50`."""
    whole = esc50(folder, fetch=fetch)
    return whole.subset(whole.table["esc10"].astype(bool).to_numpy())


def fsdd(folder: str | Path | None = None, *, label: str = "digit", fetch: bool = False) -> Dataset:
    """Free Spoken Digit Dataset: digits 0–9 by a few speakers, 8 kHz.

    folder: a copy of the official release, with `recordings/{digit}_{speaker}_{take}.wav`;
        default: `downloads/free-spoken-digit-dataset-1.0.9`.
    label: "digit" (groups are then speakers) or "speaker" (groups are then digits).
    fetch: if it is not there, download it (12 MB) from the official address into `folder`'s
        parent and check it.

    Raises `DatasetError`.
    """
    if label not in ("digit", "speaker"):
        raise ValueError(f'label={label!r}: choose "digit" or "speaker".')
    folder = Path(folder) if folder else DOWNLOADS / "free-spoken-digit-dataset-1.0.9"
    if not (folder / "recordings").is_dir():
        _fetch(folder, FSDD_URL, FSDD_SHA256, FSDD_SIZE, fetch, "recordings/", pooch.Untar)
    names = pd.Series(sorted(f.name for f in (folder / "recordings").glob("*.wav")), dtype=str)
    parts = names.str.extract(r"^(?P<digit>\d)_(?P<speaker>[^_]+)_(?P<take>\d+)\.wav$")
    odd = names[parts["digit"].isna()].tolist()
    if odd:
        raise DatasetError(f"{folder}/recordings: not named digit_speaker_take.wav: {odd[:5]}.")
    group = "speaker" if label == "digit" else "digit"
    table = parts.assign(path="recordings/" + names, label=parts[label], group=parts[group])
    return Dataset(table, folder)


NAMED = {"esc10": esc10, "esc50": esc50, "fsdd": fsdd}  # read, or fetched


def load_dataset(source: str | Path, *, group: str | None = None, fetch: bool = False) -> Dataset:
    """Read a dataset, whatever its form.

    source: a name (esc10, esc50, fsdd; sounds-heldout, sounds-trained, sounds-families and spoof,
        which are rendered and need no files), a CSV, JSON or JSON Lines file, a folder that holds
        a `manifest.csv` or ESC-50's official release, or a folder with one sub-folder per class.
    group: for CSV files, the column of groups; see `datasets.from_csv`.
    fetch: for names, download what is not there.

    Raises `DatasetError`.
    """
    if str(source) in TASKS:
        return TASKS[str(source)]()
    if str(source) in NAMED:
        return NAMED[str(source)](fetch=fetch)
    source = Path(source)
    if source.suffix.lower() in (".json", ".jsonl"):
        return from_json(source)
    if (source / "manifest.csv").is_file():
        source = source / "manifest.csv"
    if source.suffix.lower() == ".csv":
        return from_csv(source, group=group)
    if (source / "meta" / "esc50.csv").is_file():
        return esc50(source)
    if not source.is_dir():
        names = ", ".join([*NAMED, *TASKS])
        raise DatasetError(f"{source}: neither a file or folder nor one of the names {names}.")
    return from_folder(source)


def _fetch(folder, url, checksum, size, allowed, needed, unpack):
    """Download and unpack an archive next to `folder`, or say how to get it."""
    if not allowed:
        raise DatasetError(
            f"{folder}: no {needed} here. Give the folder of a local copy, or pass fetch=True to "
            f"download {size} from {url}."
        )
    pooch.retrieve(
        url,
        known_hash=checksum,
        path=folder.parent,
        fname=url.rsplit("/", 1)[-1],
        processor=unpack(extract_dir="."),
        progressbar=True,
    )
    if not (folder / needed).exists():
        raise DatasetError(f"{folder}: {url} was unpacked beside it, but holds no {needed}.")
