"""Fitting for several labels per clip: 527 classes (AudioSet's), 20 clips of each, two per clip.

K = 1024 heads, D = 128, random vectors stored as float16 (1.4 GB). Each method runs in a separate
process, so that peak memory (data included) is measured for it alone.

    python -m benchmarks.several_labels [--heads 1024]
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import keep
from benchmarks.prediction import memory
from ccsav import MultiLabelCCSAVClassifier

C, SHOTS, LABELS, D = 527, 20, 2, 128
COMPARED = {"CALM": MultiLabelCCSAVClassifier.calm(), "CCSAV": MultiLabelCCSAVClassifier()}


def clips(heads: int) -> tuple[np.ndarray, np.ndarray]:
    """Head vectors (N, K, D), in a quarter of the heads the sum of two centres; and Y (N, C)."""
    rng = np.random.default_rng(0)
    first = np.tile(np.arange(C), SHOTS // LABELS)  # (N,)
    second = (first + np.repeat(np.arange(1, 1 + SHOTS // LABELS), C)) % C
    X = np.empty((len(first), heads, D), np.float16)
    for k in range(heads):
        centres = rng.standard_normal((C, D), dtype=np.float32) * (k % 4 == 0)
        noise = 3 * rng.standard_normal((len(first), D), dtype=np.float32)
        X[:, k] = centres[first] + centres[second] + noise
    Y = np.zeros((len(first), C), int)
    Y[np.arange(len(first)), first] = Y[np.arange(len(first)), second] = 1
    return X, Y


def run_one(method: str, heads: int) -> None:
    """Fit; print seconds and the peak in MiB."""
    X, Y = clips(heads)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: reset the peak
    start = time.perf_counter()
    COMPARED[method].fit(X, Y)
    print(time.perf_counter() - start, memory("VmHWM"))


def main() -> None:
    """Run both methods and write their times and memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", choices=COMPARED)
    parser.add_argument("--heads", type=int, default=1024)
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options.heads)
        return
    runs = {}
    for method in COMPARED:
        command = [sys.executable, "-m", "benchmarks.several_labels", "--one", method]
        command += ["--heads", str(options.heads)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        runs[method] = [float(x) for x in output.split()]
    rows = [
        {
            "method": method,
            "heads": options.heads,
            "fit_times_calm": round(fit / runs["CALM"][0], 1),
            "fit_s": round(fit, 1),
            "peak_mib": round(peak),
        }
        for method, (fit, peak) in runs.items()
    ]
    print(rows)
    keep("several labels", rows)


if __name__ == "__main__":
    main()
