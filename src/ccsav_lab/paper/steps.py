"""Fill the table step by step; each step continues after an interruption."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.multioutput import MultiOutputClassifier
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset
from ccsav.evaluation.comparison import fit_with_groups, summary
from ccsav.evaluation.metrics import score
from ccsav.extraction.activations import HeadActivations
from ccsav.extraction.pipeline import extract
from ccsav.extraction.store import write_whole
from ccsav.lalm.model import LALM
from ccsav_lab.zero_shot import PROTOCOLS, classify, rankings

from .protocol import COMPARED, Episode, class_indicators, multi_label_score, plan

CHUNK = 256  # clips after which answers are written to the file
METRICS = ["accuracy", "macro_f1", "equal_error_rate", "exact_match", "mean_average_precision"]


def fill_table(
    lalm: LALM,
    dataset: Dataset,
    out: str | Path,
    question: str | None = None,
    *,
    shots: int = 5,
    n_episodes: int = 5,
    limit: int | None = None,
    modality: str = "audio",
    zero_shot: bool = True,
    batch_size: int = 16,
    seed: int = 0,
    cache: str | Path | None = None,
) -> pd.DataFrame:
    """Measure all methods on the official split of a dataset, with support clips and without.

    Parameters
    ----------
    lalm : from `load_lalm`.
    dataset : with its official split.
    out : folder for answers and scores; those already in it are not computed again.
    shots, n_episodes, limit, seed : as in `plan`.
    question, modality, batch_size : as in `extract`.
    zero_shot : also classify without support clips, in every protocol of `zero_shot.classify` (for
        clips with several labels, only by label likelihoods).
    cache : folder for head vectors, see `extract`; default: in `out`.

    Returns
    -------
    pd.DataFrame
        A row per heads and method: the mean of each metric, and half its 95 % interval over
        episodes (none for zero-shot rows, which do not depend on support sets).

    Raises
    ------
    ValueError
        If `out` holds the results of other settings; also all errors of `plan` and `extract`.
    """
    out = Path(out)
    planned = plan(dataset, shots, n_episodes, limit, seed)
    used = np.unique(np.concatenate([clips for e in planned for clips in (e.support, e.query)]))
    dataset, episodes = dataset.subset(used), [_renumbered(e, used) for e in planned]
    draw = {"shots": shots, "n_episodes": n_episodes, "limit": limit, "modality": modality}
    _check_settings(out, draw | {"seed": seed} | _identity(lalm, dataset, question))
    options = {"modality": modality, "batch_size": batch_size}
    acts = extract(lalm, dataset, question, heads="all", cache=cache or out / "heads", **options)
    rows = _few_shot(acts, dataset, episodes, out / "few_shot.csv")
    table = _summarised(rows.assign(shots=shots))
    if zero_shot:
        queries = dataset.subset(np.unique(np.concatenate([e.query for e in episodes])))
        zero_shot_rows = _ranked if "labels" in dataset.table else _classified
        table = pd.concat([zero_shot_rows(lalm, queries, out, question, seed, options), table])
    return table


def _renumbered(episode: Episode, used: np.ndarray) -> Episode:
    """The episode with places in `used` (sorted) in place of the indices."""
    part, support, query = episode
    return Episode(part, np.searchsorted(used, support), np.searchsorted(used, query))


def _summarised(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and half interval of every metric that was measured, a row per heads and method."""
    parts = {}
    for heads, part in rows.groupby("heads", sort=False):
        measured = [metric for metric in METRICS if metric in part and part[metric].notna().any()]
        tables = {metric: summary(part, metric).droplevel("shots") for metric in measured}
        columns = {metric: table["mean"] for metric, table in tables.items()}
        columns |= {f"{metric}_interval": table["interval"] for metric, table in tables.items()}
        parts[heads] = pd.DataFrame(columns)
    return pd.concat(parts, names=["heads", "method"])


