"""Download an archive from its official address, on request, and check it."""

from pathlib import Path

from ccsav.clips.dataset import DatasetError

DOWNLOADS = Path("downloads")  # relative to the working directory


def get_archive(folder, url, checksum, size, fetch, needed):
    """Download an archive and unpack it next to `folder`; without `fetch`, say how to get it."""
    if not fetch:
        raise DatasetError(
            f"{folder}: no {needed} here. Give the folder of a local copy, or pass fetch=True to "
            f"download {size} from {url}."
        )
    import pooch  # slow to import

    unpack = pooch.Unzip if url.endswith(".zip") else pooch.Untar
    pooch.retrieve(
        url,
        known_hash=checksum,
        path=folder.parent,
        fname=url.rsplit("/", 1)[-1],
        processor=unpack(extract_dir="."),
        progressbar=True,
    )
    if not (folder / needed).exists():
        raise DatasetError(f"{folder}: {url} was unpacked beside it, but contains no {needed}.")
