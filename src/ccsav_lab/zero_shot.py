"""Classification without examples: ask the model, in words, or weigh the labels as its answer."""

import hashlib
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset
from ccsav.lalm.model import LALM

PROTOCOLS = ("open", "mcq")
MCQ = "Which of these is it: {options}?"


def zero_shot(
    lalm: LALM,
    dataset: Dataset,
    labels: Sequence[str] | None = None,
    question: str | None = None,
    *,
    protocol: str = "open",
    by: str = "answer",
    n_options: int = 4,
    seed: int = 0,
    batch_size: int = 16,
    modality: str = "audio",
    progress: bool = True,
) -> pd.DataFrame:
    """What the model takes every clip for, having seen no example.

    lalm: from `load_lalm`. dataset: N clips; "mcq" needs their labels.
    labels: C of them; default: the dataset's. An underscore is said as a space.
    question: default: the family's own; for "mcq" MCQ, in which {options} stands for the options.
    protocol: "open": any label may be the answer. "mcq": the right label is among `n_options`, see
        `options`, which makes the task easier; they are recorded.
    by: "answer": generate, and look for a label in the answer, see `match`; "rank": the label, of
        the options for "mcq", that is the likeliest answer, see `LALM.rank`.
    batch_size, modality: as in `extract`.

    Returns a row per clip: path, label (if known), options, answer (if generated) and predicted: a
    label, or missing for an answer that names none, which is to count as wrong.
    Raises `ValueError` on options that do not fit, `AudioError` on a clip that cannot be read.
    """
    if protocol not in PROTOCOLS or by not in ("answer", "rank"):
        raise ValueError(
            f"protocol={protocol!r}, by={by!r}: choose 'open' or 'mcq', 'answer' or 'rank'."
        )
    labels = list(dataset.labels if labels is None else labels)
    table = dataset.table[["path", *dataset.table.columns.intersection(["label"])]].copy()
    among = [labels] * len(table)
    questions = [question] * len(table)
    if protocol == "mcq":
        question = MCQ if question is None else question
        if "label" not in table or "{options}" not in question:
            raise ValueError("protocol='mcq' needs labels, and a question that holds {options}.")
        true = zip(table["path"], table["label"], strict=True)
        among = [options(path, label, labels, n_options, seed) for path, label in true]
        questions = [question.format(options=", ".join(map(spoken, some))) for some in among]
        table["options"] = among
    if by == "rank":
        scores = rankings(lalm, dataset, questions, labels, batch_size, modality, progress)
        places = [[labels.index(label) for label in some] for some in among]
        table["predicted"] = [
            labels[at[row[at].argmax()]] for row, at in zip(scores, places, strict=True)
        ]
        return table
    said = answers(lalm, dataset, questions, batch_size, modality, progress)
    table["answer"] = said
    table["predicted"] = [match(answer, some) for answer, some in zip(said, among, strict=True)]
    return table


def answers(
    lalm: LALM,
    dataset: Dataset,
    questions: Sequence[str | None],
    batch_size: int = 16,
    modality: str = "audio",
    progress: bool = True,
    **how,
) -> list[str]:
    """What the model says of every clip, N questions for N clips; how: as for `LALM.say`."""
    said = [""] * len(dataset)
    for clips, inputs in _heard(lalm, dataset, questions, batch_size, modality, progress):
        for i, answer in zip(clips, lalm.say(inputs, **how), strict=True):
            said[i] = answer
    return said


def rankings(
    lalm: LALM,
    dataset: Dataset,
    questions: Sequence[str | None],
    labels: Sequence[str],
    batch_size: int = 16,
    modality: str = "audio",
    progress: bool = True,
) -> np.ndarray:
    """Mean log-likelihood per token of each label as the answer for each clip, (N, C)."""
    scores = np.empty((len(dataset), len(labels)), np.float32)
    for clips, inputs in _heard(lalm, dataset, questions, batch_size, modality, progress):
        scores[clips] = lalm.likelihoods(inputs, [spoken(label) for label in labels])
    return scores


def options(path: str, label: str, labels: Sequence[str], n: int = 4, seed: int = 0) -> list[str]:
    """`n` labels, the right one among them, in random order; the same for the same clip and seed.

    Raises `ValueError` if there are not so many, or the right one is not among them.
    """
    if label not in labels or not 2 <= n <= len(labels):
        raise ValueError(
            f"{path}: {n} options with {label!r} among them cannot be had from {len(labels)} "
            "labels."
        )
    digest = hashlib.sha256(f"{seed} {path}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    wrong = rng.permutation([other for other in labels if other != label])[: n - 1]
    return rng.permutation([label, *wrong]).tolist()


def match(answer: str, labels: Sequence[str]) -> str | None:
    """The label that an answer names, as whole words, whatever the case and punctuation.

    Of labels that contain one another ("bird", "bird song") the longer; None if there is no
    label in the answer, or several.
    """
    text = f" {_plain(answer)} "
    named = [label for label in labels if f" {_plain(label)} " in text]
    longest = [
        a for a in named if not any(a != b and f" {_plain(a)} " in f" {_plain(b)} " for b in named)
    ]
    return longest[0] if len(longest) == 1 else None


def spoken(label: str) -> str:
    """A label as the model would say it."""
    return label.replace("_", " ")


def _plain(text):
    return " ".join(re.findall(r"\w+", spoken(text).casefold()))


def _heard(lalm, dataset, questions, batch_size, modality, progress) -> Iterator:
    """Batches that may share a pass: the clips' indices, and the model's arguments for them."""
    with tqdm(total=len(dataset), unit=" clips", disable=not progress) as bar:
        for start in range(0, len(dataset), batch_size):
            clips = list(range(start, min(start + batch_size, len(dataset))))
            prompts = [lalm.prompt(questions[i], modality) for i in clips]
            sounds = videos = None
            for i in clips:
                if problem := lalm.duration_problem(dataset.seconds(i, modality)):
                    raise ValueError(f"{dataset.path(i)}: {problem}")
            if "audio" in modality:
                sounds = [dataset.waveform(i, lalm.rate) for i in clips]
            if "video" in modality:
                videos = [dataset.frames(i, lalm.family.fps) for i in clips]
            for rows, (inputs, _) in lalm.passes(sounds, prompts, videos):
                yield [clips[row] for row in rows], inputs
            bar.update(len(clips))
