"""Does a model use labelled clips in its prompt? Writes figures/results.json.

    python scripts/measure_in_context.py        (the model must be made first: make small)

In each group-disjoint episode, one query per class is classified without examples, with k of the
support clips in the prompt (`ccsav_lab.in_context`), and by classifiers of head vectors that are
fitted on the same support clips. Differences to the answers without examples are paired by episode.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measure_methods import RESULTS
from measure_name_prior import QUESTION, read_tasks
from sklearn.base import clone

import ccsav
from ccsav import LALM, Dataset, HeadActivations
from ccsav_lab.aligned import dataset_of
from ccsav_lab.first_run import update_results
from ccsav_lab.in_context import classify_in_context, drawn_examples, nearest_examples
from ccsav_lab.methods import METHODS

TASKS = ["mini, held-out procedural", "mini, recordings", "small, recordings"]
SHOTS = 5  # support clips per class
EXAMPLES = (1, 3, 5)
ALONE = "no examples"


def queries_of(y: np.ndarray, query: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One query of each class, drawn from the queries of an episode, (C,)."""
    return np.array([rng.choice(query[y[query] == c]) for c in np.unique(y)])


def measure(
    lalm: LALM, dataset: Dataset, acts: HeadActivations, n_episodes: int, seed: int, batch: int = 4
) -> pd.DataFrame:
    """Accuracy of every way: a row per method and episode."""
    rng, rows, dataset = np.random.default_rng(seed), [], dataset_of(acts, dataset)
    drawn = ccsav.episodes(acts.y, acts.groups, shots=SHOTS, n_episodes=n_episodes, seed=seed)
    for episode, (s, query) in enumerate(drawn):
        q = queries_of(acts.y, query, rng)
        support, queries = dataset.subset(s), dataset.subset(q)
        truth, known = acts.labels[acts.y[q]], acts.labels[acts.y[s]]
        ways = {ALONE: np.empty((len(q), 0), int)}
        for k in EXAMPLES:
            ways[f"{k} nearest"] = nearest_examples(acts.X[q], acts.X[s], k)
            ways[f"{k} drawn"] = drawn_examples(len(q), len(s), k, seed + episode)
        answers = {
            name: classify_in_context(
                lalm, queries, support, examples, acts.labels, QUESTION,
                batch_size=batch, progress=False,
            )["predicted"].to_numpy()
            for name, examples in ways.items()
        }  # fmt: skip
        answers["label of the nearest"] = known[ways["1 nearest"][:, 0]]
        for name, method in METHODS.items():
            answers[name] = clone(method).fit(acts.X[s], known).predict(acts.X[q])
        rows += [
            {"method": name, "shots": SHOTS, "episode": episode, "accuracy": (a == truth).mean()}
            for name, a in answers.items()
        ]
        print(
            pd.DataFrame(rows).groupby("method", sort=False)["accuracy"].mean().round(3).to_dict()
        )
    return pd.DataFrame(rows)


def entries(rows: pd.DataFrame) -> list[dict]:
    """One entry per method: mean, and difference to the answers without examples."""
    differences = ccsav.compare(rows, ALONE)
    found = []
    for (method, shots), row in ccsav.summary(rows).iterrows():
        entry = {"mean": row["mean"], "interval": row["interval"]}
        if method != ALONE:
            to_alone = differences.loc[(method, shots)]
            entry |= {"difference": to_alone["mean"]}
            entry |= {"difference_interval": to_alone["interval"]}
        found.append({"method": method} | {k: round(float(v), 4) for k, v in entry.items()})
    return found


def main() -> None:
    """Read the command line, measure, write each task as it is done."""
    parser = argparse.ArgumentParser(description="Measure in-context examples.")
    parser.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path(".cache/heads"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, lalm, dataset in read_tasks(options.tasks):
        acts = ccsav.extract(lalm, dataset, QUESTION, cache=options.cache)
        rows = measure(lalm, dataset, acts, options.episodes, options.seed)
        study = json.loads(RESULTS.read_text("utf-8")).get("in-context", {})
        study[name] = {
            "classes": len(acts.labels),
            "queries": options.episodes * len(acts.labels),
            "episodes": options.episodes,
            "shots": SHOTS,
            "methods": entries(rows),
        }
        print(name, json.dumps(study[name]), flush=True)
        update_results(RESULTS, "in-context", study)


if __name__ == "__main__":
    main()
