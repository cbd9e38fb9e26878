"""Measure all methods, baselines and ablations, and write the results to figures/results.json.

    python scripts/measure_methods.py --real ../shared/real    (half an hour on two cores)

Head vectors of real recordings are from whisper-tiny.en, those of procedural sounds from the mini
LALM. In every cell (a task, a set of heads, a number of shots) all methods are measured on the same
group-disjoint episodes. Support clips come without their groups, but for the row that says so.
"""

import argparse
import multiprocessing
import os
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import ccsav
from ccsav import CCSAVClassifier
from ccsav.evaluation.comparison import evaluate
from ccsav_lab.baselines import BASELINES
from ccsav_lab.first_run import update_results
from ccsav_lab.methods import METHODS
from ccsav_lab.transductive import TransductiveCCSAVClassifier

RESULTS = Path(__file__).resolve().parents[1] / "figures" / "results.json"
SHOTS = {"real": (1, 3, 5, 10, 15), "mini": (1, 5, 10)}
GIVEN = "groups given"


class SingleClips(CCSAVClassifier):
    """CCSAV that leaves out support clips one at a time, not with similar ones of their class."""

    def fit(self, X, y):
        """Give each clip a group of its own, but where each class has one clip."""
        singly = None if len(np.unique(y)) == len(y) else np.arange(len(y))
        return super().fit(X, y, groups=singly)


TAKES = 10  # of each digit and speaker in FSDD: 600 of 3,000 recordings
ABLATIONS = {
    "weights averaged over classes": CCSAVClassifier(alpha=np.inf),
    "no shrinkage": CCSAVClassifier(alpha=0),
    "prototypes only": CCSAVClassifier(readout="prototype"),
    "ridge only": CCSAVClassifier(readout="ridge"),
    "one temperature": CCSAVClassifier(tau=0.1),
    "resubstitution": CCSAVClassifier(estimate="resubstitution"),
    "20 heads per class": CCSAVClassifier(top_k=20),
    "no joint vote": CCSAVClassifier(joint=0),
    "no floor": CCSAVClassifier(floor=0),
    "clips left out singly": SingleClips(),
}


def real_tasks(folder: Path, cache: Path) -> dict:
    """ESC-10 by fold, digits by speaker, speakers by digit: {task: (activations, y, groups)}."""
    lalm = ccsav.load_lalm(folder / "whisper-tiny.en", device="cpu")
    options = {"heads": "all", "batch_size": 4, "cache": cache}
    esc = ccsav.extract(lalm, ccsav.load_dataset(folder / "esc10", group="fold"), **options)
    fsdd = ccsav.load_dataset(folder / "fsdd", group="speaker")
    fsdd = fsdd.subset((fsdd.table["take"] < TAKES).to_numpy())
    digits = ccsav.extract(lalm, fsdd, **options)
    speaker, digit = (digits.table[name].astype(str).to_numpy() for name in ("speaker", "label"))
    return {
        "esc10": (esc, esc.y, esc.groups),
        "digits": (digits, digit, speaker),
        "speaker": (digits, speaker, digit),
    }


def mini_tasks(cache: Path) -> dict:
    """The course's tasks on procedural sounds, each with a question that fits it."""
    lalm = ccsav.load_lalm("mini", device="cpu")
    tasks = {}
    for name, question in {
        "sounds-heldout": "What sound is this?",
        "sounds-families": "What kind of sound is this?",
        "spoof": "Is this real or resynthesised?",
    }.items():
        acts = ccsav.extract(
            lalm, ccsav.load_dataset(name), question, heads="all", cache=cache, batch_size=16
        )
        tasks[name] = (acts, acts.y, acts.groups)
    return tasks


def measure(task, shots, n_episodes: int, seed: int, workers: int = 1) -> pd.DataFrame:
    """All methods on one task: a row per heads, method, shots and episode."""
    acts, y, groups = task
    work = [
        (name, acts.X[:, mask], n) for name, mask in acts.head_sets().items() for n in shots[::-1]
    ]
    one = partial(measure_cell, y=y, groups=groups, n_episodes=n_episodes, seed=seed)
    if workers == 1:
        return pd.concat(map(one, work))
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return pd.concat(pool.imap(one, work))


def measure_cell(work, y, groups, n_episodes: int, seed: int) -> pd.DataFrame:
    """All methods on one set of heads, with one number of shots: a row per method and episode."""
    torch.set_num_threads(1)  # faster for small arrays
    name, X, n = work
    methods = METHODS | ABLATIONS | BASELINES
    if n == 1:  # discriminant analysis needs two clips of a class
        methods = {k: m for k, m in methods.items() if "discriminant" not in k}
    options = {"shots": [n], "n_episodes": n_episodes, "seed": seed, "progress": False}
    rows = evaluate(methods, X, y, groups, tell_groups=False, **options)
    given = evaluate({GIVEN: CCSAVClassifier()}, X, y, groups, **options)
    return pd.concat([rows, given]).assign(heads=name)


