"""The lengths in the header of a RIFF file, WAV or AVI, and those of its chunks."""

import os
import struct
from pathlib import Path

_UNKNOWN = 0x7FFF_0000  # bytes; programs that write into a pipe declare at least this


def riff_bytes(path: str | Path) -> tuple[int, int, int] | None:
    """Bytes of sound that a WAV file declares, bytes that are in it, bytes per second.

    What belongs to no chunk counts as sound: the header is then wrong. None for files that are not
    RIFF; the bytes of AVI are those of the whole file.
    """
    size, at, found = os.path.getsize(path), 12, {}
    with open(path, "rb") as file:
        if file.read(4) != b"RIFF":
            return None
        while at + 8 <= size and file.seek(at) == at:
            name, length = struct.unpack("<4sI", file.read(8))
            if not (name.isascii() and name.decode().isprintable()):
                break
            length = length if length < _UNKNOWN else size - at - 8
            found.setdefault(name, (length, file.read(16)))
            at += 8 + length + length % 2
    declared = found.get(b"data", (at,))[0]
    per_second = found.get(b"fmt ", (0, b""))[1][8:12]
    return declared, declared + size - at, int.from_bytes(per_second, "little")
