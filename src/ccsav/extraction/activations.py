"""Clips × model → head vectors: each clip once, in batches, resumable."""

import warnings
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ccsav.clips.audio import AudioError
from ccsav.clips.dataset import Dataset, count_and_name
from ccsav.extraction.batches import rows
from ccsav.extraction.store import Cache, NoCache, row_key
from ccsav.lalm.model import LALM

ALGORITHM = 1  # raised whenever the same inputs would give other head vectors


class ExtractionError(ValueError):
    """Clips whose head vectors cannot be computed; the message names each and says why."""


@dataclass(frozen=True, eq=False)
class HeadActivations:
    """Head vectors of a set of clips.

    X: (N, K, D) array, float16 unless asked otherwise; vectors shorter than D end in zeros.
    y: (N,) class of each clip, an index into `labels`; None if the dataset has no labels.
    labels: (C,) names of the classes.
    groups: (N,) group of each clip, or None.
    heads: table of the K heads (layer, head, kind, dim, …).
    table: the dataset's rows for the N clips.
    skipped: table of what was left out, and why (path, reason).
    provenance: what was computed, by what, from what.
    """

    X: np.ndarray
    y: np.ndarray | None
    labels: np.ndarray
    groups: np.ndarray | None
    heads: pd.DataFrame
    table: pd.DataFrame
    skipped: pd.DataFrame
    provenance: dict

    def __repr__(self):
        n, k, d = self.X.shape
        labels = f"{len(self.labels)} classes" if self.y is not None else "no labels"
        return (
            f"HeadActivations({n} clips × {k} heads × {d} numbers in {self.X.dtype}, {labels}, "
            f"{len(self.skipped)} clips skipped, from {self.provenance['model']!r})"
        )