def _few_shot(
    acts: HeadActivations, dataset: Dataset, episodes: Sequence[Episode], file: Path
) -> pd.DataFrame:
    """Scores of every method on every episode, from the file or computed and added to it."""
    done = pd.read_csv(file) if file.is_file() else pd.DataFrame(columns=["heads", "episode"])
    finished = done.groupby(["heads", "episode"]).size().eq(len(COMPARED))
    several = "labels" in dataset.table
    y = (class_indicators(dataset) if several else dataset.table["label"]).to_numpy()
    tables = [done]
    for number, episode in enumerate(tqdm(episodes, unit=" episodes")):
        for heads, mask in acts.head_sets().items():
            if finished.get((heads, number), False):
                continue
            scores = _scores(acts.X[:, mask], y, acts.groups, episode)
            table = pd.DataFrame(scores).assign(heads=heads, part=episode.part, episode=number)
            table = table.reindex(columns=["heads", "method", "part", "episode", *METRICS])
            _append(table, file)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _scores(X, y, groups, episode) -> list[dict]:
    """Scores of every method on one episode; y: labels (N,), or classes of 0 and 1, (N, C)."""
    _, support, query = episode
    of_support = None if groups is None else np.asarray(groups)[support]
    rows = []
    for name, method in COMPARED.items():
        if y.ndim == 2:
            scores = _multi_label_scores(method, X, y, support, query)
        else:
            fitted = fit_with_groups(method, X[support], y[support], of_support)
            scores = score(fitted, X[query], y[query])
        rows.append({"method": name} | scores)
    return rows


def _multi_label_scores(method, X, Y, support, query) -> dict:
    """Scores of one classifier per class, present or absent.

    Methods without probabilities get the logistic function of their scores.
    """
    fitted = MultiOutputClassifier(clone(method)).fit(X[support], Y[support])
    if hasattr(method, "predict_proba"):
        proba = np.stack([p[:, 1] for p in fitted.predict_proba(X[query])], axis=1)
    else:
        scores = [one.decision_function(X[query]) for one in fitted.estimators_]
        proba = 1 / (1 + np.exp(-np.stack(scores, axis=1)))
    return multi_label_score(Y[query], proba)


def _classified(lalm, dataset, out, question, seed, options) -> pd.DataFrame:
    """Zero-shot accuracy: a row per protocol and way to read the answer."""
    labels = sorted(dataset.table["label"].unique())
    scores = {}
    for protocol in PROTOCOLS:
        for by in ("answer", "rank"):
            compute = partial(
                classify, lalm, labels=labels, question=question if protocol == "open" else None,
                protocol=protocol, by=by, seed=seed, n_options=min(4, len(labels)), **options,
            )  # fmt: skip
            table = _in_parts(dataset, out / f"{protocol}-{by}.csv", compute)
            right = table["predicted"] == table["label"]
            scores[f"zero-shot, {protocol}, {by}"] = {"accuracy": right.mean()}
    return _zero_shot_rows(scores)


def _ranked(lalm, dataset, out, question, seed, options) -> pd.DataFrame:
    """Zero-shot scores of clips with several labels, from the likelihoods of all labels."""
    classes = class_indicators(dataset)

    def compute(part):
        ranked = rankings(lalm, part, [question] * len(part), list(classes), **options)
        return pd.DataFrame(ranked, columns=classes.columns)

    table = _in_parts(dataset, out / "ranked.csv", compute)
    scores = multi_label_score(classes.to_numpy(), table[list(classes)].to_numpy())
    del scores["exact_match"]  # likelihoods have no threshold
    return _zero_shot_rows({"zero-shot, open, rank": scores})


def _zero_shot_rows(scores):
    table = pd.DataFrame(scores).T
    table.index = pd.MultiIndex.from_product([[""], table.index], names=["heads", "method"])
    return table


def _in_parts(dataset: Dataset, file: Path, compute: Callable) -> pd.DataFrame:
    """Compute CHUNK clips at a time, from where the file ends; add each part to the file."""
    done = len(pd.read_csv(file)) if file.is_file() else 0
    for start in range(done, len(dataset), CHUNK):
        _append(compute(dataset.subset(range(start, min(start + CHUNK, len(dataset))))), file)
    return pd.read_csv(file)


def _append(table: pd.DataFrame, file: Path) -> None:
    """Add rows to a CSV file: all of them or, if the process dies, none."""
    before = file.read_text("utf-8") if file.is_file() else ""
    text = before + table.to_csv(index=False, header=not before)
    write_whole(file, lambda path: path.write_text(text, "utf-8"))


def _identity(lalm: LALM, dataset: Dataset, question: str | None) -> dict:
    """What the results are of, for settings.json."""
    return {
        "model": lalm.fingerprint,
        "window_s": lalm.window,
        "question": question,
        "clips": len(dataset),
        "first_and_last": dataset.table["path"].iloc[[0, -1]].tolist(),
    }


def _check_settings(out: Path, settings: dict) -> None:
    """Write settings.json, or raise if the folder holds results of other settings."""
    file = out / "settings.json"
    before = json.loads(file.read_text("utf-8")) if file.is_file() else settings
    other = [name for name, value in settings.items() if before.get(name) != value]
    if other:
        raise ValueError(f"{out} holds results of other {', '.join(other)}: choose another folder.")
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
    write_whole(file, lambda path: path.write_text(text, "utf-8"))
