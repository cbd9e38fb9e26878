"""Peak memory of fitting and predicting head vectors that stay on disk.

20,000 rows of 1,024 heads of 128 numbers in float16 (5.2 GB), 309 classes: a method is fitted to 20
clips of each class and predicts the others. The rows are written in one process and read in
another, whose peak memory is measured.

    python -m benchmarks.memory [--rows N] [--classes N]
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import keep
from benchmarks.prediction import memory
from ccsav.disk.on_disk import RowsOnDisk
from ccsav.disk.store import Store
from ccsav_lab.methods import METHODS

ROWS, CLASSES, SHOTS, K, D = 20_000, 309, 20, 1024, 128


def keys(rows: int) -> list[bytes]:
    """A key for each row."""
    return [hashlib.sha256(str(i).encode()).digest() for i in range(rows)]


def write(folder: Path, rows: int, classes: int) -> None:
    """Store rows that are a centre per class in a quarter of the heads, and noise."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((classes, K // 4, D), dtype=np.float32)
    store = Store(folder, (K, D), "float16")
    for i, key in enumerate(keys(rows)):
        row = 3 * rng.standard_normal((K, D), dtype=np.float32)
        row[::4] += centres[i % classes]
        store.put(key, row.astype(np.float16))
    store.close()


def read(folder: Path, rows: int, classes: int, method: str) -> None:
    """Fit and predict; print seconds of both, the peak in MiB, and the accuracy."""
    X, y = RowsOnDisk(Store(folder, (K, D), "float16"), keys(rows)), np.arange(rows) % classes
    support, start = SHOTS * classes, time.perf_counter()
    fitted = METHODS[method].fit(X[:support], y[:support])
    middle = time.perf_counter()
    accuracy = (fitted.predict(X[support:]) == y[support:]).mean()
    print(middle - start, time.perf_counter() - middle, memory("VmHWM"), accuracy)


def main() -> None:
    """Write, read in another process, and keep what it needed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--classes", type=int, default=CLASSES)
    parser.add_argument("--folder", type=Path, help="where to read rows that are written")
    parser.add_argument("--method", default="CCSAV", choices=["CALM", "CCSAV"])
    options = parser.parse_args()
    size = (options.rows, options.classes)
    if options.folder:
        read(options.folder, *size, options.method)
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "store", *size)
        for method in ("CALM", "CCSAV"):
            command = [sys.executable, "-m", "benchmarks.memory", "--folder", f"{folder}/store"]
            command += ["--rows", size[0], "--classes", size[1], "--method", method]
            done = subprocess.run(list(map(str, command)), check=True, capture_output=True)
            fit, predict, peak, accuracy = map(float, done.stdout.split())
            rows.append({"method": method, "rows": size[0], "classes": size[1], "shots": SHOTS})
            rows[-1] |= {"data_gb": round(size[0] * K * D * 2 / 1e9, 1), "peak_mib": round(peak)}
            rows[-1] |= {"fit_s": round(fit, 1), "predict_s": round(predict, 1)}
            rows[-1]["accuracy"] = round(accuracy, 4)
            print(rows[-1], flush=True)
    keep("memory", rows)


if __name__ == "__main__":
    main()
