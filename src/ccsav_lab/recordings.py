"""The recordings in this repository: folds 4 and 5 of ESC-10, which the small LALM never heard."""

from pathlib import Path

from ccsav.clips.dataset import Dataset, DatasetError
from ccsav.clips.loading import from_csv

RECORDINGS = Path(__file__).resolve().parents[2] / "data" / "recordings"  # in a clone


def load_recordings() -> Dataset:
    """160 environmental recordings of 10 classes, most of 5 s, 16 kHz.

    Labels are the small LALM's names of the classes; groups are source recordings. The other
    columns say the official fold, title, author, licence and address of each clip's source.

    Raises
    ------
    DatasetError : the folder is missing, because the package was installed without the clone.

    Examples
    --------
    >>> from ccsav_lab.recordings import load_recordings
    >>> load_recordings().table["fold"].value_counts().to_dict()
    {4: 80, 5: 80}
    """
    if not (RECORDINGS / "manifest.csv").is_file():
        raise DatasetError(
            f"{RECORDINGS}: no recordings here. They come with a clone of the repository: "
            "pip install --editable that."
        )
    return from_csv(RECORDINGS / "manifest.csv", group="group")
