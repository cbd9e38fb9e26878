"""The lengths in the headers of RIFF files, WAV and AVI, compared with the files."""

import struct

from .recording import Source, open_recording, size_of

_UNKNOWN = 0x7FFF_0000  # bytes; programs that write into a pipe declare at least this
_NO_SOUND = (b"ID3", b"TAG", b"\0\0\0")  # tags of players, and zeros, that follow the last chunk


def wav_seconds(path: Source) -> tuple[float, float] | None:
    """Seconds that a WAV file declares, and seconds that are in it; None for other files.

    What follows the sound and belongs to no chunk counts as sound: the header is then wrong.
    """
    at, rest, found = 12, 0, {}
    with open_recording(path) as file:
        size = size_of(file)
        if file.read(4) != b"RIFF":
            return None
        while at + 8 <= size:
            file.seek(at)
            name, length = struct.unpack("<4sI", file.read(8))
            if not (name.isascii() and name.decode().isprintable()):
                rest = 0 if name[:3] in _NO_SOUND else size - at
                break
            length = length if length < _UNKNOWN else size - at - 8
            found.setdefault(name, (length, min(length, size - at - 8), file.read(16)))
            at += 8 + length + length % 2
    per_second = int.from_bytes(found[b"fmt "][2][8:12], "little") if b"fmt " in found else 0
    if b"data" not in found or not per_second:
        return None
    declared, there, _ = found[b"data"]
    return declared / per_second, (there + rest) / per_second


def missing_bytes(path: Source) -> int:
    """How many of the bytes that a RIFF file, such as AVI, declares are not in it; else 0."""
    with open_recording(path) as file:
        size = size_of(file)
        name, length = struct.unpack("<4sI", file.read(8).ljust(8, b"\0"))
    declared = length + 8 if name == b"RIFF" and length < _UNKNOWN else 0
    return max(0, declared - size)
