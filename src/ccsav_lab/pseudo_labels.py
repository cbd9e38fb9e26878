"""Labels from the model's own answers, for clips that nobody has labelled."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset, DatasetError
from ccsav.lalm.model import LALM
from ccsav_lab.zero_shot import answers, match


def pseudo_labels(
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
    """Ask the model about every clip several times, and take the label that it names most often.

    lalm: from `load_lalm`. dataset: N clips; labels that it has are not looked at.
    labels: the C that may be named, see `zero_shot.match`. question: default: the family's own.
    n_answers: drawn for each clip, at `temperature`, from `seed` on; a temperature of 0 gives the
        same answer every time. batch_size, modality: as in `extract`.

    Returns a row per clip: path, answers (list), label (None if no answer names one) and
    confidence: the share of *all* answers that name it, so that answers which name no label, or
    several, count against it. A tie goes to the label that was named first.
    """
    if n_answers < 1:
        raise ValueError(f"n_answers={n_answers}: ask at least once.")
    questions = [question] * len(dataset)
    drawn = [
        answers(
            lalm, dataset, questions, batch_size, modality, progress,
            temperature=temperature, seed=seed + i,
        )
        for i in range(n_answers)
    ]  # fmt: skip
    rows = [
        (list(said), *majority([match(x, labels) for x in said]))
        for said in zip(*drawn, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["answers", "label", "confidence"])
    return dataset.table[["path"]].join(table)


def majority(named: Sequence[str | None]) -> tuple[str | None, float]:
    """The label named most often, and its share of all, those that name nothing included."""
    counts = Counter(label for label in named if label is not None)
    if not counts:
        return None, 0.0
    label, number = counts.most_common(1)[0]
    return label, number / len(named)


def relabelled(dataset: Dataset, table: pd.DataFrame, confidence: float = 0.5) -> Dataset:
    """The clips whose pseudo-label is at least so confident, with it as their label.

    table: from `pseudo_labels` of this dataset. A label that they had is kept as `true_label`.
    Raises `DatasetError` if no clip is left.
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
    some = dataset.subset(kept)
    return Dataset(new.iloc[kept], some.root, some.waveforms, some.rate)
