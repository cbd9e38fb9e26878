"""Fill the table, in steps that are each taken up again where they were left."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.multioutput import MultiOutputClassifier
from sklearn.utils.validation import has_fit_parameter
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset
from ccsav.evaluation.comparison import summary
from ccsav.evaluation.metrics import multi_label_score, score
from ccsav.extraction.activations import HeadActivations
from ccsav.extraction.pipeline import extract
from ccsav.lalm.model import LALM
from ccsav_lab.zero_shot import PROTOCOLS, rankings, zero_shot

from .protocol import METHODS, Episode, held, plan

CHUNK = 256  # clips after which answers are written down
METRICS = ["accuracy", "macro_f1", "equal_error_rate", "exact_match", "mean_average_precision"]


def run(
    lalm: LALM,
    dataset: Dataset,
    out: str | Path,
    question: str | None = None,
    *,
    shots: int = 5,
    n_episodes: int = 5,
    limit: int | None = None,
    modality: str = "audio",
    asked: bool = True,
    batch_size: int = 16,
    seed: int = 0,
    cache: str | Path | None = None,
) -> pd.DataFrame:
    """Extract, classify from examples and without, and measure, on the official split.

    lalm: from `load_lalm`. dataset: with its official split, see `plan`, as are shots, n_episodes,
    limit and seed. out: folder for answers and scores; what is there is not computed again.
    cache: folder for head vectors, see `extract`; default: in `out`. question, modality,
    batch_size: as in `extract`. asked: ask the model as well, without examples, in every
    protocol (of a clip with several labels, only rank them).

    Returns a row per heads and method, with the mean of each metric and half its 95 % interval over
    episodes (none for answers, which need no draw). Raises `ValueError` if `out` holds the
    results of other settings, and what `plan` and `extract` raise.
    """
    out = Path(out)
    episodes = plan(dataset, shots, n_episodes, limit, seed)
    used = np.unique(np.concatenate([clips for e in episodes for clips in (e.support, e.query)]))
    some = dataset.subset(used)
    _same(out, lalm, some, question, shots, n_episodes, limit, modality, seed)
    options = {"modality": modality, "batch_size": batch_size}
    acts = extract(lalm, some, question, heads="all", cache=cache or out / "heads", **options)
    episodes = [
        Episode(e.part, np.searchsorted(used, e.support), np.searchsorted(used, e.query))
        for e in episodes
    ]
    rows = pd.concat(_few_shot(acts, some, episodes, out / "few_shot.csv"), ignore_index=True)
    table = summarised(rows.assign(shots=shots))
    if asked:
        queries = np.unique(np.concatenate([e.query for e in episodes]))
        answered = _asked(lalm, some.subset(queries), out, question, seed, options)
        table = pd.concat([answered, table])
    return table


def summarised(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and half interval of every metric that was measured, a row per heads and method."""
    parts = {}
    for heads, part in rows.groupby("heads", sort=False):
        columns = [metric for metric in METRICS if metric in part and part[metric].notna().any()]
        of = {metric: summary(part, metric).droplevel("shots") for metric in columns}
        flat = {metric: table["mean"] for metric, table in of.items()}
        flat |= {f"{metric}_interval": table["interval"] for metric, table in of.items()}
        parts[heads] = pd.DataFrame(flat)
    return pd.concat(parts, names=["heads", "method"])


def _few_shot(acts: HeadActivations, dataset, episodes, file) -> Iterator[pd.DataFrame]:
    """Scores of every method on every episode, from the file or computed and added to it."""
    classes = held(dataset)
    several = "labels" in dataset.table
    groups = None if acts.groups is None else np.asarray(acts.groups)
    answering = (acts.heads["kind"] != "encoder").to_numpy()
    sets = {"decoder heads": answering, "all heads": np.ones_like(answering)}
    if answering.all():
        del sets["all heads"]
    done = pd.read_csv(file) if file.is_file() else pd.DataFrame(columns=["heads", "episode"])
    yield done
    for number, (part, support, query) in enumerate(tqdm(episodes, unit=" episodes")):
        for heads, mask in sets.items():
            if ((done["heads"] == heads) & (done["episode"] == number)).sum() == len(METHODS):
                continue
            X, rows = acts.X[:, mask], []
            for name, method in METHODS.items():
                if several:
                    found = _several(method, X, classes, support, query)
                else:
                    y = dataset.table["label"].to_numpy()
                    takes = groups is not None and has_fit_parameter(method, "groups")
                    told = {"groups": groups[support]} if takes else {}
                    fitted = clone(method).fit(X[support], y[support], **told)
                    found = score(fitted, X[query], y[query])
                rows.append(
                    {"heads": heads, "method": name, "part": part, "episode": number} | found
                )
            table = pd.DataFrame(rows).reindex(
                columns=["heads", "method", "part", "episode", *METRICS]
            )
            _add(table, file)
            yield table


