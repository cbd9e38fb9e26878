"""Free Spoken Digit Dataset: ten digits, each spoken by several speakers."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError

from ._fetch import DOWNLOADS, get_archive

_URL = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.9.tar.gz"
_SHA256 = "sha256:8bc44cde129d505cbbb6b365c09f80c663f2aa77578afc634e6141a2f87100c0"
_SIZE = "12 MB"
_RECORDINGS = 3_000  # in release 1.0.9
_TEST_TAKES = 5  # of each digit and speaker: 0 to 4 are the official test set


def load_fsdd(
    folder: str | Path | None = None, *, label: str = "digit", fetch: bool = False
) -> Dataset:
    """Free Spoken Digit Dataset: the digits 0–9 by several speakers, 8 kHz.

    The official splits are train and test (takes 0 to 4); they share speakers. Licence: CC BY-SA
    4.0. A warning counts the recordings if they are not the 3,000 of the release.

    Parameters
    ----------
    folder : a copy of the official release, with `recordings/{digit}_{speaker}_{take}.wav`;
        default: `downloads/free-spoken-digit-dataset-1.0.9`.
    label : "digit" (groups are then speakers) or "speaker" (groups are then digits).
    fetch : if it is missing, download it (12 MB) from the official address into the parent of
        `folder` and check it.

    Raises
    ------
    DatasetError : the release is not found, contains other files, or was to be fetched but is here
        in part.
    """
    if label not in ("digit", "speaker"):
        raise ValueError(f'label={label!r}: choose "digit" or "speaker".')
    folder = Path(folder) if folder else DOWNLOADS / "free-spoken-digit-dataset-1.0.9"
    if not (folder / "recordings").is_dir():
        get_archive(folder, _URL, _SHA256, _SIZE, fetch, "recordings/")
    names = pd.Series(sorted(f.name for f in (folder / "recordings").glob("*.wav")), dtype=str)
    parts = names.str.extract(r"^(?P<digit>\d)_(?P<speaker>[^_]+)_(?P<take>\d+)\.wav$")
    wrong = names[parts["digit"].isna()].tolist()
    if wrong:
        raise DatasetError(f"{folder}/recordings: not named digit_speaker_take.wav: {wrong[:5]}.")
    group = "speaker" if label == "digit" else "digit"
    if len(names) != _RECORDINGS:
        note = f"{folder}: {len(names):,} recordings, but release 1.0.9 has {_RECORDINGS:,}"
        if fetch:
            raise DatasetError(f"{note}: move the folder away to fetch it again.")
        warnings.warn(f"{note}.", stacklevel=2)
    table = parts.assign(path="recordings/" + names, label=parts[label], group=parts[group])
    early = parts["take"].astype(int) < _TEST_TAKES
    return Dataset(table.assign(split=np.where(early, "test", "train")), folder)
