"""Head vectors on disk: one small safetensors file per clip, named by its content alone."""

import hashlib
import json
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import filelock
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file


class Cache:
    """A folder of finished rows, which several runs and processes can use at once.

    Without a folder, nothing is stored. `identity` is everything that decides a row besides the
    clip and the prompt; its hash names the sub-folder. Rows are written whole or not at all. Rows
    that a process is computing are claimed by file locks, which end with the process.
    """

    def __init__(self, folder: str | Path | None, identity: dict):
        self._locks, self.folder = {}, None
        if folder is not None:
            text = json.dumps(identity, indent=1, sort_keys=True)
            self.folder = Path(folder) / hashlib.sha256(text.encode()).hexdigest()[:16]
            (self.folder / "locks").mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / "identity.json", lambda path: path.write_text(text, "utf-8"))

    def get(self, key: str) -> np.ndarray | None:
        """Return a stored row, or None. A damaged file is removed with a warning."""
        if self.folder is None:
            return None
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
        """Store a row and release the claim on it."""
        if self.folder is not None:
            path, arrays = self._path(key), {"row": np.ascontiguousarray(row)}
            path.parent.mkdir(exist_ok=True)
            write_whole(path, lambda partial: save_file(arrays, partial))
            self.release(key)

    def claim(self, key: str) -> bool:
        """Claim a row to compute; False if another process is computing it, or has stored it."""
        if self.folder is None:
            return True
        lock = filelock.FileLock(self.folder / "locks" / key, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except filelock.Timeout:
            return False
        self._locks[key] = lock
        if self._path(key).exists():  # finished by another process since `get` looked for it
            self.release(key)
        return key in self._locks

    def release(self, key: str) -> None:
        """Release the claim on a row, if there is one."""
        if lock := self._locks.pop(key, None):
            lock.release()
            with suppress(OSError):  # another process may hold or have removed it by now
                os.unlink(lock.lock_file)

    def close(self) -> None:
        """Release all claims."""
        for key in list(self._locks):
            self.release(key)

    def _path(self, key):
        return self.folder / key[:2] / f"{key}.safetensors"


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all: `write` gets a temporary path, which is then renamed."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
