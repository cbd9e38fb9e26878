"""Download an archive from its official address, on request, check it, and unpack it."""

import os
import shutil
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

from ccsav.clips.dataset import DatasetError

DOWNLOADS = Path("downloads")  # relative to the working directory
_OLD = 3600  # seconds after which what a killed process unpacked has no owner any more


def get_archive(folder, url, checksum, size, fetch, needed):
    """Download an archive and unpack its folder as `folder`, whole or not at all.

    Without `fetch`, the `DatasetError` says how to get it.
    """
    if not fetch:
        raise DatasetError(
            f"{folder}: no {needed} here. Give the folder of a local copy, or pass fetch=True to "
            f"download {size} from {url}."
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise DatasetError(f"{folder}: holds other files, and no {needed}: move it away to fetch.")
    import pooch  # slow to import

    name = url.rsplit("/", 1)[-1]
    options = {"path": folder.parent, "fname": name, "progressbar": True}
    try:
        archive = pooch.retrieve(url, known_hash=checksum, **options)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{url}: not downloaded: {' '.join(str(error).split())}") from error
    for left in folder.parent.glob(f"{folder.name}.partial-*"):
        if time.time() - left.stat().st_mtime > _OLD:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.partial-") as aside:
        unpack(Path(archive), Path(aside))
        found = [place for place in Path(aside).iterdir() if (place / needed).exists()]
        if len(found) != 1:
            raise DatasetError(f"{folder}: {url} contains no {needed}.")
        try:
            os.rename(found[0], folder)
        except OSError:  # another process was first
            if not (folder / needed).exists():
                raise


def unpack(file: Path, folder: Path) -> None:
    """Unpack a zip or tar file; `DatasetError` if an entry would be outside the folder."""
    options = {}
    try:
        if zipfile.is_zipfile(file):
            archive = zipfile.ZipFile(file)
            names = archive.namelist()
        else:
            archive = tarfile.open(file)  # noqa: SIM115
            names = archive.getnames()
            options = {"filter": "data"}  # refuses links that lead outside, and devices
            if not hasattr(tarfile, "data_filter"):  # Python 3.11.0 to 3.11.3
                options = {}
                if not all(x.isfile() or x.isdir() for x in archive.getmembers()):
                    raise tarfile.TarError("it holds links or devices")
        with archive:
            for name in names:
                if not (folder / name).resolve().is_relative_to(folder.resolve()):
                    raise DatasetError(f"{file}: not unpacked: {name} would be outside {folder}.")
            archive.extractall(folder, **options)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise DatasetError(f"{file}: not unpacked: {error}.") from error
