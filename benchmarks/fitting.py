"""Fitting and prediction with C = 309 classes of 20 clips, K = 1024, D = 128: CCSAV and CALM.

The head vectors are random, stored as float16 (1.6 GB). Each method runs in a separate process, so
that peak memory (data included) is measured for it alone.

    python -m benchmarks.fitting
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import keep
from benchmarks.prediction import memory
from ccsav_lab.methods import METHODS

C, SHOTS, K, D, QUERIES = 309, 20, 1024, 128, 309
COMPARED = ("CALM", "CCSAV")


def head_vectors(rng, y):
    """In a quarter of the heads a centre per class, and noise; (N, K, D) float16."""
    X = np.empty((len(y), K, D), np.float16)
    for k in range(K):
        centres = rng.standard_normal((C, D), dtype=np.float32) * (k % 4 == 0)
        X[:, k] = centres[y] + 3 * rng.standard_normal((len(y), D), dtype=np.float32)
    return X


def run_one(method: str) -> None:
    """Fit and predict; print seconds of both, the peak in MiB, and the accuracy."""
    y = np.arange(C * SHOTS + QUERIES) % C
    X = head_vectors(np.random.default_rng(0), y)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: reset the peak
    start = time.perf_counter()
    fitted = METHODS[method].fit(X[:-QUERIES], y[:-QUERIES])
    middle = time.perf_counter()
    accuracy = fitted.score(X[-QUERIES:], y[-QUERIES:])
    end = time.perf_counter()
    print(middle - start, end - middle, memory("VmHWM"), accuracy)


def main() -> None:
    """Run both methods and write their times and memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", choices=COMPARED)
    options = parser.parse_args()
    if options.one:
        run_one(options.one)
        return
    runs = {}
    for method in COMPARED:
        command = [sys.executable, "-m", "benchmarks.fitting", "--one", method]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        runs[method] = [float(x) for x in output.split()]
    rows = [
        {
            "method": method,
            "fit_times_calm": round(fit / runs["CALM"][0], 1),
            "predict_times_calm": round(predict / runs["CALM"][1], 1),
            "fit_s": round(fit, 1),
            "predict_s": round(predict, 1),
            "peak_mib": round(peak),
            "accuracy": round(accuracy, 4),
        }
        for method, (fit, predict, peak, accuracy) in runs.items()
    ]
    print(rows)
    keep("fitting", rows)


if __name__ == "__main__":
    main()
