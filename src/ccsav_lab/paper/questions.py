"""What a model makes of questions about clips: head vectors, and the options that it chooses."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset
from ccsav.extraction.activations import HeadActivations
from ccsav.extraction.pipeline import extract
from ccsav.lalm.model import LALM
from ccsav_lab.zero_shot import ask_each, match, rankings

from .protocol_split import Split

READINGS = ("answer", "rank")  # ways to read the answer to a question with options


def extract_questions(
    lalm: LALM,
    split: Split,
    rows: Sequence[int],
    *,
    heads="all",
    modality: str = "audio",
    batch_size: int = 16,
    cache: str | Path | None = None,
    progress: bool = True,
) -> HeadActivations:
    """Head vectors of some questions; groups are the sources of their clips.

    Parameters
    ----------
    lalm : from `load_lalm`.
    split, rows : indices into its questions.
    heads, modality, batch_size, cache, progress : as in `extract`.

    Returns
    -------
    HeadActivations
        A row per question, in the order of `rows`.
    """
    table = split.questions.iloc[np.asarray(rows)].reset_index(drop=True)
    options = {"heads": heads, "modality": modality, "batch_size": batch_size, "cache": cache}
    X, prompts = None, set()
    for places, clips in _layers(split, table):
        asked = table["question"].iloc[places].tolist()
        acts = extract(lalm, clips, asked, progress=progress, **options)
        if X is None:
            X = np.empty((len(table), *acts.X.shape[1:]), acts.X.dtype)
        X[places] = acts.X
        prompts |= set(acts.provenance["prompts"])
    labels, y = np.unique(table["label"].to_numpy(str), return_inverse=True)
    about = acts.provenance | {"prompts": sorted(prompts)}
    named = {"y": y, "labels": labels, "groups": table["source"].to_numpy(), "table": table}
    return replace(acts, X=X, provenance=about, **named)


def read_options(
    lalm: LALM,
    split: Split,
    rows: Sequence[int],
    by: str = "rank",
    *,
    modality: str = "audio",
    batch_size: int = 16,
) -> list[str | None]:
    """The option that the model chooses in each question; without options, one of all classes.

    Parameters
    ----------
    lalm, split, rows, modality, batch_size : as in `extract_questions`.
    by : "answer": generate an answer and look in it for an option, or for its letter alone; None
        where it names none. "rank": the option that is likeliest as the answer.

    Raises
    ------
    ValueError
        For another `by`.
    """
    if by not in READINGS:
        raise ValueError(f"by={by!r}: choose one of {READINGS}.")
    table = split.questions.iloc[np.asarray(rows)].reset_index(drop=True)
    labels = sorted(split.questions["label"].unique())
    chosen = np.empty(len(table), dtype=object)
    for layer, clips in _layers(split, table):
        for start in range(0, len(layer), batch_size):
            places = layer[start : start + batch_size]
            part = clips.subset(range(start, start + len(places)))
            asked = table["question"].iloc[places].tolist()
            few = [
                {word_for(label, text): label for label in (labels if own is None else own)}
                for text, own in zip(asked, table["options"].iloc[places], strict=True)
            ]  # as they stand in each question → labels
            if by == "rank":
                union = list(dict.fromkeys(chain.from_iterable(few)))
                scores = rankings(lalm, part, asked, union, batch_size, modality, progress=False)
                scores = pd.DataFrame(scores, columns=union)
                words = [scores.loc[i, list(own)].idxmax() for i, own in enumerate(few)]
            else:
                said = ask_each(lalm, part, asked, batch_size, modality, progress=False)
                words = [option_in(text, list(own)) for text, own in zip(said, few, strict=True)]
            chosen[places] = [own.get(word) for own, word in zip(few, words, strict=True)]
    return chosen.tolist()


def word_for(label: str, question: str) -> str:
    """The label as a question has it, with an ending where it has one, else as it is.

    Examples
    --------
    >>> word_for("spoof", "Is this audio bonafide or spoofed?"), word_for("dog", "What is this?")
    ('spoofed', 'dog')
    """
    found = re.search(rf"\b{re.escape(label)}\w*", question, flags=re.IGNORECASE)
    return found.group() if found else label


def option_in(answer: str, options: Sequence[str]) -> str | None:
    """The option that an answer names, or whose letter (A, B, …) is all of it; else None.

    Examples
    --------
    >>> option_in("It is a car horn.", ["dog", "car_horn"]), option_in(" b) ", ["dog", "car_horn"])
    ('car_horn', 'car_horn')
    """
    named = match(answer, options)
    letter = answer.strip().strip(".()").upper()
    if named is not None or len(letter) != 1:
        return named
    place = ord(letter) - ord("A")
    return options[place] if 0 <= place < len(options) else None


def _layers(split: Split, table: pd.DataFrame) -> Iterator[tuple[np.ndarray, Dataset]]:
    """The first question of every clip, then the second ones, and so on: a dataset has a clip once.

    Yields places in the table, and the clips of these questions.
    """
    turn = table.groupby("clip").cumcount().to_numpy()
    for n in range(turn.max() + 1):
        places = np.flatnonzero(turn == n)
        yield places, split.clips.subset(table["clip"].to_numpy()[places])
