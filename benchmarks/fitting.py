"""Fitting and predicting at C = 309 classes of 20 clips, K = 1024, D = 128: default against paper.

The head vectors are random, stored as float16 (1.6 GB). Each variant runs in a process of its own,
so that its peak memory, data included, is its own.

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
from ccsav import CCSAVClassifier

C, SHOTS, K, D, QUERIES = 309, 20, 1024, 128, 309
VARIANTS = {"paper": CCSAVClassifier.paper(), "default": CCSAVClassifier()}


def head_vectors(rng, y):
    """One centre per class, in a quarter of the heads, and noise; (N, K, D) float16."""
    X = np.empty((len(y), K, D), np.float16)
    for k in range(K):
        centres = rng.standard_normal((C, D), dtype=np.float32) * (k % 4 == 0)
        X[:, k] = centres[y] + 3 * rng.standard_normal((len(y), D), dtype=np.float32)
    return X


def one(variant: str) -> None:
    """Fit and predict; print seconds of both, the peak in MiB, and the accuracy."""
    y = np.arange(C * SHOTS + QUERIES) % C
    X = head_vectors(np.random.default_rng(0), y)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the peak so far
    start = time.perf_counter()
    fitted = VARIANTS[variant].fit(X[:-QUERIES], y[:-QUERIES])
    middle = time.perf_counter()
    accuracy = fitted.score(X[-QUERIES:], y[-QUERIES:])
    end = time.perf_counter()
    print(middle - start, end - middle, memory("VmHWM"), accuracy)


def main() -> None:
    """Run both variants and keep what they took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", choices=list(VARIANTS))
    options = parser.parse_args()
    if options.one:
        one(options.one)
        return
    runs = {}
    for variant in VARIANTS:
        command = [sys.executable, "-m", "benchmarks.fitting", "--one", variant]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        runs[variant] = [float(x) for x in output.split()]
    rows = [
        {
            "method": variant,
            "fit_times_paper": round(fit / runs["paper"][0], 1),
            "predict_times_paper": round(predict / runs["paper"][1], 1),
            "fit_s": round(fit, 1),
            "predict_s": round(predict, 1),
            "peak_mib": round(peak),
            "accuracy": round(accuracy, 4),
        }
        for variant, (fit, predict, peak, accuracy) in runs.items()
    ]
    print(rows)
    keep("fitting", rows)


if __name__ == "__main__":
    main()
