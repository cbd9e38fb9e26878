"""What single heads make of clips: their names, their votes, their answers to a sweep."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset
from ccsav.extraction.activations import HeadActivations
from ccsav.extraction.pipeline import extract
from ccsav.lalm.model import LALM
from ccsav.weights import readout
from ccsav.weights.ccsav import CCSAVClassifier
from ccsav.weights.left_out import leave_out
from ccsav_lab import sounds
from ccsav_lab.sounds.tasks import RATE

FRESH = 9_000_000  # first seed of swept clips: those of the tasks are far below


def head_names(heads: pd.DataFrame) -> pd.Series:
    """What to call each head in a figure, "decoder 2.5" for head 5 of layer 2; heads: (K,) rows."""
    place = heads["layer"].astype(str) + "." + heads["head"].astype(str)
    return (heads["kind"] + " " + place).rename("name")


def sweep(
    lalm: LALM,
    name: str,
    parameter: str,
    values: Sequence[float],
    question: str | None = None,
    *,
    clips: int = 20,
    seconds: float = 2.0,
    heads="all",
    cache: str | Path | None = None,
    progress: bool = True,
    **fixed,
) -> HeadActivations:
    """Head vectors of one procedural sound as one thing about it changes, all else kept.

    lalm: from `load_lalm`. name: one of `sounds.CLASSES.index`. parameter: of the class or of its
    recording, by its name in `sounds.render` ("pitch" in Hz, "rate_hz", "snr_db", …). values: V
    numbers that it takes. question, heads, cache, progress: as in `extract`. clips: rendered at
    every value, from the same seeds, so that the n-th clips differ in `parameter` alone. seconds:
    of each clip. fixed: other parameters, the same for all.

    Returns V · clips clips whose table has the columns value and clip (0 to clips - 1). Raises
    ValueError as `sounds.render` does, and for no values or fewer than 2 clips.
    """
    values = [float(value) for value in values]
    if not values or clips < 2:
        raise ValueError(
            f"{len(values)} values, clips={clips}: give a value, and at least 2 clips."
        )
    rows = pd.DataFrame(
        [(value, clip) for value in values for clip in range(clips)], columns=["value", "clip"]
    )
    waveforms = [
        sounds.render(
            name, FRESH + clip, seconds=seconds, rate=RATE, **{parameter: value}, **fixed
        ).waveform
        for value, clip in tqdm(
            rows.itertuples(index=False), "render", len(rows), unit=" clips", disable=not progress
        )
    ]
    paths = [f"{name}, {parameter} {v:g}, clip {clip}" for v, clip in rows.to_numpy()]
    dataset = Dataset(rows.assign(path=paths, label=name), waveforms=waveforms, rate=RATE)
    return extract(lalm, dataset, question, heads=heads, cache=cache, progress=progress)


def responses(
    clf: CCSAVClassifier, swept: HeadActivations, label, heads: Sequence[int], kind="posterior"
) -> pd.DataFrame:
    """How much single heads take swept clips for a class, in a tidy table.

    clf: fitted on the same K heads as `swept` has. swept: from `sweep`. label: the class, one of
    `clf.classes_`. heads: which, from 0 to K - 1. kind: "posterior" (of the class among all
    classes, by the head's first readout at its temperature: 1/C is chance) or "score" (what the
    readout gives that class alone; of prototypes the cosine, -1 to 1).

    Returns one row per clip and head, with the columns value, clip, head, response. Raises
    ValueError for a class that `clf` does not know, or another kind.
    """
    if kind not in ("posterior", "score"):
        raise ValueError(f'kind={kind!r}: choose "posterior" or "score".')
    if label not in clf.classes_:
        raise ValueError(f"label={label!r}: choose one of {clf.classes_.tolist()}.")
    heads = list(heads)
    U = readout.unit(torch.as_tensor(swept.X[:, heads]).float())  # (N, k, D)
    coef, intercept, tau = (
        torch.as_tensor(part[0][heads]) for part in (clf.coef_, clf.intercept_, clf.tau_)
    )
    found = readout.scores(U, coef, intercept)  # (N, k, C)
    if kind == "posterior":
        found = readout.posteriors(found, tau)
    found = found[..., list(clf.classes_).index(label)].numpy()  # (N, k)
    table = swept.table[["value", "clip"]]
    parts = [table.assign(head=k, response=found[:, i]) for i, k in enumerate(heads)]
    return pd.concat(parts, ignore_index=True)


def votes(acts: HeadActivations, head: int) -> np.ndarray:
    """What one head makes of every clip, by prototypes that have not heard it, (N, C).

    acts: N labelled clips of C classes; head: from 0 to K - 1. Posteriors, at the temperature that
    fits this head, by prototypes made without the clip (without its group, where the other clips
    of its class are enough to go by, see `held_out.leave_out`). Raises ValueError for clips
    without labels, and where no class has a second clip.
    """
    if acts.y is None:
        raise ValueError("acts has no labels: extract from a dataset with labels.")
    if not 0 <= head < acts.X.shape[1]:
        raise ValueError(f"head={head}: choose one from 0 to {acts.X.shape[1] - 1}.")
    X, y = torch.as_tensor(acts.X[:, [head]]).double(), torch.as_tensor(acts.y)
    judged = leave_out(X, y, acts.groups)
    if judged.one_shot:
        raise ValueError("every class has a single clip: none can be left out to be judged.")
    _, _, scores = readout.nearest_prototype(X, y, len(acts.labels), judged.left_out)
    tau = readout.temperatures(scores[judged.fair], judged.y)
    return readout.posteriors(scores, tau)[:, 0].numpy()
