"""Speed of one, two and four ranks with one thread each, against so many times one rank.

Every rank is a process that loads the mini LALM, waits for the others, and computes its part of the
clips; the time is from their common start to the end of the last.

    python -m benchmarks.ranks [--clips N]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import ccsav
from benchmarks.machine import keep

CLIPS, RANKS, ROUNDS = 600, (1, 2, 4), 3


def one(rank: int, ranks: int, clips: int, cache: str) -> None:
    """Load, say so, wait for a line, extract."""
    waves = np.random.default_rng(0).normal(0, 0.1, (clips, 16_000)).astype(np.float32)
    dataset, lalm = ccsav.Dataset.from_arrays(list(waves), 16_000), ccsav.load_lalm("mini")
    ccsav.extract(lalm, dataset.subset(range(16)), progress=False)  # the first pass is slower
    print("ready", flush=True)
    sys.stdin.readline()
    ccsav.extract(lalm, dataset, cache=cache, rank=(rank, ranks), progress=False)


def timed(ranks: int, clips: int) -> float:
    """Seconds that some ranks take for all clips."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "benchmarks.ranks", "--clips", str(clips), "--one"]
        processes = [
            subprocess.Popen([*command, str(i), str(ranks), cache], **pipes) for i in range(ranks)
        ]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        start = time.perf_counter()
        for process in processes:
            print(file=process.stdin, flush=True)
        for process in processes:
            assert process.wait() == 0
        return time.perf_counter() - start


def main() -> None:
    """Measure in turn, for several rounds, and keep medians of the ratios within a round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--one", nargs=3, metavar=("RANK", "RANKS", "CACHE"))
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    if options.one:
        rank, ranks, cache = options.one
        one(int(rank), int(ranks), options.clips, cache)
        return
    times = [{ranks: timed(ranks, options.clips) for ranks in RANKS} for _ in range(ROUNDS)]
    rows = [
        {
            "ranks": ranks,
            "clips_per_s": round(options.clips / float(np.median([t[ranks] for t in times])), 1),
            "of_linear": round(float(np.median([t[1] / (ranks * t[ranks]) for t in times])), 2),
        }
        for ranks in RANKS
    ]
    print(rows)
    keep("ranks", rows)


if __name__ == "__main__":
    main()
