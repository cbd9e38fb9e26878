"""Labels from the model's own answers, for clips without labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError
from ccsav.lalm.model import LALM
from ccsav_lab.zero_shot import ask_each, match


def from_answers(
    lalm: LALM,
    dataset: Dataset,
    labels: Sequence[str],
    question: str | None = None,
    *,
    n_answers: int = 5,
    temperature: float = 1.0,
    seed: int = 0,
    batch_size: int = 16,
    modality: str = "audio",
    progress: bool = True,
) -> pd.DataFrame:
    """Let the model answer several times about each clip; take the label it names most often.

    Parameters
    ----------
    lalm : from `load_lalm`.
    dataset : N clips; labels that it has are not used.
    labels : C labels to look for in the answers, see `zero_shot.match`.
    question : default: the model family's own.
    n_answers : answers per clip, drawn at `temperature` with seeds from `seed` on. At a temperature
        of 0 all answers about a clip are the same.
    batch_size, modality : as in `extract`.

    Returns
    -------
    pd.DataFrame
        A row per clip: path, answers (list), label (None if no answer names one), confidence: the
        share of *all* answers that name the label, so that answers which name none, or several,
        lower it. Of labels named equally often, the one named first.
    """
    if n_answers < 1:
        raise ValueError(f"n_answers={n_answers}: at least one answer per clip is needed.")
    questions = [question] * len(dataset)
    rounds = [
        ask_each(
            lalm, dataset, questions, batch_size, modality, progress,
            temperature=temperature, seed=seed + i,
        )
        for i in range(n_answers)
    ]  # fmt: skip
    rows = [
        (list(answers), *majority([match(answer, labels) for answer in answers]))
        for answers in zip(*rounds, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["answers", "label", "confidence"])
    return dataset.table[["path"]].join(table)


def majority(named: Sequence[str | None]) -> tuple[str | None, float]:
    """The label named most often, and its share of all entries, None included."""
    counts = Counter(label for label in named if label is not None)
    if not counts:
        return None, 0.0
    label, number = counts.most_common(1)[0]
    return label, number / len(named)


def relabelled(dataset: Dataset, table: pd.DataFrame, confidence: float = 0.5) -> Dataset:
    """A dataset of the clips with a confident pseudo-label, which becomes their label.

    Parameters
    ----------
    dataset : N clips. Labels that they have are kept in the column `true_label`.
    table : from `from_answers` of this dataset, a row per clip in the same order.
    confidence : clips below it are left out.

    Raises
    ------
    DatasetError
        If no clip is left. `ValueError` if the table is not of this dataset.
    """
    if (
        len(table) != len(dataset)
        or (table["path"].to_numpy() != dataset.table["path"].to_numpy()).any()
    ):
        raise ValueError("table must have a row for each clip of the dataset, in its order.")
    kept = np.flatnonzero((table["confidence"] >= confidence) & table["label"].notna())
    if len(kept) == 0:
        raise DatasetError(
            f"no pseudo-label has a confidence of {confidence:g}: the highest is "
            f"{table['confidence'].max():g}."
        )
    new = dataset.table.rename(columns={"label": "true_label"})
    new = new.assign(label=table["label"].to_numpy(), confidence=table["confidence"].to_numpy())
    return replace(dataset.subset(kept), table=new.iloc[kept])
