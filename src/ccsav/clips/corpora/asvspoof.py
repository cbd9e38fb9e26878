"""ASVspoof 2019 LA: bona fide speech, and spoofed speech from nineteen systems."""

from pathlib import Path

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError

from ._lists import keep_present, read_list, refuse, release_folder

PROTOCOLS = "ASVspoof2019_LA_cm_protocols"
_SPLITS = {"train": "train.trn", "dev": "dev.trl", "eval": "eval.trl"}
_COLUMNS = ("speaker", "utterance", "-", "attack", "key")
_LABELS = {"bonafide": "bona fide", "spoof": "spoof"}
_SAME_SYSTEM = {"A16": "A04", "A19": "A06"}  # with the voices of the evaluation part
_SOURCE = "Get LA.zip (about 7 GB) from https://datashare.ed.ac.uk/handle/10283/3336 and unpack it."


def load_asvspoof2019(
    folder: str | Path | None = None,
    *,
    group: str = "speaker",
    split: str | None = None,
    missing: str = "warn",
) -> Dataset:
    """ASVspoof 2019 LA: 121,461 utterances, bona fide or spoofed by synthesis and conversion.

    Labels are "bona fide" and "spoof"; `attack` is "none" or A01 to A19, as in the task `spoof`.
    LA.zip (about 7 GB) is at https://datashare.ed.ac.uk/handle/10283/3336 under ODC-By 1.0, and is
    not downloaded by this function.

    Parameters
    ----------
    folder : `LA` as unpacked from the official LA.zip, or the folder that contains it; default:
        `downloads/LA`.
    group : "speaker", or "attack", which keeps the attacks of the support set out of the queries.
        The group of a bona fide clip is its speaker in both; A16 and A19 are in the groups of A04
        and A06, which are the same systems with other voices.
    split : "train" (25,380), "dev" (24,844; both A01 to A06) or "eval" (71,237; A07 to A19); they
        share no speaker; default: all.
    missing : "warn" counts utterances of the protocols without a recording; "raise" is an error.

    Raises
    ------
    DatasetError : the release is not found, incomplete or altered.
    """
    if group not in ("speaker", "attack"):
        raise ValueError(f'group={group!r}: choose "speaker" or "attack".')
    if split not in (None, *_SPLITS):
        raise DatasetError(f"split={split!r}: choose one of {', '.join(_SPLITS)}.")
    folder = release_folder(folder, "LA", _SOURCE)
    if not (folder / PROTOCOLS).is_dir() and (folder / "LA").is_dir():
        folder = folder / "LA"
    chosen = [split] if split else _SPLITS
    table = pd.concat([_part(folder, name) for name in chosen], ignore_index=True)
    table = keep_present(table, folder, "the protocols", missing, _SOURCE)
    spoofs, system = table["label"] == "spoof", table["attack"].replace(_SAME_SYSTEM)
    groups = table["speaker"] if group == "speaker" else system.where(spoofs, table["speaker"])
    return Dataset(table.assign(group=groups), folder)


def _part(folder, split):
    """The utterances of one split, with a `path` where there is a recording."""
    file = folder / PROTOCOLS / f"ASVspoof2019.LA.cm.{_SPLITS[split]}.txt"
    if not file.is_file():
        raise DatasetError(f"{file}: there is no such file. {_SOURCE}")
    table = read_list(file, _COLUMNS, separator=" ")
    unknown = table.loc[~table["key"].isin(list(_LABELS)), "key"]
    refuse(file, unknown, "keys other than bonafide and spoof")
    bona_fide = table["key"] == "bonafide"
    numbered = table["attack"].str.fullmatch(r"A\d\d").astype(bool)
    wrong = table.loc[np.where(bona_fide, table["attack"] != "-", ~numbered), "attack"]
    refuse(file, wrong, "attacks that do not fit their key")
    audio = f"ASVspoof2019_LA_{split}/flac"
    existing = {recording.name for recording in (folder / audio).glob("*.flac")}
    names = table["utterance"] + ".flac"
    return pd.DataFrame(
        {
            "path": (audio + "/" + names).where(names.isin(existing)),
            "label": table["key"].map(_LABELS),
            "split": split,
            "speaker": table["speaker"],
            "attack": table["attack"].where(~bona_fide, "none"),
            "name": table["utterance"],
        }
    )
