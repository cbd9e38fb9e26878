"""What do class names add to a few-shot vote? Writes figures/results.json.

    python scripts/measure_name_prior.py        (the model must be made first: make small)

For each model and task: how many clips the model names by itself, and what its likelihoods of the
names (`ccsav_lab.name_prior`) change in accuracy, log loss and calibration error of the methods,
paired by group-disjoint episode. No method is given the groups of the support clips.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measure_methods import RESULTS

import ccsav
from ccsav import LALM, Dataset
from ccsav.evaluation.metrics import calibration_error
from ccsav_lab.aligned import dataset_of
from ccsav_lab.first_run import update_results
from ccsav_lab.methods import METHODS
from ccsav_lab.name_prior import NamePrior
from ccsav_lab.sounds import tasks
from ccsav_lab.zero_shot import rankings

QUESTION = "What sound is this?"
SHOTS = (1, 2, 5)
CLASSIFIERS = ("CALM", "HEC", "CCSAV")
WITH = " with names"
METRICS = ("accuracy", "log_loss", "calibration_error")
CLIPS = 15  # per class, of the held-out procedural sounds that the small LALM hears
LEAST = 1e-12  # probability, in the log loss


def read_tasks(names: list[str]) -> Iterator[tuple[str, LALM, Dataset]]:
    """The models and tasks that are asked for, one after the other."""
    recordings = ccsav.load_dataset("recordings")
    mini, small = (
        ccsav.load_lalm(name, device="cpu") if any(n.startswith(name) for n in names) else None
        for name in ("mini", "small")
    )
    for name, lalm, read in (
        ("mini, trained procedural", mini, tasks.sounds_trained),
        ("mini, held-out procedural", mini, tasks.sounds_heldout),
        ("mini, recordings", mini, lambda: cut_to_window(recordings, mini)),
        ("small, recordings", small, lambda: recordings),
        ("small, held-out procedural", small, lambda: tasks.sounds_heldout(clips=CLIPS)),
    ):
        if name in names:
            yield name, lalm, read()


def cut_to_window(dataset: Dataset, lalm: LALM) -> Dataset:
    """The same clips in memory, without what comes after the model's window."""
    samples = round(lalm.window * lalm.rate)
    clips = range(len(dataset))
    waves = [dataset.waveform(i, lalm.rate, lalm.window)[:samples] for i in clips]
    return Dataset(dataset.table, waveforms=waves, rate=lalm.rate)


def measure(X, y, groups, prior, n_episodes: int, seed: int) -> pd.DataFrame:
    """Each classifier without and with names: a row per method, shots and episode."""
    rows = []
    for shots in (n for n in SHOTS if n < np.bincount(y).min()):
        drawn = ccsav.episodes(y, groups, shots=shots, n_episodes=n_episodes, seed=seed)
        for episode, (s, q) in enumerate(drawn):
            for name in CLASSIFIERS:
                row = {"shots": shots, "episode": episode}
                mixed = NamePrior(METHODS[name]).fit(X[s], y[s], prior[s])
                own = mixed.classifier_.predict_proba(X[q])
                rows.append(row | {"method": name} | scores(own, y[q]))
                row |= {"method": name + WITH, "weight": mixed.weight_}
                rows.append(row | scores(mixed.predict_proba(X[q], prior[q]), y[q]))
    return pd.DataFrame(rows)


def scores(proba: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Accuracy, log loss in nats and calibration error of probabilities, (N, C)."""
    right = proba.argmax(axis=1) == y
    return {
        "accuracy": right.mean(),
        "log_loss": -np.log(np.maximum(proba[np.arange(len(y)), y], LEAST)).mean(),
        "calibration_error": calibration_error(right, proba),
    }


def changes(rows: pd.DataFrame) -> list[dict]:
    """One entry per classifier and shots: each metric without names, and its change with them."""
    entries = []
    for name in CLASSIFIERS:
        pair = rows[rows["method"].isin([name, name + WITH])]
        for shots, part in pair.groupby("shots"):
            entry = {"method": name, "shots": int(shots)}
            for metric in METRICS:
                change = ccsav.compare(part, name, metric).loc[(name + WITH, shots)]
                entry[metric] = ccsav.summary(part, metric)["mean"][(name, shots)]
                entry |= {f"{metric}_change": change["mean"]}
                entry |= {f"{metric}_interval": change["interval"]}
            wide = part.pivot(index="episode", columns="method", values="accuracy")
            entry["worst_episode"] = (wide[name + WITH] - wide[name]).min()
            entry["weight"] = part["weight"].mean()
            entries.append({k: v if k in ("method", "shots") else round(float(v), 4)
                            for k, v in entry.items()})  # fmt: skip
    return entries


def main() -> None:
    """Read the command line, measure, write each task as it is done."""
    all_tasks = [f"mini, {kind}" for kind in ("trained procedural", "held-out procedural")]
    all_tasks += ["mini, recordings", "small, recordings", "small, held-out procedural"]
    parser = argparse.ArgumentParser(description="Measure class names as a prior.")
    parser.add_argument("--tasks", nargs="+", default=all_tasks, choices=all_tasks)
    parser.add_argument("--episodes", type=int, default=20, help="for each number of shots")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path(".cache/heads"))
    options = parser.parse_args()
    torch.set_num_threads(1)  # faster for small arrays
    for name, lalm, dataset in read_tasks(options.tasks):
        acts = ccsav.extract(lalm, dataset, QUESTION, cache=options.cache)
        dataset = dataset_of(acts, dataset)
        prior = rankings(lalm, dataset, [QUESTION] * len(dataset), acts.labels)
        rows = measure(acts.X, acts.y, acts.groups, prior, options.episodes, options.seed)
        study = json.loads(RESULTS.read_text("utf-8")).get("name-prior", {})
        study[name] = {
            "clips": len(acts.y),
            "classes": len(acts.labels),
            "names_alone": round(float((prior.argmax(axis=1) == acts.y).mean()), 4),
            "episodes": options.episodes,
            "changes": changes(rows),
        }
        print(name, json.dumps(study[name]), flush=True)
        update_results(RESULTS, "name-prior", study)


if __name__ == "__main__":
    main()
