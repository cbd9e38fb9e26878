"""Fill the table step by step; each step continues after an interruption."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset
from ccsav.extraction.pipeline import extract
from ccsav.lalm.model import LALM
from ccsav_lab.several_labels import multilabel_score
from ccsav_lab.zero_shot import PROTOCOLS, classify, rankings

from .few_shot import mean_scores, score_episodes
from .kept import digest_of, in_chunks, keep_settings, only_run
from .protocol import Episode, class_indicators, plan
from .spoofing import find_asv_scores, verification_errors


def fill_table(
    lalm: LALM,
    dataset: Dataset,
    out: str | Path,
    question: str | None = None,
    *,
    shots: int = 5,
    n_episodes: int = 5,
    limit: int | None = None,
    per: str = "class",
    modality: str = "audio",
    zero_shot: bool = True,
    batch_size: int = 16,
    seed: int = 0,
    cache: str | Path | None = None,
) -> pd.DataFrame:
    """Measure all methods on the official split of a dataset, with support clips and without.

    For two classes the equal error rate is measured too, and for ASVspoof the smallest tandem cost,
    where the official scores of speaker verification are in the dataset's folder.

    Parameters
    ----------
    lalm : from `load_lalm`.
    dataset : with its official split.
    out : folder for answers and scores; those already in it are not computed again.
    shots, n_episodes, limit, per, seed : as in `plan`.
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
        If `out` holds the results of other settings, or another run writes into it; also all errors
        of `plan` and `extract`.
    """
    out = Path(out)
    planned = plan(dataset, shots, n_episodes, limit, seed, per)
    used = np.unique(np.concatenate([clips for e in planned for clips in (e.support, e.query)]))
    dataset, episodes = dataset.subset(used), [_renumbered(e, used) for e in planned]
    draw = {"shots": shots, "n_episodes": n_episodes, "limit": limit, "modality": modality}
    draw |= {} if per == "class" else {"per": per}
    identity = _identity(lalm, dataset, question, modality)
    with only_run(out):
        keep_settings(out, draw | {"seed": seed} | identity)
        options = {"modality": modality, "batch_size": batch_size}
        return _fill(lalm, dataset, episodes, out, question, zero_shot, seed, cache, options)


def _fill(lalm, dataset, episodes, out, question, zero_shot, seed, cache, options) -> pd.DataFrame:
    """The table of `fill_table`, in a folder that no other run writes into."""
    acts = extract(lalm, dataset, question, heads="all", cache=cache or out / "heads", **options)
    y = class_indicators(dataset) if "labels" in dataset.table else dataset.table["label"]
    asv = find_asv_scores(dataset.root) if "attack" in dataset.table else None
    errors = None if asv is None else verification_errors(asv)
    rows = score_episodes(acts, y.to_numpy(), episodes, out / "few_shot.csv", errors=errors)
    table = mean_scores(rows)
    if zero_shot:
        queries = dataset.subset(np.unique(np.concatenate([e.query for e in episodes])))
        zero_shot_rows = _ranked if "labels" in dataset.table else _classified
        table = pd.concat([zero_shot_rows(lalm, queries, out, question, seed, options), table])
    return table


def _renumbered(episode: Episode, used: np.ndarray) -> Episode:
    """The episode with places in `used` (sorted) in place of the indices."""
    part, support, query = episode
    return Episode(part, np.searchsorted(used, support), np.searchsorted(used, query))


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
            file = out / f"{protocol}-{by}.csv"
            table = in_chunks(
                len(dataset), file, lambda rows, ask=compute: ask(dataset=dataset.subset(rows))
            )
            right = table["predicted"] == table["label"]
            scores[f"zero-shot, {protocol}, {by}"] = {"accuracy": right.mean()}
    return zero_shot_table(scores)


def _ranked(lalm, dataset, out, question, seed, options) -> pd.DataFrame:
    """Zero-shot scores of clips with several labels, from the likelihoods of all labels."""
    classes = class_indicators(dataset)

    def compute(rows):
        part = dataset.subset(rows)
        ranked = rankings(lalm, part, [question] * len(part), list(classes), **options)
        return pd.DataFrame(ranked, columns=classes.columns)

    table = in_chunks(len(dataset), out / "ranked.csv", compute)
    likelihoods = table[list(classes)].to_numpy(float)
    scores = multilabel_score(classes.to_numpy(), likelihoods, likelihoods > 0)
    order = {"mean_average_precision": scores["mean_average_precision"]}  # there is no threshold
    return zero_shot_table({"zero-shot, open, rank": order})


def zero_shot_table(scores: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Rows without heads for a table of `mean_scores`, from {name of the row: {metric: value}}."""
    table = pd.DataFrame(scores).T
    table.index = pd.MultiIndex.from_product([[""], table.index], names=["heads", "method"])
    return table


def _identity(lalm: LALM, dataset: Dataset, question: str | None, modality: str) -> dict:
    """What the results are of, for settings.json."""
    return {
        "model": lalm.fingerprint,
        "window_s": lalm.window,
        "question": question,
        "prompt": lalm.prompt(question, modality),
        "clips": len(dataset),
        "paths, labels, groups and splits": digest_of(dataset.table),
    }
