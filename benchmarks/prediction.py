"""Prediction with C = 309, K = 1024, D = 128: streaming, and with all (N, K, C) posteriors at once.

Each variant runs in a separate process, so that peak memory is measured for it alone.

    python -m benchmarks.prediction
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.machine import keep
from ccsav import CCSAVClassifier
from ccsav.weights import readout

C, K, D, ROUNDS = 309, 1024, 128, 3


def classifier(rng):
    """A fitted classifier with random prototypes and random weights."""
    fitted = CCSAVClassifier.calm()
    fitted.classes_, fitted.readouts_ = np.arange(C), ("prototype",)
    fitted.n_heads_in_, fitted.head_dim_ = K, D
    mu = torch.as_tensor(rng.standard_normal((C, K, D), dtype=np.float32))
    fitted.coef_ = readout.directions(mu).numpy()[None]
    fitted.intercept_ = np.zeros((1, K, C), np.float32)
    fitted.tau_ = np.full((1, K), 0.07, np.float32)
    weights = rng.random((1, K, C), dtype=np.float32)
    fitted.votes_ = weights / weights.sum(1, keepdims=True)
    fitted.joint_share_, fitted.calibration_ = 0.0, 1.0
    return fitted


def materialised(fitted, X):
    """Scores with all posteriors in memory at once, (N, K, C)."""
    coef, weights = torch.as_tensor(fitted.coef_[0]), torch.as_tensor(fitted.votes_[0])
    p = readout.posteriors(readout.cosines(torch.as_tensor(X), coef), 0.07)
    return torch.einsum("nkc,kc->nc", p, weights).numpy()


def run_one(variant: str, n: int) -> None:
    """Run one variant; print its seconds, and its peak memory above that of the data, in MiB."""
    rng = np.random.default_rng(0)
    fitted, X = classifier(rng), rng.standard_normal((n, K, D), dtype=np.float32)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: reset the peak
    before = memory("VmRSS")
    start = time.perf_counter()
    scores = materialised(fitted, X) if variant == "all at once" else fitted.decision_function(X)
    took = time.perf_counter() - start
    print(took, memory("VmHWM") - before, float(scores.sum()))


def memory(field: str) -> float:
    """The memory of this process, current (VmRSS) or peak (VmHWM), in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", nargs=2, metavar=("VARIANT", "N"))
    options = parser.parse_args()
    if options.one:
        run_one(options.one[0], int(options.one[1]))
        return
    rows = []
    for n in (128, 512, 1024):
        runs = {"all at once": [], "streaming": []}
        for _ in range(ROUNDS):
            for variant, kept in runs.items():
                command = [sys.executable, "-m", "benchmarks.prediction", "--one", variant, str(n)]
                output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                kept.append([float(x) for x in output.split()])
        whole, parts = runs["all at once"], runs["streaming"]
        np.testing.assert_allclose(whole[0][2], parts[0][2], rtol=1e-4)  # the same scores
        ratios = [a[0] / b[0] for a, b in zip(whole, parts, strict=True)]
        rows.append(
            {
                "clips": n,
                "posteriors_mib": round(n * K * C * 4 / 2**20),
                "peak_all_at_once_mib": round(statistics.median(r[1] for r in whole)),
                "peak_streaming_mib": round(statistics.median(r[1] for r in parts)),
                "clips_per_s_streaming": round(n / statistics.median(r[0] for r in parts), 1),
                "times_faster_than_all_at_once": round(statistics.median(ratios), 2),
            }
        )
        print(rows[-1], flush=True)
    keep("prediction", rows)


if __name__ == "__main__":
    main()
