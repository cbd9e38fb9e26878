"""The store: reading it again, and the way from files on disk to head vectors.

python -m benchmarks.store [--rows N] [--clips N]
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import soundfile

import ccsav
from benchmarks.extraction import seconds
from benchmarks.machine import keep
from benchmarks.memory import keys
from ccsav.disk.store import Store

WARM, SHAPE, CLIPS = 200_000, (48, 32), 2_000
ROUNDS = 3


def warm(folder: Path, rows: int) -> dict:
    """Read a whole store into memory, and the bytes of its files; the ratio of the times."""
    names, row = keys(rows), np.random.default_rng(0).normal(size=SHAPE).astype(np.float16)
    store = Store(folder, SHAPE, "float16")
    for name in names:
        store.put(name, row)
    store.close()
    X, files = np.ones((rows, *SHAPE), np.float16), sorted(folder.iterdir())
    buffer = np.ones(sum(file.stat().st_size for file in files), np.uint8)

    def bytes_alone():
        start = 0
        for file in files:
            with file.open("rb") as opened:
                start += opened.readinto(buffer[start:])

    def whole():
        assert Store(folder, SHAPE, "float16").read(names, X, range(rows)).all()

    ratios = [seconds(bytes_alone) / (took := seconds(whole)) for _ in range(ROUNDS)]
    return {"rows": rows, "files": len(files), "rows_per_s": round(rows / took), **median(ratios)}


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
    return {"clips": clips, "clips_per_s": round(float(part.sum() / took), 1), **median(ratios)}


def median(ratios: list[float]) -> dict:
    """The median of ratios, for a table."""
    return {"ratio": round(float(np.median(ratios)), 2)}


def main() -> None:
    """Measure all, and keep the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=WARM)
    parser.add_argument("--clips", type=int, default=CLIPS)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        parts = {name: Path(folder) / name for name in ("warm", "files")}
        for part in parts.values():
            part.mkdir()
        results = {
            "warm store": warm(parts["warm"], options.rows),
            "end to end": end_to_end(parts["files"], options.clips),
        }
    print(results)
    keep("store", [{"what": name} | result for name, result in results.items()])


if __name__ == "__main__":
    main()
