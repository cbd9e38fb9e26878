"""The store: reading it again, finding rows among two million, and from files to head vectors.

python -m benchmarks.store [--rows N] [--clips N]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

import ccsav
from benchmarks.extraction import seconds
from benchmarks.machine import keep
from benchmarks.memory import keys
from benchmarks.prediction import memory
from ccsav.extraction.shards import write_shard
from ccsav.extraction.store import ROWS, Store

WARM, SHAPE, CLIPS, MILLIONS = 200_000, (48, 32), 2_000, 2_000_000
ROUNDS = 3


def warm(folder: Path, rows: int) -> dict:
    """Read a whole store into memory, and the bytes of its files; the ratio of the times."""
    names, row = keys(rows), np.random.default_rng(0).normal(size=SHAPE).astype(np.float16)
    store = Store(folder, SHAPE, "float16")
    for name in names:
        store.put(name, row)
    store.close()
    X, files = np.ones((rows, *SHAPE), np.float16), sorted(folder.iterdir())
    buffer = np.ones(max(file.stat().st_size for file in files), np.uint8)

    def bytes_alone():
        for file in files:
            with file.open("rb") as opened:
                opened.readinto(buffer)

    def whole():
        assert Store(folder, SHAPE, "float16").read(names, X, range(rows)).all()

    ratios = [seconds(bytes_alone) / (took := seconds(whole)) for _ in range(ROUNDS)]
    return {"rows": rows, "files": len(files), "rows_per_s": round(rows / took), **median(ratios)}


def million(folder: Path, rows: int) -> dict:
    """Index a store of many rows by its headers, and find a part of them; contents are not real.

    Each shard has its own keys and the rows of the first: only headers and keys are read.
    """
    shape, names = (1024, 128), keys(rows)
    first = write_shard(folder, dict.fromkeys(names[:ROWS], np.zeros(shape, np.float16)))
    head = first.read_bytes()[: first.stat().st_size]
    at = head.index(b"".join(names[:ROWS]))
    size = first.stat().st_size
    for number, start in enumerate(range(ROWS, rows - rows % ROWS, ROWS)):
        path = folder / f"{number:020d}-{ROWS:05d}-simulated.safetensors"
        with path.open("wb") as file:  # sparse: the rows take no place on the disk
            file.write(head[: 8 + int.from_bytes(head[:8], "little")])
            file.seek(at)
            file.write(b"".join(names[start : start + ROWS]))
            file.truncate(size)
    before, start = memory("VmRSS"), time.perf_counter()
    store = Store(folder, shape, "float16")
    indexed = time.perf_counter()
    found = store.find(names[::8])  # the part of one of eight ranks
    done = time.perf_counter()
    return {
        "rows": len(store),
        "files": len(list(folder.iterdir())),
        "terabytes": round(len(store) * 1024 * 128 * 2 / 1e12, 2),
        "index_s": round(indexed - start, 2),
        "find_part_s": round(done - indexed, 2),
        "found": int((found[:, 0] >= 0).sum()),
        "memory_mib": round(memory("VmRSS") - before),
    }


def end_to_end(folder: Path, clips: int) -> dict:
    """From files on disk to stored head vectors, and from waveforms in memory to head vectors."""
    rng, lalm = np.random.default_rng(0), ccsav.load_lalm("mini")
    waves = rng.normal(0, 0.1, (clips, 8_000)).astype(np.float32)
    (folder / "clips" / "noise").mkdir(parents=True)
    for i, wave in enumerate(waves):
        soundfile.write(folder / "clips" / "noise" / f"{i:05d}.wav", wave, lalm.rate)
    ahead = np.arange(clips) % 2 == 0
    held = ccsav.Dataset.from_arrays(list(waves), lalm.rate)
    files = ccsav.Dataset(held.table.assign(path=sorted(map(str, folder.rglob("*.wav")))))
    options = {"batch_size": 16, "progress": False}

    def from_files(part):
        with tempfile.TemporaryDirectory() as cache:
            ccsav.extract(lalm, files.subset(part), cache=cache, **options)

    ratios = []
    for part in (ahead, ~ahead):
        alone = seconds(lambda part=part: ccsav.extract(lalm, held.subset(part), **options))
        took = seconds(lambda part=part: from_files(part))
        ratios.append(alone / took)
    return {"clips": clips, "clips_per_s": round(part.sum() / took, 1), **median(ratios)}


def median(ratios: list[float]) -> dict:
    """The median of ratios, for a table."""
    return {"ratio": round(float(np.median(ratios)), 2)}


def main() -> None:
    """Measure all, and keep the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=WARM)
    parser.add_argument("--millions", type=int, default=MILLIONS)
    parser.add_argument("--clips", type=int, default=CLIPS)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        parts = {name: Path(folder) / name for name in ("warm", "million", "files")}
        for part in parts.values():
            part.mkdir()
        results = {
            "warm store": warm(parts["warm"], options.rows),
            "two million rows": million(parts["million"], options.millions),
            "end to end": end_to_end(parts["files"], options.clips),
        }
    print(results)
    keep("store", [{"what": name} | result for name, result in results.items()])


if __name__ == "__main__":
    main()