def unlabelled(tasks: dict, n_episodes: int, seed: int) -> list[dict]:
    """What unlabelled queries add at one shot: a row per task and heads."""
    methods = {"CCSAV": CCSAVClassifier(), "with queries": TransductiveCCSAVClassifier()}
    options = {"shots": [1], "n_episodes": n_episodes, "seed": seed, "progress": False}
    entries = []
    for task, (acts, y, groups) in tasks.items():
        for name, mask in acts.head_sets().items():
            rows = evaluate(methods, acts.X[:, mask], y, groups, tell_groups=False, **options)
            means = ccsav.summary(rows)["mean"].droplevel("shots")
            gain = ccsav.compare(rows, "CCSAV").loc["with queries"].iloc[0]
            numbers = {"alone": means["CCSAV"], "with_queries": means["with queries"]}
            numbers |= {"gain": gain["mean"], "interval": gain["interval"]}
            numbers = {key: round(float(x), 4) for key, x in numbers.items()}
            entries.append({"task": task, "heads": name} | numbers)
    return entries


def cells(rows: pd.DataFrame) -> list[dict]:
    """One entry per task, heads, shots and method: means and 95 % intervals over episodes."""
    entries = []
    for (task, heads), part in rows.groupby(["task", "heads"], sort=False):
        table = ccsav.summary(part)
        table = table.join(ccsav.compare(part, "CALM").add_prefix("over_calm_"))
        for metric in ("macro_f1", "calibration_error", "equal_error_rate"):
            table[metric] = ccsav.summary(part, metric)["mean"]
        for (method, shots), row in table.iterrows():
            numbers = {k: round(float(v), 4) for k, v in row.items() if v == v}
            entries.append(
                {"task": task, "heads": heads, "shots": shots, "method": method} | numbers
            )
    return entries


def overall(rows: pd.DataFrame) -> list[dict]:
    """Each method's mean over cells, and its difference to CCSAV, paired by episode."""
    wide = rows.pivot(
        index="episode", columns=["task", "heads", "shots", "method"], values="accuracy"
    )
    ccsav_alone = wide.xs("CCSAV", axis=1, level="method")
    others = ["SAV", "CALM", "HEC", *BASELINES]
    entries = []
    for method in rows["method"].unique():
        accuracy = wide.xs(method, axis=1, level="method")
        reference = ccsav_alone[accuracy.columns]  # in the cells that both were measured in
        difference = (accuracy - reference).mean(axis=1)  # of each episode
        best = pd.concat(
            [wide.xs(m, axis=1, level="method").mean() for m in others if m != method], axis=1
        ).max(axis=1)
        behind = accuracy.mean() - best  # of each cell
        several = behind[behind.index.get_level_values("shots") > 1]
        entries.append(
            {
                "method": method,
                "cells": len(accuracy.columns),
                "mean": float(accuracy.mean().mean()),
                "ccsav_there": float(reference.mean().mean()),
                "to_ccsav": float(difference.mean()),
                "interval": half_interval(difference),
                "worst_to_best_other": float(behind.min()),
                "worst_of_several_shots": float(several.min()),
            }
        )
    return entries


def half_interval(values: pd.Series) -> float:
    """Half the 95 % interval of a mean over episodes."""
    table = pd.DataFrame({"method": "", "shots": 0, "accuracy": values.to_numpy()})
    return float(ccsav.summary(table)["interval"].iloc[0])


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description="Measure all methods.")
    parser.add_argument("--real", type=Path, help="folder with esc10/, fsdd/, whisper-tiny.en/")
    parser.add_argument("--episodes", type=int, default=20, help="for each number of shots")
    parser.add_argument("--seed", type=int, default=0, help="of the episodes")
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache/heads"), help="folder for head vectors"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    options = parser.parse_args()
    sets = {"mini": mini_tasks(options.cache)}
    if options.real:
        sets["real"] = real_tasks(options.real, options.cache)
    for name, tasks in sets.items():
        rows = []
        for task, data in tasks.items():
            table = measure(data, SHOTS[name], options.episodes, options.seed, options.workers)
            rows.append(table.assign(task=task))
            print(task, (100 * ccsav.summary(rows[-1])["mean"].unstack()).round(1), sep="\n")
        rows = pd.concat(rows)
        settings = {"episodes": options.episodes, "seed": options.seed}
        study = {"settings": settings, "overall": overall(rows), "cells": cells(rows)}
        study["unlabelled"] = unlabelled(tasks, options.episodes, options.seed)
        update_results(RESULTS, f"methods-{name}", study)


if __name__ == "__main__":
    main()
