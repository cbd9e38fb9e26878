"""What a head likes: clips in the order of its certainty, or of a projection of its vectors."""

import numpy as np
import pandas as pd
from IPython.display import HTML

from ccsav.clips.dataset import Dataset
from ccsav.extraction.activations import HeadActivations
from ccsav_lab import plot
from ccsav_lab.aligned import dataset_of
from ccsav_lab.sounds.tasks import RATE

from .tuning import votes


def ranked_clips(
    acts: HeadActivations, head: int, label: str | None = None, direction: np.ndarray | None = None
) -> pd.DataFrame:
    """All clips, those that a head likes most first.

    Parameters
    ----------
    acts : N clips; labelled ones for `label`.
    head : from 0 to K - 1.
    label : a class: clips are ranked by the posterior that the head gives it, with prototypes made
        without the clip, as in `votes`.
    direction : (D,), in place of a class: clips are ranked by the projection of the head's vectors
        on it, such as a difference of prototypes or a principal component.

    Returns
    -------
    pd.DataFrame
        A row per clip. clip: its place in `acts`; path, label, and score.

    Raises
    ------
    ValueError : unless one of label and direction is given, or for one that does not fit.
    """
    if (label is None) == (direction is None):
        raise ValueError("give label or direction: what clips are ranked by.")
    if not 0 <= head < acts.X.shape[1]:
        raise ValueError(f"head={head}: choose one from 0 to {acts.X.shape[1] - 1}.")
    if label is not None:
        if label not in acts.labels:
            raise ValueError(f"label={label!r}: choose one of {acts.labels.tolist()}.")
        score = votes(acts, head)[:, acts.labels.tolist().index(label)]
    else:
        direction = np.asarray(direction, float)
        if direction.shape != acts.X.shape[2:] or not np.linalg.norm(direction) > 0:
            raise ValueError(f"direction must be ({acts.X.shape[2]},) and not all zeros.")
        score = acts.X[:, head].astype(float) @ (direction / np.linalg.norm(direction))
    names = None if acts.y is None else acts.labels[acts.y]
    table = pd.DataFrame({"path": acts.table["path"].to_numpy(), "label": names, "score": score})
    table.insert(0, "clip", np.arange(len(table)))
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def play_ranked(acts: HeadActivations, dataset: Dataset, ranked: pd.DataFrame, n: int = 4) -> HTML:
    """In a notebook: players of the n first clips of a table, titled by label and score.

    Parameters
    ----------
    acts, dataset : the clips, as given to `extract`.
    ranked : from `ranked_clips`; `ranked[::-1]` plays those that the head likes least.
    n : number of clips.
    """
    clips = dataset_of(acts, dataset)
    shown = {
        f"{row.clip}: {row.label or row.path}, {row.score:.2f}": clips.waveform(row.clip, RATE)
        for row in ranked.head(n).itertuples()
    }
    return plot.players(shown, RATE)
