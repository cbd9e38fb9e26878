"""One shard: many rows in one safetensors file, with the key, the checksum and the prompts of each.

keys (n, 32) uint8: SHA-256 of what decides the row      sums (n,) uint32: CRC-32 of key and row
rows (n, …): the rows themselves                         metadata: the prompts, as JSON
"""

import json
import time
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ccsav.extraction.writing import write_whole

_DTYPES = {"F16": "float16", "F32": "float32", "U8": "uint8"}


@dataclass(frozen=True)
class Shard:
    """A shard without its rows: what an index needs."""

    path: Path
    keys: np.ndarray  # (n, 32) uint8
    sums: np.ndarray  # (n,) uint32
    start: int  # of the rows, in bytes
    shape: tuple  # (n, …)
    dtype: str
    prompts: list[str]

    def rows(self) -> np.ndarray:
        """The rows, (n, …), mapped: a part of the file is read when it is used."""
        return np.memmap(self.path, self.dtype, "r", self.start, self.shape)


def checksum(key: bytes, row: np.ndarray) -> int:
    """CRC-32 of a key and its row."""
    return zlib.crc32(row.data, zlib.crc32(key))


def row_count(path: Path) -> int:
    """How many rows a shard has, by its name, without opening it."""
    return int(path.stem.split("-")[1])


def write_shard(folder: Path, rows: dict[bytes, np.ndarray], prompts: Sequence[str] = ()) -> Path:
    """Write rows, {key: row}, to a new file, whole or not at all; returns its path.

    Names of shards are unique, and sort by the time of writing: of two rows with one key, the later
    shard's counts.
    """
    keys = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 32)
    sums = np.array([checksum(key, row) for key, row in rows.items()], np.uint32)
    arrays = {"keys": keys, "sums": sums, "rows": np.stack(list(rows.values()))}
    name = f"{time.time_ns():020d}-{len(rows):05d}-{uuid.uuid4().hex[:12]}.safetensors"
    metadata = {"prompts": json.dumps(sorted(set(prompts)))}
    write_whole(folder / name, lambda partial: save_file(arrays, partial, metadata))
    return folder / name


def read_shard(path: Path) -> Shard:
    """Read a shard without its rows. Raises `ValueError` for a file that is not a whole shard."""
    try:
        with safe_open(path, framework="numpy") as file:
            keys, sums = file.get_tensor("keys"), file.get_tensor("sums")
            rows, prompts = file.get_slice("rows"), json.loads(file.metadata()["prompts"])
            shape, dtype = tuple(rows.get_shape()), _DTYPES[rows.get_dtype()]
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
            start = 8 + header + json.loads(file.read(header))["rows"]["data_offsets"][0]
    except (SafetensorError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a whole shard: {error}") from error
    if keys.shape != (shape[0], 32) or sums.shape != shape[:1] or sums.dtype != np.uint32:
        raise ValueError(f"{path}: not a whole shard: keys, sums and rows do not fit together.")
    return Shard(path, keys, sums, start, shape, dtype, prompts)
