"""ASVspoof 2019 LA: real voices, and copies of them by nineteen machines."""

from pathlib import Path

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError

from ._lists import place, present, refuse, rows

PROTOCOLS = "ASVspoof2019_LA_cm_protocols"
SPLITS = {"train": "train.trn", "dev": "dev.trl", "eval": "eval.trl"}
COLUMNS = ("speaker", "utterance", "-", "attack", "key")
LABELS = {"bonafide": "bona fide", "spoof": "spoof"}
AGAIN = {"A16": "A04", "A19": "A06"}  # the same machines, for the evaluation's voices
SOURCE = "Get LA.zip (about 7 GB) from https://datashare.ed.ac.uk/handle/10283/3336 and unpack it."


def load_asvspoof2019(
    folder: str | Path | None = None,
    *,
    group: str = "speaker",
    split: str | None = None,
    missing: str = "warn",
) -> Dataset:
    """ASVspoof 2019 LA: 121,461 utterances, bona fide or spoofed by text-to-speech and conversion.

    folder: `LA` as it is unpacked from the official LA.zip, or the folder around it; default:
        `downloads/LA`.
    group: what must not stand on both sides of an episode: "speaker", or "attack", for spoofs
        of machines that the support set does not hold. A bona fide clip's group is its speaker even
        then, and A16 and A19, which are A04 and A06 with other voices, are of their group.
    split: "train" (25,380), "dev" (24,844; both A01 to A06) or "eval" (71,237; A07 to A19), which
        share no speaker; default: all.
    missing: "warn" counts utterances of the protocols that are not there; "raise" refuses them.

    Labels are "bona fide" and "spoof", and `attack` is "none" or A01 to A19, as in the task
    `spoof`. LA.zip (about 7 GB) is at https://datashare.ed.ac.uk/handle/10283/3336 under ODC-By
    1.0; nothing is fetched. Raises `DatasetError`.
    """
    if group not in ("speaker", "attack"):
        raise ValueError(f'group={group!r}: choose "speaker" or "attack".')
    if split not in (None, *SPLITS):
        raise DatasetError(f"split={split!r}: choose one of {', '.join(SPLITS)}.")
    folder = place(folder, "LA", SOURCE)
    if not (folder / PROTOCOLS).is_dir() and (folder / "LA").is_dir():
        folder = folder / "LA"
    chosen = [split] if split else SPLITS
    table = pd.concat([_part(folder, name) for name in chosen], ignore_index=True)
    table = present(table, folder, "the protocols", missing, SOURCE)
    machine = table["attack"].replace(AGAIN).where(table["label"] == "spoof", table["speaker"])
    return Dataset(table.assign(group=table["speaker"] if group == "speaker" else machine), folder)


def _part(folder, split):
    """The utterances of one split, with a `path` where there is a recording."""
    file = folder / PROTOCOLS / f"ASVspoof2019.LA.cm.{SPLITS[split]}.txt"
    if not file.is_file():
        raise DatasetError(f"{file}: there is no such file. {SOURCE}")
    table = rows(file, COLUMNS, separator=" ")
    refuse(file, table.loc[~table["key"].isin(list(LABELS)), "key"], "keys but bonafide and spoof")
    real = table["key"] == "bonafide"
    fits = table["attack"].str.fullmatch(r"A\d\d").astype(bool)
    odd = table.loc[np.where(real, table["attack"] != "-", ~fits), "attack"]
    refuse(file, odd, "attacks that do not go with their key")
    audio = f"ASVspoof2019_LA_{split}/flac"
    there = {file.name for file in (folder / audio).glob("*.flac")}
    names = table["utterance"] + ".flac"
    return pd.DataFrame(
        {
            "path": (audio + "/" + names).where(names.isin(there)),
            "label": table["key"].map(LABELS),
            "split": split,
            "speaker": table["speaker"],
            "attack": table["attack"].where(~real, "none"),
            "name": table["utterance"],
        }
    )
