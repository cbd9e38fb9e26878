"""What MP3 and Ogg files say of their end."""

import re

from .recording import Source, open_recording, size_of

_MP3_COUNT = re.compile(  # number of frames, in the tag before the first frame with sound
    rb"(?:(?:Xing|Info)\0\0\0[\1\3\5\7\t\v\r\x0f]|VBRI.{10})(.{4})", re.DOTALL
)


def mp3_frames(path: Source, first: int) -> int | None:
    """The number of frames that an MP3 file declares before its first frame of sound, or None."""
    with open_recording(path) as file:
        file.seek(max(0, first - 2048))
        found = _MP3_COUNT.findall(file.read(min(first, 2048)))
    return int.from_bytes(found[-1], "big") if found else None


def has_last_page(path: Source) -> bool:
    """Whether an Ogg file ends with a whole page that is marked as the last of its stream."""
    with open_recording(path) as file:
        file.seek(max(0, size_of(file) - 2**16))
        last = file.read()
    page = last[last.rfind(b"OggS") :]
    segments = page[27 : 27 + page[26]] if len(page) >= 27 and page[5] & 4 else b""
    return bool(segments) and len(page) >= 27 + page[26] + sum(segments)
