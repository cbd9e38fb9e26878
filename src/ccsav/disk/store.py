"""A folder of shards, which any number of processes read and write at once, without locks.

Nothing is claimed and nothing is changed in place: a shard is written whole under a new name, and
callers divide the work. Two processes that compute the same row store it twice, and no more.
"""

import json
import os
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np

from ccsav.disk.shards import checksums, read_shard, row_count, write_shard
from ccsav.disk.writing import remove_unfinished, write_whole

ROWS, BYTES = 1024, 2**28  # of a whole shard, whichever is reached first
SECONDS = 60.0  # between two writes, at most: what a killed process can lose
_COPIED = 2**21  # bytes at once, which a processor's cache holds
IDENTITY = "identity.json"  # what a store's rows are
THREADS = min(8, os.cpu_count() or 1)  # that copy and check rows


class Store:
    """Rows of one shape by their keys, which are SHA-256 digests of 32 bytes.

    Parameters
    ----------
    folder : of the shards; made when the first row is written, so that it may be read-only.
    shape, dtype : of a row. A shard of other rows counts as damaged.
    about : what the rows are, as plain data, written to `identity.json` beside the first shard.
    most : rows of a whole shard.
    join_all : when it closes, join all small shards to larger ones; otherwise only its own.
    """

    def __init__(self, folder: Path, shape, dtype, *, about=None, most=ROWS, join_all=True):
        self.folder, self.shape, self.dtype, self._about = folder, tuple(shape), dtype, about
        self._most = max(1, min(most, BYTES // (np.dtype(dtype).itemsize * int(np.prod(shape)))))
        self._join_all, self._small = join_all, []  # own shards that are not whole
        self._waiting, self._prompts, self._written = {}, set(), time.monotonic()
        self._shards, self._damaged = [], set()  # {keys of rows that were found to be damaged}
        if os.access(folder, os.W_OK):
            remove_unfinished(folder)
        self.refresh()

    def __len__(self):
        return len(self._keys)

    def refresh(self) -> None:
        """Look for shards that were written or removed since the last time."""
        known, self._shards = {shard.path: shard for shard in self._shards}, []
        self._damaged.clear()  # there may be a later row with the same key
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                self._shards.append(known.get(path) or self._opened(path))
            except FileNotFoundError:
                continue  # it was joined to others a moment ago
            except ValueError as error:
                warnings.warn(f"{error}: its rows are computed again", stacklevel=2)
                with suppress(OSError):  # a read-only folder keeps it
                    path.rename(path.with_suffix(".damaged"))
        counts = [len(shard.keys) for shard in self._shards]
        keys = np.concatenate([np.zeros((0, 32), np.uint8), *(s.keys for s in self._shards)])
        keys = np.ascontiguousarray(keys).view("<u8")  # (M, 4)
        places = np.repeat(np.arange(len(counts)), counts), np.arange(len(keys))
        first = np.repeat(np.cumsum([0, *counts])[:-1], counts)
        order = np.argsort(keys[:, 0], kind="stable")  # of equal keys, the latest is last
        self._keys, self._first = keys[order], keys[order, 0]
        self._places = np.stack([places[0], places[1] - first], axis=1)[order]  # (M, 2)

    def _opened(self, path):
        """A shard, checked to hold rows of this store."""
        shard = read_shard(path)
        if (shard.shape[1:], shard.dtype) != (self.shape, self.dtype):
            raise ValueError(f"{path}: holds rows of {shard.dtype} {shard.shape[1:]}")
        return shard

    def find(self, keys: Sequence[bytes]) -> np.ndarray:
        """Shard and row of each key, (n, 2), or -1 where there is none."""
        wanted = np.frombuffer(b"".join(keys), "<u8").reshape(-1, 4)
        if not len(self):
            return np.full((len(wanted), 2), -1)
        at = np.searchsorted(self._first, wanted[:, 0], side="right") - 1
        found = (self._keys[at] == wanted).all(axis=1)
        if self._damaged:
            found &= [key not in self._damaged for key in keys]
        return np.where(found[:, None], self._places[at], -1)

    def read(self, keys: Sequence[bytes], out: np.ndarray, at: Sequence[int], heads=None):
        """Copy the rows of keys, or some of their heads, to out[at].

        Returns which were found and whole, (n,) bool. The checksum is that of a whole row: a part
        of one is not checked. Warns of damaged rows.
        """
        places, at = self.find(keys), np.asarray(at, dtype=int)
        order = np.lexsort((places[:, 1], places[:, 0]))
        order = order[places[order, 0] >= 0]
        parts = np.split(order, np.flatnonzero(np.diff(places[order, 0])) + 1) if len(order) else []

        def copy(part):
            shard, rows = self._shards[places[part[0], 0]], places[part, 1]
            return _copy(shard, rows, out, at[part], heads)

        good = np.zeros(len(keys), dtype=bool)
        with ThreadPoolExecutor(THREADS) as pool:
            try:
                for part, whole in zip(parts, pool.map(copy, parts), strict=True):
                    good[part] = whole
                    if not whole.all():
                        self._damaged |= {keys[i] for i in part[~whole]}
                        path, n = self._shards[places[part[0], 0]].path, int((~whole).sum())
                        warnings.warn(f"{path}: {n} rows are damaged: computed again", stacklevel=2)
            except FileNotFoundError:  # another process joined a shard to others
                self.refresh()
                return self.read(keys, out, at, heads)
        return good

    def count(self) -> int:
        """How many rows are on disk now, of all writers; rows that are stored twice count twice."""
        return sum(map(row_count, self.folder.glob("*.safetensors")))

    def prompts(self) -> list[str]:
        """All prompts that rows of this store were computed with."""
        return sorted({prompt for shard in self._shards for prompt in shard.prompts})

    def put(self, key: bytes, row: np.ndarray, prompt: str = "") -> None:
        """Keep a row, which is written with others: when there are enough, or after a minute."""
        self._waiting[key] = np.ascontiguousarray(row)
        self._prompts.add(prompt)
        late = time.monotonic() - self._written > SECONDS
        if late or len(self._waiting) >= self._most:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait. Raises `OSError` if the folder cannot be written to."""
        if self._waiting:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self._about is not None and not (self.folder / IDENTITY).exists():
                text = json.dumps(self._about, indent=1)
                write_whole(self.folder / IDENTITY, lambda path: path.write_text(text, "utf-8"))
            path = write_shard(self.folder, self._waiting, self._prompts)
            if len(self._waiting) < self._most:
                self._small.append(path)
            self._waiting, self._prompts = {}, set()
            if sum(map(row_count, self._small)) >= self._most:
                self._small = self._join(self._small)
        self._written = time.monotonic()

    def close(self) -> None:
        """Write what waits, and join small shards, so that there are few files."""
        self.flush()
        if self._join_all and os.access(self.folder, os.W_OK):
            paths = sorted(self.folder.glob("*.safetensors"))
            self._small = [path for path in paths if 2 * row_count(path) < self._most]
        if len(self._small) > 1:
            with suppress(OSError):  # the rows are on disk already, in more files
                self._join(self._small)
        self._small = []

    def _join(self, paths):
        """Write the rows of some shards to larger ones, remove the old; returns the last, if small.

        Killed in between, it leaves rows twice, which does no harm.
        """
        rows, prompts, written, joined = {}, set(), [], []

        def write(n):
            part = dict(list(rows.items())[:n])
            written.append(write_shard(self.folder, part, prompts))
            for key in part:
                del rows[key]

        for path in paths:
            try:
                shard = self._opened(path)
                copied = np.array(shard.rows())
            except (FileNotFoundError, ValueError):
                continue  # joined by another process; or damaged, which `refresh` warns of
            joined.append(path)
            prompts.update(shard.prompts)
            for i in np.flatnonzero(checksums(shard.keys, copied) == shard.sums):
                rows[shard.keys[i].tobytes()] = copied[i]
            while len(rows) >= self._most:
                write(self._most)
        if rows:
            write(len(rows))
        for path in joined:
            path.unlink(missing_ok=True)
        return [path for path in written if row_count(path) < self._most]


def _copy(shard, rows, out, at, heads):
    """Copy rows of a shard to out[at]; returns which are whole, (n,) bool."""
    stored, whole = shard.rows(scattered=heads is not None), np.ones(len(rows), dtype=bool)
    step = max(1, _COPIED // max(1, stored[0].nbytes))
    for some in (slice(i, i + step) for i in range(0, len(rows), step)):
        if heads is not None:
            out[at[some]] = stored[np.ix_(rows[some], heads)]
            continue
        here, there = _consecutive(rows[some]), _consecutive(at[some])
        out[there] = stored[here]
        whole[some] = checksums(shard.keys[here], out[there]) == shard.sums[here]
    return whole


def _consecutive(index):
    """The same index as a slice where it is one, of which NumPy makes no copy."""
    first, last = index[0], index[-1]
    steps = len(index) == 1 or (np.diff(index) == 1).all()
    return slice(first, last + 1) if steps else index
