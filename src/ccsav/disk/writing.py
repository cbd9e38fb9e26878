"""Write a file whole or not at all."""

import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError

PARTIAL = ".partial"  # how the names of unfinished files end
_OLD = 3600  # seconds after which an unfinished file has no writer any more


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all: `write` gets a temporary path, which is then renamed.

    Raises `OSError` with the path, for instance if the disk is full; the file is then as before.
    """
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}{PARTIAL}")
    try:
        write(partial)
        os.replace(partial, path)
    except SafetensorError as error:
        raise OSError(f"{path}: cannot be written: {error}") from error
    except OSError as error:
        reason = f"cannot be written: {error.strerror or error}"
        raise OSError(error.errno, reason, str(path)) from error
    finally:
        partial.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed writers left in a folder, if it is an hour old."""
    for partial in folder.glob(f"*{PARTIAL}"):
        with suppress(OSError):  # another process may remove it first
            if time.time() - partial.stat().st_mtime > _OLD:
                partial.unlink()
