"""The table of every modality that a model takes, side by side: what sight adds to sound."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ccsav.clips.dataset import Dataset
from ccsav.evaluation.comparison import compare
from ccsav.lalm.model import LALM

from .few_shot import METRICS
from .kept import read_rows
from .steps import fill_table


def fill_each_modality(
    lalm: LALM,
    dataset: Dataset,
    out: str | Path,
    question: str | None = None,
    *,
    modalities: Sequence[str] | None = None,
    **options,
) -> pd.DataFrame:
    """Measure all methods on the same episodes, once for each modality.

    Parameters
    ----------
    lalm : from `load_lalm`.
    dataset : of videos, with its official split.
    out : folder for the results; those of each modality are in a sub-folder of its name.
    question : of all clips and modalities, as in `extract`.
    modalities : default: all that the model takes.
    **options : as in `fill_table`.

    Returns
    -------
    pd.DataFrame
        As from `fill_table`, with a level `modality` in front of the index.

    Raises
    ------
    ValueError
        If the model does not take one of the modalities; also all errors of `fill_table`.
    """
    modalities = lalm.modalities if modalities is None else modalities
    for modality in modalities:
        lalm.prompt(question, modality)  # raises before anything is computed
    tables = {
        modality: fill_table(
            lalm, dataset, Path(out, modality), question, modality=modality, **options
        )
        for modality in modalities
    }
    return pd.concat(tables, names=["modality"])


def sense_gains(
    out: str | Path, modality: str = "audio+video", metric: str = "accuracy"
) -> pd.DataFrame:
    """How far a modality is above the others, paired by episode.

    Parameters
    ----------
    out : folder that `fill_each_modality` filled.
    modality : from which the others are subtracted.
    metric : a column of `few_shot.csv`.

    Returns
    -------
    pd.DataFrame
        Indexed by over (the modality that is subtracted), heads, method; columns mean and interval
        (half of the 95 % one), from -1 to 1. A set of heads without the other modality has no row.
    """
    files = sorted(Path(out).glob("*/few_shot.csv"))
    tables = [read_rows(file, ["episode", *METRICS]) for file in files]
    few = pd.concat([t.assign(modality=f.parent.name) for t, f in zip(tables, files, strict=True)])
    parts = {}
    for (heads, method), part in few.groupby(["heads", "method"], sort=False):
        if {modality} < set(part["modality"]):
            paired = part.assign(method=part["modality"], shots=0)
            others = compare(paired, modality, metric).droplevel("shots")
            parts[heads, method] = others.assign(mean=-others["mean"])[["mean", "interval"]]
    table = pd.concat(parts, names=["heads", "method", "over"])
    return table.reorder_levels(["over", "heads", "method"])