def extract(
    lalm: LALM,
    dataset: Dataset,
    question: str | Sequence[str] | None = None,
    *,
    heads=None,
    modality: str = "audio",
    batch_size: int = 16,
    cache: str | Path | None = None,
    on_error: str = "raise",
    truncate: bool = False,
    dtype: str = "float16",
    progress: bool = True,
) -> HeadActivations:
    """Compute the head vectors of every clip of a dataset, one forward pass each.

    lalm: from `load_lalm`. dataset: N clips.
    question: asked about every clip, or one question per clip; default: the family's own.
    heads: which heads, as in `LALM.select`; default: those of the decoder.
    modality: what the model gets of each clip, "audio", "video" or "audio+video", see
        `LALM.modalities`. Videos fill a prompt fast: choose a small `batch_size`.
    batch_size: clips per forward pass.
    cache: folder to keep finished rows in and take them from; default: none. Rows are known by
        the model's weights, the question, the heads, the formats and the clip's bytes.
    on_error: "raise", or "skip": leave a clip out that cannot be read or does not fit, list it
        in `skipped`, and warn with the count.
    truncate: use the beginning of sounds that are longer than the model's window, and warn with
        their number. Otherwise they are errors.
    dtype: "float16" or "float32", the format that head vectors are kept in.
    progress: show a bar with clips per second.

    Raises `ExtractionError`, naming the clips; what was computed before stays in the cache.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error={on_error!r}: choose "raise" or "skip".')
    if dtype not in ("float16", "float32"):
        raise ValueError(f'dtype={dtype!r}: choose "float16" or "float32".')
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: choose at least 1.")
    prompts = _prompts(lalm, question, len(dataset), modality)
    chosen = lalm.select(heads, modality)
    seconds, reasons = _survey(lalm, dataset, truncate, modality)
    if reasons and on_error == "raise":
        raise ExtractionError(_list(dataset, reasons))

    places = defaultdict(list)  # row key → the clips with these bytes; longest clips first
    for i in np.argsort(-seconds, kind="stable"):
        if i not in reasons:
            places[row_key(dataset.digest(i, modality), prompts[i])].append(i)
    identity = _identity(lalm, chosen, dtype, modality)
    store = Cache(cache, identity) if cache else NoCache()
    X = np.zeros((len(dataset), len(chosen), chosen["dim"].max()), dtype)
    clips = {key: (same[0], prompts[same[0]]) for key, same in places.items()}
    todo = sum(map(len, places.values()))
    with (
        closing(rows(lalm, dataset, clips, chosen, dtype, batch_size, store, modality)) as finished,
        tqdm(total=todo, unit=" clips", disable=not progress) as bar,
    ):
        for key, row, reason in finished:
            if reason is None:
                X[places[key]] = row
            elif on_error == "skip":
                reasons |= dict.fromkeys(places[key], reason)
            else:
                raise ExtractionError(_list(dataset, {places[key][0]: reason}))
            bar.update(len(places[key]))

    keep = np.array([i not in reasons for i in range(len(dataset))])
    cut = np.count_nonzero(keep & (seconds > lalm.window))
    _tell(dataset, reasons, cut, todo - len(places), lalm.window)
    provenance = _provenance(lalm, prompts, modality, int(cut)) | identity
    return _activations(dataset, X, keep, reasons, chosen, provenance)


def _prompts(lalm, question, n, modality):
    """The prompt of each of n clips, from one question or n."""
    questions = [question] * n if question is None or isinstance(question, str) else list(question)
    if len(questions) != n:
        raise ValueError(f"{len(questions)} questions for {n} clips.")
    prompt_of = {question: lalm.prompt(question, modality) for question in set(questions)}
    return [prompt_of[question] for question in questions]


def _survey(lalm, dataset, truncate, modality):
    """Durations from the headers, (N,) seconds, and {clip: reason} for those that cannot do."""
    seconds, reasons = np.zeros(len(dataset)), {}
    for i in range(len(dataset)):
        try:
            seconds[i] = dataset.seconds(i, modality)
            reason = lalm.duration_problem(seconds[i], truncate and modality == "audio")
        except AudioError as error:
            reason = str(error).removeprefix(f"{dataset.path(i)}: ")
        if reason:
            reasons[i] = reason
    return seconds, reasons


def _identity(lalm, heads, dtype, modality):
    """Everything that decides what a row holds, besides the clip and the prompt."""
    sight = {} if modality == "audio" else {"modality": modality, "max_pixels": lalm.max_pixels}
    return sight | {
        "algorithm": ALGORITHM,
        "fingerprint": lalm.fingerprint,
        "window_s": lalm.window,
        "compute_dtype": str(lalm.dtype),
        "storage_dtype": dtype,
        "heads": heads[["module", "head", "pool"]].astype(str).agg(":".join, axis=1).tolist(),
    }


def _provenance(lalm, prompts, modality, truncated):
    """What else is worth knowing about how the rows came about."""
    return {
        "model": lalm.name,
        "family": lalm.family.name,
        "prompts": sorted(set(prompts)),
        "modality": modality,
        "max_pixels": lalm.max_pixels,
        "device": str(lalm.device),
        "truncated": truncated,
        "versions": {name: version(name) for name in ("ccsav", "torch", "transformers")},
    }


def _list(dataset, reasons):
    """One line per clip that cannot be used."""
    lines = [f"{dataset.path(i)}: {reason}" for i, reason in sorted(reasons.items())]
    return f"{len(lines)} of {len(dataset)} clips cannot be used:\n- " + "\n- ".join(lines)


def _tell(dataset, reasons, cut, copies, window):
    """Warn of what was left out, cut, or heard twice."""
    notes = count_and_name(
        [dataset.path(i) for i in sorted(reasons)], "clips were left out (see `skipped`)"
    )
    if cut:
        notes.append(f"{cut} clips were cut to the model's window of {window:g} s")
    if copies:
        notes.append(f"{copies} clips have the very bytes of another clip")
    for note in notes:
        warnings.warn(note, stacklevel=3)


def _activations(dataset, X, keep, reasons, heads, provenance):
    """Put together what `extract` returns, of the clips that were kept, a mask (N,)."""
    table = dataset.table[keep].reset_index(drop=True)
    skipped = [(str(dataset.path(i)), reason) for i, reason in sorted(reasons.items())]
    labels = dataset.labels
    return HeadActivations(
        X=X if keep.all() else X[keep],
        y=np.searchsorted(labels, table["label"].to_numpy(str)) if "label" in table else None,
        labels=labels,
        groups=table["group"].to_numpy() if "group" in table else None,
        heads=heads.reset_index(drop=True).rename_axis("index"),
        table=table,
        skipped=pd.DataFrame(skipped, columns=["path", "reason"]),
        provenance=provenance,
    )
