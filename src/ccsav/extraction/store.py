"""Head vectors on disk, one small safetensors file per clip, known by content alone."""

import hashlib
import json
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path

import filelock
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

Claim = Enum("Claim", ["MINE", "DONE", "BUSY"])


class NoCache:
    """Keeps nothing: every row is there for the taking."""

    def get(self, key: str) -> np.ndarray | None:
        """Nothing is stored."""

    def put(self, key: str, row: np.ndarray) -> None:
        """Nothing is kept."""

    def claim(self, key: str) -> Claim:
        """Nobody else wants it."""
        return Claim.MINE

    def release(self, key: str) -> None:
        """There is nothing to give up."""

    def close(self) -> None:
        """There is nothing to give up."""


class Cache(NoCache):
    """A folder of finished rows, shared safely by runs and by processes.

    folder: where caches are kept. identity: everything that decides what a clip's head vectors
    are, besides the clip and the question (model, heads, formats); it names a sub-folder, and is
    written there as `identity.json` for people to read.

    A row is written to a temporary file and renamed, so that it is whole or absent, whenever the
    process dies. Rows under way are claimed with file locks, which end with their process.
    """

    def __init__(self, folder: str | Path, identity: dict):
        text = json.dumps(identity, indent=1, sort_keys=True)
        self.folder = Path(folder) / hashlib.sha256(text.encode()).hexdigest()[:16]
        (self.folder / "locks").mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / "identity.json", lambda path: path.write_text(text, "utf-8"))
        self._locks = {}

    def get(self, key: str) -> np.ndarray | None:
        """A stored row, or None. A damaged file is reported, removed, and counts as absent."""
        path = self._path(key)
        try:
            with safe_open(path, framework="numpy") as file:
                return file.get_tensor("row")
        except FileNotFoundError:
            return None
        except SafetensorError as error:
            warnings.warn(f"{path} is damaged and will be computed again: {error}", stacklevel=2)
            path.unlink(missing_ok=True)
            return None

    def put(self, key: str, row: np.ndarray) -> None:
        """Store a row, whole, and give up the claim on it."""
        path = self._path(key)
        path.parent.mkdir(exist_ok=True)
        write_whole(path, lambda partial: save_file({"row": np.ascontiguousarray(row)}, partial))
        self.release(key)

    def claim(self, key: str) -> Claim:
        """Take on a row: MINE, unless it is DONE or another process is BUSY with it."""
        if self._path(key).exists():
            return Claim.DONE
        lock = filelock.FileLock(self.folder / "locks" / key, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except filelock.Timeout:
            return Claim.BUSY
        self._locks[key] = lock
        if self._path(key).exists():  # another process has just finished it
            self.release(key)
            return Claim.DONE
        return Claim.MINE

    def release(self, key: str) -> None:
        """Give up the claim on a row, if there is one."""
        if lock := self._locks.pop(key, None):
            lock.release()
            with suppress(OSError):  # another process may have taken it by now
                os.unlink(lock.lock_file)

    def close(self) -> None:
        """Give up all claims."""
        for key in list(self._locks):
            self.release(key)

    def _path(self, key):
        return self.folder / key[:2] / f"{key}.safetensors"


def row_key(clip: str, prompt: str) -> str:
    """Name of a row: what is heard (the clip's digest) and what is asked."""
    return hashlib.sha256(f"{clip}\n{prompt}".encode()).hexdigest()


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all, also where the process dies while it writes.

    Parameters
    ----------
    path : file to write; an existing file is replaced. Its folder must exist.
    write : called with a temporary path in the same folder, to which it writes the content.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
