"""Recordings that are not files: encoded bytes with a name, passed where a path goes."""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, eq=False)
class Recording:
    """An encoded recording, of sound or video, that is stored in a table.

    Parameters
    ----------
    name : what messages call it; its suffix tells a video from a sound, as that of a file does.
    read : returns its bytes; called once, when they are first needed.
    table : what the table is called, and the state of its file, by which the bytes are known to be
        unchanged without reading them; None: by nothing.
    """

    name: str
    read: Callable[[], bytes]
    table: tuple[str, os.stat_result] | None = None

    def __str__(self):
        return self.name

    @cached_property
    def content(self) -> bytes:
        """The bytes, as a file would hold them."""
        return self.read()

    def absolute(self) -> str:
        """What no other recording is called, as the absolute path of a file."""
        return f"{self.table and self.table[0]}: {self.name}"

    def stat(self) -> os.stat_result:
        """Size and time of change of the table's file; raises `OSError` if there is none."""
        if self.table is None:
            raise FileNotFoundError(f"{self.name}: is in no file whose changes are known.")
        return self.table[1]


Source = str | Path | Recording


class _NamedBytes(io.BytesIO):
    """Bytes as an open file that has a name, by which decoders tell a format from another."""

    name = ""


def open_recording(path: Source) -> BinaryIO:
    """Open a file, or the bytes of a recording that is none, for reading."""
    if not isinstance(path, Recording):
        return open(path, "rb")
    file = _NamedBytes(path.content)
    file.name = path.name
    return file


def source_of(path: Source, name=os.fspath):
    """What a decoder opens: the `name` of a file, or a recording as an open file."""
    return open_recording(path) if isinstance(path, Recording) else name(path)


def is_there(path: Source) -> bool:
    """Whether a path leads to a file; the bytes of a recording are looked for when it is read."""
    return isinstance(path, Recording) or Path(path).is_file()


def size_of(file: BinaryIO) -> int:
    """Bytes of an open file, which is then read from its beginning."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size
