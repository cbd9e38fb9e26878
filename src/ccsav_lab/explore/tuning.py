"""Single heads: their names, their votes on clips, and their responses to a sweep."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset
from ccsav.extraction.activations import HeadActivations
from ccsav.extraction.pipeline import extract
from ccsav.lalm.heads import select_heads
from ccsav.lalm.model import LALM
from ccsav.weights import readout
from ccsav.weights.ccsav import CCSAVClassifier
from ccsav.weights.left_out import leave_out
from ccsav_lab import sounds
from ccsav_lab.sounds.changes import changed
from ccsav_lab.sounds.tasks import RATE

FRESH = 9_000_000  # first seed of swept clips; the tasks use smaller seeds


def head_names(heads: pd.DataFrame) -> pd.Series:
    """Names of heads for figures, (K,): "decoder 2.5" is head 5 of layer 2; heads: table of K."""
    number = heads["layer"].astype(str) + "." + heads["head"].astype(str)
    return (heads["kind"] + " " + number).rename("name")


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
    """Head vectors of one procedural sound as one parameter changes and all else is kept.

    Parameters
    ----------
    lalm : LALM
    name : str
        One of `sounds.CLASSES.index`.
    parameter : str
        Of the class or of its recording, as in `sounds.render`: "pitch" in Hz, "rate_hz", "snr_db".
    values : sequence of V float
        Values of the parameter.
    question, heads, cache, progress
        As in `extract`.
    clips : int
        Clips per value, rendered from the same seeds for every value: the n-th clips of two values
        differ in `parameter` alone.
    seconds : float
        Duration of each clip.
    **fixed
        Other parameters, the same for all clips.

    Returns
    -------
    HeadActivations
        Of V · clips clips; its table has the columns value and clip (0 to clips - 1).

    Raises
    ------
    ValueError
        As `sounds.render` does, and for no values or fewer than 2 clips.
    """
    values = [float(value) for value in values]
    if not values or clips < 2:
        raise ValueError(
            f"values has {len(values)}, clips={clips}: give a value, and at least 2 clips."
        )
    rows = pd.DataFrame(list(product(values, range(clips))), columns=["value", "clip"])
    waveforms = []
    bar = {"desc": "render", "unit": " clips", "disable": not progress}
    for value, clip in tqdm(rows.itertuples(index=False), total=len(rows), **bar):
        options = {parameter: value, "seconds": seconds, "rate": RATE, **fixed}
        waveforms.append(sounds.render(name, FRESH + clip, **options).waveform)
    paths = [f"{name}, {parameter} {v:g}, clip {clip}" for v, clip in rows.to_numpy()]
    dataset = Dataset(rows.assign(path=paths, label=name), waveforms=waveforms, rate=RATE)
    return extract(lalm, dataset, question, heads=heads, cache=cache, progress=progress)


def sweep_recordings(
    lalm: LALM,
    waveforms: Sequence[np.ndarray],
    what: str,
    values: Sequence[float],
    question: str | None = None,
    *,
    heads="all",
    cache: str | Path | None = None,
    progress: bool = True,
) -> HeadActivations:
    """Head vectors of your own recordings as one property of them is changed.

    Parameters
    ----------
    lalm, question, heads, cache, progress : as in `sweep`.
    waveforms : clips at `lalm.rate`, each changed to every value.
    what : one of `sounds.changes.CHANGES`: noise, low and high pass, pitch, rate, level.
    values : V of them, in the unit that its name ends in.

    Returns
    -------
    HeadActivations
        Of V · clips clips, for `responses`; its table has the columns value and clip.

    Raises
    ------
    ValueError : as `changed` does, and for no values or no clips.
    """
    values = [float(value) for value in values]
    if not values or not len(waveforms):
        raise ValueError(
            f"{len(values)} values, {len(waveforms)} clips: give one of each at least."
        )
    rows = pd.DataFrame(list(product(values, range(len(waveforms)))), columns=["value", "clip"])
    clips = [
        changed(waveforms[int(clip)], lalm.rate, what, value, seed=int(clip))
        for value, clip in rows.to_numpy()
    ]
    paths = [f"clip {clip:g}, {what} {value:g}" for value, clip in rows.to_numpy()]
    dataset = Dataset(rows.assign(path=paths), waveforms=clips, rate=lalm.rate)
    return extract(lalm, dataset, question, heads=heads, cache=cache, progress=progress)


def responses(
    clf: CCSAVClassifier, swept: HeadActivations, label, heads, kind="posterior"
) -> pd.DataFrame:
    """Posteriors or scores that single heads give swept clips for one class.

    Parameters
    ----------
    clf : CCSAVClassifier
        Fitted on the same K heads as `swept` has.
    swept : HeadActivations
        From `sweep`.
    label : str
        The class, one of `clf.classes_`.
    heads
        Which of the K heads of `swept`, as in `LALM.select`; of a mapping, its keys.
    kind : {"posterior", "score"}
        Of the head's first readout: the posterior of the class among all classes at the head's
        temperature (chance is 1/C), or the score of that class alone (of prototypes the cosine).

    Returns
    -------
    DataFrame
        A row per clip and head; columns value, clip, head, response.

    Raises
    ------
    ValueError
        For a class that `clf` was not fitted on, or another kind.
    """
    if kind not in ("posterior", "score"):
        raise ValueError(f'kind={kind!r}: choose "posterior" or "score".')
    if label not in clf.classes_:
        raise ValueError(f"label={label!r}: choose one of {clf.classes_.tolist()}.")
    heads = list(heads) if isinstance(heads, Mapping) else heads
    heads = select_heads(swept.heads, heads).index.tolist()
    U = readout.unit(torch.as_tensor(swept.X[:, heads]).float())  # (N, k, D)
    coef, intercept, tau = (
        torch.as_tensor(part[0][heads]) for part in (clf.coef_, clf.intercept_, clf.tau_)
    )
    response = readout.class_scores(U, coef, intercept)  # (N, k, C)
    if kind == "posterior":
        response = readout.posteriors(response, tau)
    response = response[..., list(clf.classes_).index(label)].numpy()  # (N, k)
    table = swept.table[["value", "clip"]]
    parts = [table.assign(head=k, response=response[:, i]) for i, k in enumerate(heads)]
    return pd.concat(parts, ignore_index=True)


def votes(acts: HeadActivations, head: int) -> np.ndarray:
    """Posteriors of one head for every clip, by prototypes made without that clip.

    The prototypes are made without the clip's whole group where enough clips of its class remain
    (see `weights.left_out.leave_out`), at the temperature fitted to this head.

    Parameters
    ----------
    acts : HeadActivations
        Of N labelled clips of C classes.
    head : int
        From 0 to K - 1.

    Returns
    -------
    (N, C) float

    Raises
    ------
    ValueError
        For clips without labels, and where no class has a second clip.
    """
    if acts.y is None:
        raise ValueError("acts has no labels: extract from a dataset with labels.")
    if not 0 <= head < acts.X.shape[1]:
        raise ValueError(f"head={head}: choose one from 0 to {acts.X.shape[1] - 1}.")
    X, y = torch.as_tensor(acts.X[:, [head]]).double(), torch.as_tensor(acts.y)
    clips = leave_out(X, y, np.arange(len(y)) if acts.groups is None else acts.groups)
    if clips.one_shot:
        raise ValueError("every class has a single clip: add clips, so that one can be left out.")
    _, _, scores = readout.nearest_prototype(X, y, len(acts.labels), clips.left_out)
    tau = readout.temperatures(scores[clips.usable], clips.y)
    return readout.posteriors(scores, tau)[:, 0].numpy()
