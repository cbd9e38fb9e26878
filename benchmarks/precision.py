"""bfloat16 against float32 on the CPU: speed, head vectors, and few-shot accuracy.

The two alternate in one run. Accuracy is on the same episodes; its difference is paired.

    python -m benchmarks.precision [--real FOLDER]      (make small first)
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import ccsav
from benchmarks.machine import keep

BATCHES, ROUNDS, SHOTS, EPISODES = (1, 16), 4, 5, 40


def speeds(models: dict, waves: list, batch: int) -> dict:
    """Clips per second of each model, by turns; the median over rounds."""
    rates = {kind: [] for kind in models}
    for _ in range(ROUNDS):
        for kind, lalm in models.items():
            start, done = time.perf_counter(), 0
            while done < 32:
                lalm.head_vectors(waves[:batch])
                done += batch
            rates[kind].append(done / (time.perf_counter() - start))
    return {kind: float(np.median(values[1:])) for kind, values in rates.items()}


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cosine between the head vectors of two extractions, (N, K, D) twice → (N, K)."""
    first, second = (torch.as_tensor(x).double() for x in (first, second))
    return torch.cosine_similarity(first, second, dim=-1).numpy()


def measure(name, dataset, window=None) -> dict:
    """Speed by batch size, likeness of head vectors, and accuracy, for one model and dataset."""
    models = {
        kind: ccsav.load_lalm(name, "cpu", kind, window=window) for kind in ("float32", "bfloat16")
    }
    acts = {kind: ccsav.extract(lalm, dataset, dtype="float32") for kind, lalm in models.items()}
    results = pd.concat(
        ccsav.evaluate(
            {kind: ccsav.CCSAVClassifier()}, a.X, a.y, a.groups,
            shots=[SHOTS], n_episodes=EPISODES, progress=False,
        )
        for kind, a in acts.items()
    )  # fmt: skip
    change = ccsav.compare(results, "float32").loc[("bfloat16", SHOTS)]
    alike = cosines(acts["bfloat16"].X, acts["float32"].X)
    rate = models["float32"].rate
    waves = [dataset.waveform(i, rate) for i in range(max(BATCHES))]
    row = {
        "model": Path(str(name)).name,
        "clip_s": round(float(np.median(list(map(len, waves)))) / rate, 1),
    }
    for batch in BATCHES:
        found = speeds(models, waves, batch)
        row[f"clips_per_s_{batch}"] = round(found["bfloat16"], 1)
        row[f"times_float32_{batch}"] = round(found["bfloat16"] / found["float32"], 2)
    row |= {
        "cosine_median": round(float(np.median(alike)), 5),
        "cosine_lowest_percent": round(float(np.quantile(alike, 0.01)), 4),
        "accuracy_float32": round(float(ccsav.summary(results).loc[("float32", SHOTS), "mean"]), 4),
        "change": round(float(change["mean"]), 4),
        "interval": round(float(change["interval"]), 4),
        "threads": torch.get_num_threads(),
    }
    print(row, flush=True)
    return row


def main() -> None:
    """Read the command line, measure, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, help="folder with whisper-tiny.en/")
    options = parser.parse_args()
    recordings = ccsav.load_dataset("recordings")
    rows = [measure("mini", ccsav.load_dataset("sounds-heldout")), measure("small", recordings)]
    if options.real:
        rows.append(measure(options.real / "whisper-tiny.en", recordings, window=8))
    keep("precision", rows)


if __name__ == "__main__":
    main()
