"""bfloat16 against float32 on the CPU: speed, head vectors, and few-shot accuracy.

The two alternate in one run. Accuracy is on the same episodes; its difference is paired.

    python -m benchmarks.precision [--real FOLDER]      (make small first)
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import ccsav
from benchmarks.machine import keep

BATCHES, ROUNDS, SHOTS, EPISODES = (1, 16), 4, 5, 40
METHODS = {"CCSAV": ccsav.CCSAVClassifier()}


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


def measure(name, dataset, window=None) -> list[dict]:
    """A row per batch size for one model on one dataset."""
    models = {
        kind: ccsav.load_lalm(name, "cpu", kind, window=window) for kind in ("float32", "bfloat16")
    }
    acts = {kind: ccsav.extract(lalm, dataset, dtype="float32") for kind, lalm in models.items()}
    accuracy = {
        kind: ccsav.evaluate(
            METHODS, a.X, a.y, a.groups, shots=[SHOTS], n_episodes=EPISODES, progress=False
        )["accuracy"].to_numpy()
        for kind, a in acts.items()
    }  # fmt: skip
    change = accuracy["bfloat16"] - accuracy["float32"]
    alike = cosines(acts["bfloat16"].X, acts["float32"].X)
    lalm = models["float32"]
    waves = [dataset.waveform(i, lalm.rate) for i in range(max(BATCHES))]
    rows = []
    for batch in BATCHES:
        rate = speeds(models, waves, batch)
        rows.append({
            "model": Path(str(name)).name,
            "batch_size": batch,
            "clip_s": round(float(np.median([len(w) for w in waves])) / lalm.rate, 1),
            "clips_per_s": round(rate["bfloat16"], 1),
            "times_float32": round(rate["bfloat16"] / rate["float32"], 2),
            "cosine_median": round(float(np.median(alike)), 5),
            "cosine_worst_percent": round(float(np.quantile(alike, 0.01)), 4),
            "accuracy_float32": round(float(accuracy["float32"].mean()), 4),
            "change": round(float(change.mean()), 4),
            "interval": round(float(1.96 * change.std(ddof=1) / np.sqrt(len(change))), 4),
        })  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Read the command line, measure, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, help="folder with whisper-tiny.en/")
    options = parser.parse_args()
    recordings = ccsav.load_dataset("recordings")
    rows = measure("mini", ccsav.load_dataset("sounds-heldout"))
    rows += measure("small", recordings)
    if options.real:
        rows += measure(options.real / "whisper-tiny.en", recordings, window=8)
    keep("precision", rows)


if __name__ == "__main__":
    main()
