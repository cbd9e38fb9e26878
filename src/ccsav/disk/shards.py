"""One shard: many rows in one safetensors file, with the key, the checksum and the prompts of each.

keys (n, 32) uint8: SHA-256 of what decides the row      rows (n, …): the rows themselves
sums (n,) uint64: checksums of key and row               metadata: the prompts, as JSON
"""

import json
import mmap
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ccsav.disk.writing import write_whole

_DTYPES = {"F16": "float16", "F32": "float32", "U8": "uint8", "U64": "uint64"}


@dataclass(frozen=True)
class Shard:
    """A shard without its rows: what an index needs."""

    path: Path
    keys: np.ndarray  # (n, 32) uint8
    sums: np.ndarray  # (n,) uint64
    start: int  # of the rows, in bytes
    shape: tuple  # (n, …)
    dtype: str
    prompts: list[str]

    def rows(self, scattered: bool = False) -> np.ndarray:
        """The rows, (n, …), mapped: a part of the file is read when it is used.

        scattered: small parts will be used, so that what lies beside them is not read ahead.
        """
        with self.path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if scattered and hasattr(mmap, "MADV_RANDOM"):
            content.madvise(mmap.MADV_RANDOM)
        n = int(np.prod(self.shape))
        return np.frombuffer(content, self.dtype, n, self.start).reshape(self.shape)


def checksums(keys: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Checksums of keys (n, 32) uint8 with their rows (n, …), (n,) uint64.

    Σ mᵢ wᵢ modulo 2⁶⁴, over 32-bit words w, with fixed random multipliers m; strongly universal,
    and several times faster than a CRC of each row. (Lemire & Kaser 2014, arXiv 1202.4961.)
    """
    content = np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.uint8)
    if odd := content.shape[1] % 4:
        content = np.pad(content, ((0, 0), (0, 4 - odd)))
    parts = (np.ascontiguousarray(keys).view("<u4"), content.view("<u4"))
    options = {"dtype": np.uint64, "casting": "unsafe"}
    m = [_multipliers(words.shape[1], seed) for seed, words in enumerate(parts)]
    return sum(np.einsum("nw,w->n", words, x, **options) for words, x in zip(parts, m, strict=True))


def row_count(path: Path) -> int:
    """How many rows a shard has, by its name, without opening it; 0 for names of other files."""
    number = path.stem.split("-")[1:2]
    return int(number[0]) if number and number[0].isdecimal() else 0


def write_shard(folder: Path, rows: dict[bytes, np.ndarray], prompts: Sequence[str] = ()) -> Path:
    """Write rows, {key: row}, to a new file, whole or not at all; returns its path.

    Names of shards are unique, and sort by the time of writing: of two rows with one key, the later
    shard's counts.
    """
    keys = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 32)
    stacked = np.stack(list(rows.values()))
    arrays = {"keys": keys, "sums": checksums(keys, stacked), "rows": stacked}
    name = f"{time.time_ns():020d}-{len(rows):05d}-{uuid.uuid4().hex[:12]}.safetensors"
    metadata = {"prompts": json.dumps(sorted(set(prompts)))}
    write_whole(folder / name, lambda partial: save_file(arrays, partial, metadata))
    return folder / name


def read_shard(path: Path) -> Shard:
    """Read a shard without its rows. Raises `ValueError` for a file that is not a whole shard."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            start = 8 + int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(start, size) - 8))
            prompts = json.loads(header.pop("__metadata__")["prompts"])
            if size != start + max(entry["data_offsets"][1] for entry in header.values()):
                raise ValueError("its size is not the one in its header")
            keys, sums = (_array(file, start, header[name]) for name in ("keys", "sums"))
            rows = header["rows"]
            shape, dtype = tuple(rows["shape"]), _DTYPES[rows["dtype"]]
        if keys.shape != (shape[0], 32) or sums.shape != shape[:1]:
            raise ValueError("keys, sums and rows do not fit together")
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a whole shard: {error}") from error
    return Shard(path, keys, sums, start + rows["data_offsets"][0], shape, dtype, prompts)


def _array(file, start, entry):
    """An array of an open file, by its entry in the header."""
    first, end = entry["data_offsets"]
    file.seek(start + first)
    content = np.frombuffer(file.read(end - first), _DTYPES[entry["dtype"]])
    return content.reshape(entry["shape"])


@cache
def _multipliers(n, seed):
    """n odd numbers of 64 bits, always the same: the raw output of a generator."""
    return np.random.PCG64(seed).random_raw(n) | np.uint64(1)
