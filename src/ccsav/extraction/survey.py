"""What is known of clips before their head vectors are: duration and digest, each read once."""

import hashlib
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ccsav.clips.dataset import Dataset
from ccsav.disk.store import THREADS, Store

CLIP_ERRORS = (  # what reading a clip, or making the model's inputs of it, can raise
    *(ArithmeticError, EOFError, LookupError, MemoryError),
    *(OSError, RuntimeError, TypeError, ValueError),
)
_ENTRY = 40  # bytes: a SHA-256 digest and a duration
_FRESH = 2.0  # seconds since a file was written, in which it may change again at the same time


class Survey:
    """Durations and digests of a dataset's clips.

    Those of files are kept in a folder, by path, size and time of the last change, so that a later
    run need not read the recordings again.

    Parameters
    ----------
    dataset, modality : the clips, and what is used of them, see `Dataset.digest`.
    folder : to keep in; None: nothing is kept.
    verify : read all recordings again, whatever is kept.
    """

    def __init__(self, dataset: Dataset, modality: str, folder: Path | None, verify=False):
        self.dataset, self.modality, self.verify = dataset, modality, verify
        held = dataset.waveforms is not None or dataset.videos is not None
        kept = folder is not None and not held
        self._kept = Store(folder, (_ENTRY,), "uint8", most=2**16) if kept else None
        self._writable = kept and os.access(_existing(folder), os.W_OK)
        self._seconds, self._digests, self._new = {}, {}, {}

    def seconds(self, clips: Iterable[int]) -> tuple[dict[int, float], dict[int, str]]:
        """Durations of clips, {clip: s}, and the reasons of those without one, {clip: text}."""
        clips = list(clips)
        if self._kept is not None:
            self._look_up(clips)
        unknown, reasons = [i for i in clips if i not in self._seconds], {}
        with ThreadPoolExecutor(THREADS) as pool:
            for i, (length, reason) in zip(unknown, pool.map(self._measure, unknown), strict=True):
                if reason is None:
                    self._seconds[i] = length
                else:
                    reasons[i] = reason
        return {i: self._seconds[i] for i in clips if i not in reasons}, reasons

    def digest(self, i: int) -> str:
        """SHA-256 of a clip whose duration is known; raises what reading it raises."""
        if i not in self._digests:
            self._digests[i] = self.dataset.digest(i, self.modality)
            if i in self._new and i in self._seconds:
                entry = bytes.fromhex(self._digests[i]) + np.float64(self._seconds[i]).tobytes()
                self._kept.put(self._new[i], np.frombuffer(entry, np.uint8))
        return self._digests[i]

    def close(self) -> None:
        """Write what is new."""
        if self._writable:
            self._kept.close()

    def _measure(self, i):
        try:
            return self.dataset.seconds(i, self.modality), None
        except CLIP_ERRORS as error:
            return None, reason_of(error, self.dataset, i)

    def _look_up(self, clips):
        """Take what is kept of these clips; note the keys of the others."""
        names = {i: name for i in clips if (name := self._name(i)) is not None}
        entries = np.empty((len(names), _ENTRY), np.uint8)
        good = self._kept.read(list(names.values()), entries, range(len(names)))
        for (i, name), entry, known in zip(names.items(), entries, good, strict=True):
            if known and not self.verify:
                self._digests[i] = entry[:32].tobytes().hex()
                self._seconds[i] = float(entry[32:].view(np.float64)[0])
            elif self._writable:
                self._new[i] = name

    def _name(self, i):
        """The key of a clip's files; None for files that changed just now, or are not there."""
        dataset, about = self.dataset, [self.modality]
        try:
            files = [dataset.path(i)] if "audio" in self.modality else []
            files += [dataset.video_path(i)] if "video" in self.modality else []
            for file in files:
                found = file.stat()
                if time.time() - found.st_mtime < _FRESH:
                    return None
                about += [str(file.absolute()), str(found.st_size), str(found.st_mtime_ns)]
        except CLIP_ERRORS:
            return None
        return hashlib.sha256("\n".join(about).encode("utf-8", "surrogateescape")).digest()


def reason_of(error: Exception, dataset: Dataset, i: int) -> str:
    """Why clip `i` cannot be used, in one line that does not repeat its name."""
    text = " ".join(str(error).split()).removeprefix(f"{dataset.path(i)}: ")
    text = text.removeprefix("waveform 0: ")
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


def _existing(folder):
    """The folder, or the nearest one above it that exists."""
    return next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
