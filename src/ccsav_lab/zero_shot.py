"""Classification without examples: from the model's answer in words, or from label likelihoods."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset
from ccsav.extraction.batches import load_clips
from ccsav.lalm.model import LALM

PROTOCOLS = ("open", "mcq")
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")  # Unicode's names
MCQ = "Which of these is it: {options}?"


def classify(
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
    """Predict the label of each clip from the question alone, without support clips.

    Parameters
    ----------
    lalm : from `load_lalm`.
    dataset : N clips; "mcq" needs their labels.
    labels : C labels to choose from; default: those of the dataset. The prompt and the search
        read an underscore as a space.
    question : default: the model family's own; for "mcq" it must contain {options}, default `MCQ`.
    protocol : "open": all labels are candidates. "mcq": multiple choice; the question lists
        `n_options` labels, the right one among them (see `answer_options`), and only these are
        candidates, which makes the task easier.
    by : "answer": generate an answer and look for a label in it (see `match`). "rank": take the
        candidate with the highest likelihood as the answer (see `LALM.rank`).
    n_options, seed : how many options, and the seed of their draw.
    batch_size, modality : as in `extract`.

    Returns
    -------
    pd.DataFrame
        A row per clip: path, label (if the dataset has it), options (for "mcq"), answer (if
        generated), predicted. `predicted` is missing where the answer names no label; count this
        as wrong.

    Raises
    ------
    ValueError
        For options that do not fit together. `AudioError` for a clip that cannot be read.
    """
    if protocol not in PROTOCOLS or by not in ("answer", "rank"):
        raise ValueError(
            f"protocol={protocol!r}, by={by!r}: choose 'open' or 'mcq', 'answer' or 'rank'."
        )
    labels = list(dataset.labels if labels is None else labels)
    table = dataset.table[["path", *dataset.table.columns.intersection(["label"])]].copy()
    candidates, questions = [labels] * len(table), [question] * len(table)
    if protocol == "mcq":
        question = MCQ if question is None else question
        if "label" not in table or "{options}" not in question:
            raise ValueError("protocol='mcq' needs labels, and a question that contains {options}.")
        candidates = [
            answer_options(path, label, labels, n_options, seed)
            for path, label in zip(table["path"], table["label"], strict=True)
        ]
        lists = [", ".join(map(spoken, few)) for few in candidates]
        questions = [question.replace("{options}", few) for few in lists]
        table["options"] = candidates
    if by == "rank":
        scores = rankings(lalm, dataset, questions, labels, batch_size, modality, progress)
        scores = pd.DataFrame(scores, columns=labels)
        choices = zip(scores.index, candidates, strict=True)
        table["predicted"] = [scores.loc[i, few].idxmax() for i, few in choices]
    else:
        table["answer"] = ask_each(lalm, dataset, questions, batch_size, modality, progress)
        choices = zip(table["answer"], candidates, strict=True)
        table["predicted"] = [match(answer, few) for answer, few in choices]
    return table


def ask_each(
    lalm: LALM,
    dataset: Dataset,
    questions: Sequence[str | None],
    batch_size: int = 16,
    modality: str = "audio",
    progress: bool = True,
    **options,
) -> list[str]:
    """The model's answer about each clip, N questions for N clips; options: as of `LALM.say`."""
    answers = [""] * len(dataset)
    for clips, inputs in _batches(lalm, dataset, questions, batch_size, modality, progress):
        for i, answer in zip(clips, lalm.say(inputs, **options), strict=True):
            answers[i] = answer
    return answers


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
    for clips, inputs in _batches(lalm, dataset, questions, batch_size, modality, progress):
        scores[clips] = lalm.likelihoods(inputs, [spoken(label) for label in labels])
    return scores


def answer_options(
    path: str, label: str, labels: Sequence[str], n: int = 4, seed: int = 0
) -> list[str]:
    """Draw `n` labels, the right one among them, in random order.

    Parameters
    ----------
    path : of the clip; the same path and seed give the same options.
    label : the right one.
    labels : all labels.

    Raises
    ------
    ValueError
        If there are fewer than `n` labels, or if `label` is not one of them.
    """
    if label not in labels or not 2 <= n <= len(labels):
        raise ValueError(
            f"{path}: cannot draw {n} options with {label!r} among them from {len(labels)} labels."
        )
    digest = hashlib.sha256(f"{seed} {path}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    wrong = rng.permutation([other for other in labels if other != label])[: n - 1]
    return rng.permutation([label, *wrong]).tolist()


def match(answer: str, labels: Sequence[str]) -> str | None:
    """The label that an answer contains as whole words; case and spacing do not matter.

    Punctuation counts only at the ends of a label ("C#"). In scripts that do not put spaces between
    words (`UNSPACED`), a label may stand anywhere. Of labels that contain one another ("bird",
    "bird song") the longer one. None if the answer contains no label, or several.
    """
    text, named = _plain(answer), set()
    for label in sorted(filter(_plain, set(labels)), key=lambda label: -len(_plain(label))):
        text, found = re.subn(_pattern(_plain(label)), "\n", text)  # the shorter ones: elsewhere
        if found:
            named.add(label)
    return named.pop() if len(named) == 1 else None


def spoken(label: str) -> str:
    """A label as it stands in a question or an answer: underscores become spaces."""
    return label.replace("_", " ")


def _plain(text):
    """One form of a text: compatible characters alike, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", spoken(text)).casefold().split())


def _pattern(label):
    """A regular expression that finds a label in a text, both from `_plain`."""
    runs = ["".join(run) for _, run in groupby(label, _in_word)]
    parts = [re.escape(run) for run in runs]
    for i in range(1, len(runs) - 1):
        parts[i] = parts[i] if _in_word(runs[i][0]) else r"[\W_]+"
    first, last = (_in_word(c) and not _unspaced(c) for c in (label[0], label[-1]))
    return r"(?<!\w)" * first + "".join(parts) + r"(?!\w)" * last


def _in_word(character):
    """Letters, digits, and the marks that are written on them (Thai and Hindi vowels)."""
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _unspaced(character):
    return unicodedata.name(character, "").startswith(UNSPACED)


def _batches(lalm, dataset, questions, batch_size, modality, progress) -> Iterator:
    """Clips that may share a forward pass: their indices, and the model's arguments for them."""
    with tqdm(total=len(dataset), unit=" clips", disable=not progress) as bar:
        for start in range(0, len(dataset), batch_size):
            clips = list(range(start, min(start + batch_size, len(dataset))))
            prompts = [lalm.prompt(questions[i], modality) for i in clips]
            for i in clips:
                if problem := lalm.duration_problem(dataset.seconds(i, modality)):
                    raise ValueError(f"{dataset.path(i)}: {problem}")
            waveforms, videos = load_clips(lalm, dataset, clips, modality)
            for rows, (inputs, _) in lalm.passes(waveforms, prompts, videos):
                yield [clips[row] for row in rows], inputs
            bar.update(len(clips))
