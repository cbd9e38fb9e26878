"""In-context examples: labelled support clips stand in the prompt, before the clip in question.

The prompt is a conversation. In each turn the user gives a clip and asks the question, and the
answer is the clip's label; in the last turn the clip is the query, and the answer is the model's.
Nothing is fitted, but every query costs a forward pass over k + 1 clips.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset
from ccsav.extraction.batches import load_clips
from ccsav.lalm.batch_inputs import PREPARING, Inputs
from ccsav.lalm.model import LALM
from ccsav.weights.arrays import check_head_vectors
from ccsav.weights.readout import unit
from ccsav_lab.zero_shot import match, spoken

# whose chat templates and models take a clip in every turn
SEVERAL_CLIPS = ("Qwen2-Audio", "Qwen2.5-Omni", "Qwen3-Omni")


def classify_in_context(
    lalm: LALM,
    dataset: Dataset,
    support: Dataset,
    examples: np.ndarray,
    labels: Sequence[str] | None = None,
    question: str | None = None,
    *,
    by: str = "rank",
    batch_size: int = 4,
    progress: bool = True,
) -> pd.DataFrame:
    """Predict the label of each clip with labelled clips before it in the prompt.

    Parameters
    ----------
    lalm : from `load_lalm`, of a family that takes several clips: see `SEVERAL_CLIPS`.
    dataset, support : N clips to classify, and M labelled ones.
    examples : (N, k) indices into `support`, in the order in which they stand in the prompt, from
        `nearest_examples` or `drawn_examples`; k = 0 gives the zero-shot prompt.
    labels : C labels to choose from; default: those of the support clips. The prompt has spaces for
        underscores.
    question : of every turn; default: the model family's own.
    by : "rank" (the label with the highest mean log-likelihood per token) or "answer" (generate an
        answer and look for a label in it), as in `zero_shot.classify`.
    batch_size : conversations per forward pass.

    Returns
    -------
    pd.DataFrame
        A row per clip: path, label (if the dataset has it), examples (list of their labels), answer
        (if generated), predicted; missing where the answer names no label, or several.

    Raises
    ------
    ValueError
        For a family that takes one clip, a prompt longer than the model's positions, clips that are
        too long, or options that do not fit together.
    """
    examples = np.asarray(examples)
    if by not in ("answer", "rank"):
        raise ValueError(f"by={by!r}: choose 'answer' or 'rank'.")
    if examples.ndim != 2 or len(examples) != len(dataset):
        raise ValueError(
            f"examples must be (N, k) for the {len(dataset)} clips, but has {examples.shape}."
        )
    labels = list(support.labels if labels is None else labels)
    table = dataset.table[["path", *dataset.table.columns.intersection(["label"])]].copy()
    table["examples"] = [support.table["label"].iloc[rows].tolist() for rows in examples]
    names, found = [spoken(label) for label in labels], []
    for start in tqdm(range(0, len(dataset), batch_size), unit=" batches", disable=not progress):
        rows = range(start, min(start + batch_size, len(dataset)))
        texts = [conversation(lalm, table["examples"].iloc[i], question) for i in rows]
        clips = [_load(lalm, support, examples[i]) + _load(lalm, dataset, [i]) for i in rows]
        inputs, _ = conversation_inputs(lalm, clips, texts)
        found += list(lalm.likelihoods(inputs, names) if by == "rank" else lalm.say(inputs))
    if by == "rank":
        table["predicted"] = [labels[scores.argmax()] for scores in found]
    else:
        table["answer"], table["predicted"] = found, [match(answer, labels) for answer in found]
    return table


def conversation(lalm: LALM, answers: Sequence[str], question: str | None = None) -> str:
    """The model's chat template around the question about k clips with answers, and one without.

    `answers` has k labels. Raises `ValueError` for a family that takes one clip in a prompt.
    """
    if lalm.family.name not in SEVERAL_CLIPS:
        raise ValueError(
            f"{lalm.family.name} takes one clip in a prompt: in-context examples need a model of "
            f"the families {', '.join(SEVERAL_CLIPS)}."
        )
    question = lalm.family.question if question is None else question
    asked = [{"type": "audio", "audio_url": "clip"}, {"type": "text", "text": question}]
    turns = []
    for answer in answers:
        told = [{"type": "text", "text": spoken(answer)}]
        turns += [{"role": "user", "content": asked}, {"role": "assistant", "content": told}]
    turns.append({"role": "user", "content": asked})
    return lalm.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def conversation_inputs(
    lalm: LALM, clips: Sequence[Sequence[np.ndarray]], texts: Sequence[str]
) -> Inputs:
    """The model's arguments for a batch of conversations, and the encoder frames of all clips.

    Parameters
    ----------
    clips : waveforms of each conversation, in order, as `LALM.inputs` takes them.
    texts : (B,), from `conversation`.

    Raises
    ------
    ValueError
        If a text has another number of clips, or more tokens than the model has positions.
    """
    waveforms = [waveform for several in clips for waveform in several]
    alone, frames = lalm.inputs(waveforms, [lalm.prompt()] * len(waveforms))
    token = lalm.model.config.audio_token_id
    lengths = iter((alone["input_ids"] == token).sum(-1).tolist())
    tokenizer, spelled = lalm.processor.tokenizer, lalm.processor.audio_token
    full = []
    for text, several in zip(texts, clips, strict=True):
        first, *rest = text.split(spelled)
        if len(rest) != len(several):
            raise ValueError(f"a conversation about {len(rest)} clips was given {len(several)}.")
        full.append(first + "".join(spelled * next(lengths) + part for part in rest))
    with PREPARING:
        tokens = tokenizer(full, padding=True, padding_side="left", return_tensors="pt")
    length = tokens["input_ids"].shape[1]
    most = lalm.model.get_decoder().config.max_position_embeddings
    if length > most:
        raise ValueError(
            f"a conversation of {length} tokens is longer than the model's {most} positions: give "
            "fewer examples, or shorter clips."
        )
    arguments = alone | {name: tokens[name] for name in ("input_ids", "attention_mask")}
    if "position_ids" in alone:
        mask = arguments["attention_mask"]
        arguments["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)
    return arguments, frames


def nearest_examples(X, X_support, k: int) -> np.ndarray:
    """The k support clips with the largest mean cosine over heads, (N, k), the nearest one last.

    The last one stands next to the query in the prompt.

    Parameters
    ----------
    X, X_support : (N, K, D), (M, K, D) head vectors of the queries and of the support clips.

    Examples
    --------
    >>> nearest_examples([[[1.0, 0.1]]], [[[0.0, 1.0]], [[1.0, 0.0]], [[1.0, 1.0]]], k=2)
    array([[2, 1]])
    """
    U, V = (unit(check_head_vectors(x).float()).flatten(1) for x in (X, X_support))
    _check_number(k, len(V))
    order = torch.argsort(U @ V.T, dim=1, descending=True, stable=True)  # (N, M)
    return order[:, :k].flip(1).cpu().numpy()


def drawn_examples(n: int, n_support: int, k: int, seed: int = 0) -> np.ndarray:
    """For each of n queries, k of the support clips, drawn without replacement, (N, k)."""
    _check_number(k, n_support)
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(n_support)[:k] for _ in range(n)]).reshape(n, k)


def _check_number(k, n_support):
    """Raise `ValueError` unless there are k support clips."""
    if not 0 <= k <= n_support:
        raise ValueError(f"k={k}: choose from 0 to {n_support}, the number of support clips.")


def _load(lalm, dataset, rows):
    """Waveforms of some clips; raises `ValueError` for one that does not fit the window."""
    for i in rows:
        if problem := lalm.duration_problem(dataset.seconds(i)):
            raise ValueError(f"{dataset.path(i)}: {problem}")
    return load_clips(lalm, dataset, rows, "audio")[0]
