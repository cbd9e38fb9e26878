"""A store of two million rows: open it, resume a run, find the part of a rank, gather, read some.

Sizes are real, contents are not: every shard has its own keys, and its rows are a hole in a sparse
file, so that 524 GB of head vectors take little room. Each step is timed, with its memory, in
a process of its own.

    python -m benchmarks.simulate [--rows N]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import keep
from benchmarks.memory import keys
from benchmarks.prediction import memory
from ccsav.disk.on_disk import RowsOnDisk
from ccsav.disk.shards import write_shard
from ccsav.disk.store import ROWS, Store

MILLIONS, SHAPE, RANKS, READ = 2_000_000, (1024, 128), 8, 1_000
STEPS = ("open", "resume", "part of a rank", "gather")


def fill(folder: Path, names: list[bytes]) -> None:
    """Write shards of these keys, whose rows are zeros that take no room."""
    first = write_shard(folder, dict.fromkeys(names[:ROWS], np.zeros(SHAPE, np.float16)))
    content = first.read_bytes()
    header, at, size = int.from_bytes(content[:8], "little"), content.index(names[0]), len(content)
    first.unlink()
    for start in range(0, len(names) - len(names) % ROWS, ROWS):
        with (folder / f"{start:020d}-{ROWS:05d}-simulated.safetensors").open("wb") as file:
            file.write(content[: 8 + header])
            file.seek(at)
            file.write(b"".join(names[start : start + ROWS]))
            file.truncate(size)


def run_one(step: str, folder: Path, names: list[bytes]) -> None:
    """Do one step on an opened store; print its seconds, memory in MiB, and the rows it found."""
    before, start = memory("VmRSS"), time.perf_counter()
    store = Store(folder, SHAPE, "float16")
    if step != "open":
        before, start = memory("VmRSS"), time.perf_counter()
    found = len(store)
    if step == "resume":
        found = int((store.find(names)[:, 0] >= 0).sum())
    elif step == "part of a rank":
        found = int((store.find(names[3::RANKS])[:, 0] >= 0).sum())
    elif step == "gather":
        X = RowsOnDisk(store, names)
        some = X[np.random.default_rng(0).integers(0, len(X), READ)][:, [5, 700]]
        assert np.asarray(some).shape == (READ, 2, SHAPE[1])
        found = len(X)
    print(time.perf_counter() - start, memory("VmHWM") - before, found)


def main() -> None:
    """Simulate, and keep the time and memory of each step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=MILLIONS)
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    names = keys(options.rows)
    if options.step:
        run_one(options.step, options.folder, names)
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), names)
        files = len(list(Path(folder).iterdir()))
        for step in STEPS:
            command = [sys.executable, "-m", "benchmarks.simulate", "--step", step]
            command += ["--rows", str(options.rows), "--folder", folder]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            took, peak, found = map(float, out.split())
            rows.append({"step": step, "rows": int(found), "files": files})
            rows[-1] |= {"seconds": round(took, 2), "memory_mib": round(peak)}
            print(rows[-1], flush=True)
    keep("simulation", rows)


if __name__ == "__main__":
    main()
