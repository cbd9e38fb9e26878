"""Get an archive from its official address, when asked, and check what came."""

from pathlib import Path

import pooch

from ccsav.clips.dataset import DatasetError

DOWNLOADS = Path("downloads")  # relative to the working directory


def get_archive(folder, url, checksum, size, allowed, needed, unpack):
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
