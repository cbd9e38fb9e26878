"""What is compared with what: official splits, episodes on them, methods, published numbers."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ccsav.clips.corpora import indicator
from ccsav.clips.dataset import Dataset, DatasetError
from ccsav.weights.ccsav import CCSAVClassifier
from ccsav.weights.sav import SAVClassifier
from ccsav_lab.baselines import BASELINES

METHODS = {
    "SAV": SAVClassifier(),
    "paper": CCSAVClassifier.paper(),
    "default": CCSAVClassifier(),
} | {name: BASELINES[f"{name}, all heads"] for name in ("logistic regression", "ridge")}
TRAIN, TEST = ("train", "balanced_train"), ("test", "eval")  # names of official splits

# Accuracy in per cent, of Qwen2-Audio-7B on audio and Qwen2.5-Omni-7B on video (Mehta et al. 2026,
# arXiv 2602.07077); that of uniform voting follows from the gains that they state.
PUBLISHED = {
    ("esc50", "audio"): {"CALM": 99.25},
    ("vggsound", "audio"): {"CALM": 88.15},
    ("audioset", "audio"): {"CALM": 70.50, "SAV": 70.50 - 14.52},
    ("asvspoof2019", "audio"): {"CALM": 81.99, "SAV": 81.99 - 8.35},
    ("vggsound", "audio+video"): {"CALM": 91.02, "SAV": 91.02 - 1.53},
}
OFFICIAL = {  # clips of the test part, or of all folds; classes
    "esc10": (400, 10),
    "esc50": (2000, 50),
    "fsdd": (300, 10),
    "vggsound": (15_496, 309),  # of vggsound.csv, before YouTube lost any
    "audioset": (20_371, 527),
    "asvspoof2019": (71_237, 2),
}
DIFFERENCES = (
    "The published runs name four options in the question, the right one among them; here the "
    "question is open, and options are given only in the rows that say so.",
    "The published temperatures and numbers of heads were chosen on the test set; here nothing is.",
    "The published code leaves out clips that it cannot read, or goes on without their sound; here "
    "they are errors.",
    "The published support sets are not stated clip by clip; here they are drawn anew in every "
    "episode, and the intervals speak of that draw.",
)

SEVERAL = (
    "The published accuracy stands in the column of exact match, but is not known to be the share "
    "of clips whose labels are all right."
)


class Episode(NamedTuple):
    """Clips to learn from and clips to be asked about: indices into a dataset."""

    part: str
    support: np.ndarray
    query: np.ndarray


def plan(
    dataset: Dataset, shots: int, n_episodes: int, limit: int | None = None, seed: int = 0
) -> list[Episode]:
    """Episodes on the official split: learn from its training part, be asked about its test part.

    dataset: with a column `split`, or `fold`, every one of which is the test part in turn.
    shots: support clips per class (clips that hold it, where a clip has several `labels`).
    n_episodes: draws of the support set, for each fold. limit: test clips per class, drawn once;
    default: all. Raises `DatasetError` without a split, or where a class is short of clips.
    """
    rng = np.random.default_rng(seed)
    classes = held(dataset)
    episodes = []
    for part, train, test in _parts(dataset.table):
        query = test if limit is None else _draw(classes, test, limit, rng, part, short=False)
        for _ in range(n_episodes):
            support = _draw(classes, train, shots, rng, part)
            episodes.append(Episode(part, support, query))
    return episodes


def held(dataset: Dataset) -> pd.DataFrame:
    """Which classes each clip holds, one of 0 and 1 for each, (N, C)."""
    if "labels" in dataset.table:
        return indicator(dataset.table["labels"])
    if "label" not in dataset.table:
        raise DatasetError("the dataset has neither `label` nor `labels`.")
    return pd.get_dummies(dataset.table["label"], dtype=int)


def _parts(table):
    """(name, training clips, test clips) of every official split or fold."""
    if "fold" in table:
        folds = sorted(table["fold"].unique())
        return [
            (
                f"fold {fold}",
                np.flatnonzero(table["fold"] != fold),
                np.flatnonzero(table["fold"] == fold),
            )
            for fold in folds
        ]
    if "split" in table:
        split = table["split"]
        train, test = (np.flatnonzero(split.isin(names)) for names in (TRAIN, TEST))
        if not len(train) or not len(test):
            raise DatasetError(
                f"the splits are {sorted(split.unique())}: one of {TRAIN} and one of {TEST} are "
                "needed."
            )
        return [("test", train, test)]
    raise DatasetError("the dataset has no official split: no column `split` or `fold`.")


def _draw(classes, clips, n, rng, part, short=True):
    """`n` of these clips for every class; fewer, where there are no more, if `short` is False."""
    drawn = []
    for name in classes:
        holding = clips[classes[name].to_numpy()[clips] == 1]
        if short and len(holding) < n:
            raise DatasetError(
                f"{part}: class {name!r} has {len(holding)} clips to learn from, but {n} are asked "
                "for: take fewer shots, or more of the dataset."
            )
        drawn.append(rng.permutation(holding)[:n])
    return np.unique(np.concatenate(drawn))


def caution(data: str, tested: int, made: bool = False) -> str:
    """One sentence on what the numbers are of, to stand above them.

    data: name of the dataset. tested: test clips that were there. made: they are a miniature.
    """
    official, _ = OFFICIAL[data]
    if made:
        return (
            f"These numbers are of a MINIATURE: {tested} sounds made by rule, in the layout of "
            f"{data}. They say nothing of {data} itself; published numbers are of the real data "
            "and cannot be compared with them."
        )
    if tested < official:
        published = any(data == name for name, _ in PUBLISHED)
        return (
            f"These numbers are of a PART of {data}: {tested:,} of its {official:,} test clips."
            + published * " Published numbers are of all of them."
        )
    return f"These numbers are of the real {data}, all of its {tested:,} test clips."


def written(table: pd.DataFrame, data: str, modality: str, settings: str, caution: str = "") -> str:
    """The table in Markdown, in per cent, beside the published numbers, with what differs.

    table: from `run`. settings: one sentence on how it came about. caution: from `caution`, set in
    bold above the table.
    """
    metrics = [column for column in table if not column.endswith("_interval")]
    lines = [["method", "heads", *(metric.replace("_", " ") for metric in metrics)]]
    lines.append(["---"] * len(lines[0]))
    for (heads, method), row in table.iterrows():
        lines.append([method, heads, *(_cell(row, metric) for metric in metrics)])
    published = PUBLISHED.get((data, modality), {})
    for method, accuracy in published.items():
        numbers = [
            f"{accuracy:.2f}" if metric in ("accuracy", "exact_match") else "" for metric in metrics
        ]
        lines.append([f"*{method}, published*", "", *numbers])
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    notes = [settings, *(DIFFERENCES if published else ())]
    if published and "exact_match" in metrics:
        notes.append(SEVERAL)
    text = f"**{caution}**\n\n{text}" if caution else text
    return text + "\n\n" + "\n".join(f"- {note}" for note in notes) + "\n"


def _cell(row, metric):
    """Per cent, with half the 95 % interval over episodes where there is one."""
    if pd.isna(row[metric]):
        return ""
    width = row.get(f"{metric}_interval", np.nan)
    return f"{100 * row[metric]:.1f}" + ("" if pd.isna(width) else f" ± {100 * width:.1f}")
