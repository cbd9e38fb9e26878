"""What is compared: official splits, episodes on them, methods, and the published numbers."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ccsav.clips.corpora import indicator
from ccsav.clips.dataset import Dataset, DatasetError
from ccsav.weights.multilabel import MultiLabelCCSAVClassifier
from ccsav_lab.baselines import BASELINES
from ccsav_lab.methods import METHODS
from ccsav_lab.multilabel_baselines import MultiLabelRidgeClassifier, MultiLabelSAVClassifier

from .spoofing import sources_of_speech

COMPARED = METHODS | {
    name: BASELINES[f"{name}, all heads"] for name in ("logistic regression", "ridge")
}
COMPARED_SEVERAL = COMPARED | {  # the others are fitted for each class, present or absent
    "SAV": MultiLabelSAVClassifier(),
    "CALM": MultiLabelCCSAVClassifier.calm(),
    "CCSAV": MultiLabelCCSAVClassifier(),
    "ridge": MultiLabelRidgeClassifier(),
}
TRAIN, TEST = ("train", "balanced_train"), ("test", "eval")  # names of official splits

# Accuracy in per cent, of Qwen2-Audio-7B on audio and Qwen2.5-Omni-7B on video (Mehta et al. 2026,
# arXiv 2602.07077); the accuracy of SAV follows from the gains that they state.
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
    "vggsound": (15_496, 309),  # of vggsound.csv; some are no longer on YouTube
    "audioset": (20_371, 527),
    "asvspoof2019": (71_237, 2),
}
DIFFERENCES = (
    "The published lists are public (github.com/mvideet/CALM, folder SAVs/data). Those of ESC-50, "
    "VGGSound and AudioSet name four options in every question, the right one among them, in the "
    "support set as well; here the question is open, and options are given only in the rows that "
    "say so. `--split` runs the lists as they are.",
    "The published temperatures and numbers of heads were chosen on the clips that are scored; "
    "here nothing is.",
    "The published code leaves out clips that it cannot read, or continues without their sound; "
    "here they are errors.",
    "The published runs learn from one fixed list; here support sets are drawn anew in every "
    "episode, and the intervals are over these draws.",
    "The published lists of ESC-50 mix the official folds, so that clips of one source recording "
    "stand on both sides; here each fold is tested against the others.",
    "The published run on AudioSet asks one question per clip and label; here all labels of a clip "
    "are found at once.",
    "The published run on spoofing learns from the whole official training part, 25,380 clips; "
    "here from a few of each class, or of each attack and bona fide speaker.",
)
AS_RELEASED = (
    "Clips, questions, options and support set are those of the released lists, as they are: one "
    "support set, so that there are no intervals.",
    DIFFERENCES[1].replace(
        "here nothing is", "here CALM has its default temperature and all heads"
    ),
    DIFFERENCES[2],
)
SEVERAL = (
    "The published accuracy stands in the column of exact match, but is not known to be the share "
    "of clips whose labels are all right."
)
OTHER_MODELS = (
    "The published numbers are of two models, Qwen2-Audio-7B for audio and Qwen2.5-Omni-7B for "
    "audio+video: their difference is not what sight adds."
)


class Episode(NamedTuple):
    """Support clips and queries, as indices into a dataset; `part`: the test part's name."""

    part: str
    support: np.ndarray
    query: np.ndarray


def plan(
    dataset: Dataset,
    shots: int,
    n_episodes: int,
    limit: int | None = None,
    seed: int = 0,
    per: str = "class",
) -> list[Episode]:
    """Episodes on the official split: support from its training part, queries from its test part.

    Parameters
    ----------
    dataset : with a column `split`, or `fold`; each fold is the test part once.
    shots : support clips per class; where clips have several `labels`, clips that contain it.
    n_episodes : draws of the support set, for each test part.
    limit : test clips per class, drawn once; default: all.
    seed : of all draws.
    per : "class"; or "source": `shots` are of each attack and each bona fide speaker of the
        training part, not of each class (ASVspoof).

    Raises
    ------
    DatasetError
        Without an official split, or if a class or source has too few training clips.
    ValueError
        For another `per`.
    """
    if per not in ("class", "source"):
        raise ValueError(f"per={per!r}: choose 'class' or 'source'.")
    rng = np.random.default_rng(seed)
    classes = class_indicators(dataset)
    drawn = classes if per == "class" else sources_of_speech(dataset.table)
    episodes = []
    for part, train, test in official_parts(dataset.table):
        query = test if limit is None else draw_of_each(classes, test, limit, rng)
        if per == "source":
            drawn = drawn.loc[:, drawn.iloc[train].any()]  # attacks of the test part are others
        _check_enough(drawn, train, shots, part, per)
        for _ in range(n_episodes):
            episodes.append(Episode(part, draw_of_each(drawn, train, shots, rng), query))
    return episodes


def class_indicators(dataset: Dataset) -> pd.DataFrame:
    """For each clip and class, 1 if the clip has the class among its labels, else 0, (N, C)."""
    if "labels" in dataset.table:
        return indicator(dataset.table["labels"])
    if "label" not in dataset.table:
        raise DatasetError("the dataset has neither `label` nor `labels`.")
    return pd.get_dummies(dataset.table["label"], dtype=int)


def official_parts(table: pd.DataFrame) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(name, training clips, test clips) of every official split or fold; `DatasetError` for none.

    Parameters
    ----------
    table : of a dataset, with a column `split` or `fold`.
    """
    if "fold" in table:
        fold = table["fold"]
        return [
            (f"fold {name}", np.flatnonzero(fold != name), np.flatnonzero(fold == name))
            for name in sorted(fold.unique())
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


def _check_enough(drawn: pd.DataFrame, train: np.ndarray, shots: int, part: str, per: str) -> None:
    """Raise if a class or a source has fewer training clips than shots."""
    numbers = drawn.iloc[train].sum()
    for name in numbers.index[numbers < shots]:
        raise DatasetError(
            f"{part}: {per} {name!r} has {numbers[name]} training clips, but shots={shots}: use "
            "fewer shots, or more of the dataset."
        )


def draw_of_each(
    classes: pd.DataFrame, clips: np.ndarray, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw `n` clips for every class, or all of them where there are fewer; sorted.

    Parameters
    ----------
    classes : (N, C), 1 where a clip is of a class, else 0.
    clips : indices of those to draw from.
    """
    of_class = (clips[classes[name].to_numpy()[clips] == 1] for name in classes)
    return np.unique(np.concatenate([rng.permutation(few)[:n] for few in of_class]))


def caution(data: str, tested: int, procedural: bool = False) -> str:
    """One sentence on the clips that the numbers were measured on, to stand above the table.

    Parameters
    ----------
    data : name of the dataset.
    tested : number of test clips that were used.
    procedural : the clips are a miniature, see `miniature`.
    """
    official, _ = OFFICIAL.get(data, (0, 0))
    if procedural:
        clips = "videos" if data == "vggsound" else "sounds"
        return (
            f"These numbers are of a MINIATURE: {tested} {clips} made by rule, in the layout of "
            f"{data}. They say nothing about {data} itself; published numbers are of the real data "
            "and cannot be compared with them."
        )
    if tested < official:
        published = any(data == name for name, _ in PUBLISHED)
        return (
            f"These numbers are of a PART of {data}: {tested:,} of its {official:,} test clips."
            + published * " Published numbers are of all of them."
        )
    if data not in OFFICIAL:
        return f"These numbers are of {tested:,} test clips of {data}."
    return f"These numbers are of the real {data}, all of its {tested:,} test clips."