def _several(method, X, classes, support, query):
    """One classifier per class, present or absent; without probabilities, scores do."""
    Y = classes.to_numpy()
    fitted = MultiOutputClassifier(clone(method)).fit(X[support], Y[support])
    if hasattr(method, "predict_proba"):
        proba = np.stack([p[:, 1] for p in fitted.predict_proba(X[query])], axis=1)
    else:
        scores = [one.decision_function(X[query]) for one in fitted.estimators_]
        proba = 1 / (1 + np.exp(-np.stack(scores, axis=1)))
    return multi_label_score(Y[query], proba)


def _asked(lalm, dataset, out, question, seed, options):
    """What the model says without examples: a row per protocol and way to read its answer."""
    if "labels" in dataset.table:
        names = list(held(dataset))
        chunks = _chunks(dataset, out / "ranked.csv", lambda some: pd.DataFrame(
            rankings(lalm, some, [question] * len(some), names, **options), columns=names
        ))  # fmt: skip
        scores = chunks[names].to_numpy()
        found = multi_label_score(held(dataset).to_numpy(), scores)
        del found["exact_match"]  # likelihoods have no threshold
        return _as_rows({"zero-shot, open, rank": found})
    rows = {}
    for protocol in PROTOCOLS:
        for by in ("answer", "rank"):
            labels = sorted(dataset.table["label"].unique())
            how = {"protocol": protocol, "by": by, "seed": seed, "n_options": min(4, len(labels))}
            asked = question if protocol == "open" else None
            table = _chunks(
                dataset,
                out / f"{protocol}-{by}.csv",
                lambda some, asked=asked, how=how, labels=labels: zero_shot(
                    lalm, some, labels, asked, **how, **options
                ),
            )
            right = table["predicted"] == table["label"]
            rows[f"zero-shot, {protocol}, {by}"] = {"accuracy": right.mean()}
    return _as_rows(rows)


def _as_rows(found):
    table = pd.DataFrame(found).T
    table.index = pd.MultiIndex.from_product([[""], table.index], names=["heads", "method"])
    return table


def _chunks(dataset, file, work):
    """`work` on CHUNK clips at a time, each part added to the file, from where the file ends."""
    done = len(pd.read_csv(file)) if file.is_file() else 0
    for start in range(done, len(dataset), CHUNK):
        part = work(dataset.subset(range(start, min(start + CHUNK, len(dataset)))))
        _add(part, file)
    return pd.read_csv(file)


def _add(table, file):
    """Add rows to a CSV file, all of them or, should the process die, none."""
    before = file.read_text("utf-8") if file.is_file() else ""
    partial = file.with_suffix(".partial")
    partial.write_text(before + table.to_csv(index=False, header=not before), "utf-8")
    os.replace(partial, file)


def _same(out, lalm, dataset, question, *settings):
    """Write down what is measured here, or raise if the folder holds something else."""
    names = ["shots", "n_episodes", "limit", "modality", "seed"]
    now = dict(zip(names, settings, strict=True)) | {
        "model": lalm.fingerprint,
        "window_s": lalm.window,
        "question": question,
        "clips": len(dataset),
        "first_and_last": dataset.table["path"].iloc[[0, -1]].tolist(),
    }
    file = out / "settings.json"
    before = json.loads(file.read_text("utf-8")) if file.is_file() else now
    other = [name for name, value in now.items() if before.get(name) != value]
    if other:
        raise ValueError(f"{out} holds results of other {', '.join(other)}: choose another folder.")
    out.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", "utf-8")
