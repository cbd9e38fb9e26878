"""Which dataset a recording is of, and which source it was cut from, by the name of its file."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

_YOUTUBE = "(?P<source>[A-Za-z0-9_-]{11})"
NAMES = {  # names of files without suffix; those of ASVspoof tell no source
    "esc50": r"(?P<fold>[1-5])-(?P<source>\d+)-[A-Z](?:-\d+)?",
    "asvspoof2019": r"LA_[TDE]_\d+",
    "vggsound": rf"{_YOUTUBE}_\d{{6}}",
    "audioset": _YOUTUBE,
}


def name_sources(paths: Sequence[str]) -> tuple[str | None, pd.DataFrame]:
    """The dataset whose naming all files follow, and the source recording of each file.

    ESC-50's names hold the official fold and the number of the recording on Freesound; VGGSound's
    and AudioSet's the id of the video on YouTube.

    Parameters
    ----------
    paths : of N files.

    Returns
    -------
    data : a key of `NAMES`; None if the names are of no such dataset, or of several.
    sources : (N,) rows with the columns source and fold, missing where the name tells neither.

    Examples
    --------
    >>> data, sources = name_sources(["audio/4-167077-A-20.wav", "audio/4-167077-B-20.wav"])
    >>> data, sources["source"].tolist(), sources["fold"].tolist()
    ('esc50', ['167077', '167077'], ['4', '4'])
    >>> name_sources(["LA_T_1138215.flac"])[0], name_sources(["door.wav"])[0]
    ('asvspoof2019', None)
    """
    stems = pd.Series([PurePosixPath(path).stem for path in paths], dtype=object)
    for data, pattern in NAMES.items():
        if len(stems) and stems.str.fullmatch(pattern).all():
            parts = stems.str.extract(f"^(?P<name>{pattern})$")
            return data, parts.reindex(columns=["source", "fold"])
    return None, pd.DataFrame(index=stems.index, columns=["source", "fold"], dtype=object)
