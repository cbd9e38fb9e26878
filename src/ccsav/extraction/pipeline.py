"""From a dataset and a model to head vectors: check, survey, compute or take from the cache."""

import hashlib
import warnings
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset, count_and_name
from ccsav.extraction.activations import HeadActivations
from ccsav.extraction.batches import CLIP_ERRORS, Extraction, compute_rows, reason_of
from ccsav.extraction.store import Cache
from ccsav.lalm.model import LALM


class ExtractionError(ValueError):
    """Clips whose head vectors cannot be computed; the message names each and says why."""


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
    """Compute the head vectors of every clip of a dataset, in one forward pass per clip.

    Parameters
    ----------
    lalm, dataset : the model, from `load_lalm`, and N clips.
    question : one for all clips, or one per clip; default: the family's own.
    heads : which heads, as in `LALM.select`; default: those of the decoder.
    modality : what the model is given of a clip, one of `LALM.modalities`.
    batch_size : clips per forward pass; choose few for videos, which make long prompts.
    cache : folder to keep finished rows in and to take them from; default: none. A row is found
        by the model's weights, the question, the heads, the formats and the clip's bytes.
    on_error : "raise", or "skip": leave out clips that cannot be used, and list them in `skipped`.
    truncate : use (and read) the beginning of clips longer than the window; otherwise they fail.
    dtype : format of the head vectors, "float16" or "float32".
    progress : show a bar with clips per second.

    Raises
    ------
    ExtractionError : names the clips that cannot be used. Rows computed before stay in the cache.
    ValueError : an option, or the number of questions, is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> import ccsav
    >>> tones = [np.sin(0.1 * i * np.arange(8000)) for i in (1, 2)]
    >>> dataset = ccsav.Dataset.from_arrays(tones, rate=16_000)
    >>> ccsav.extract(ccsav.load_lalm("mini"), dataset, "What sound is this?", progress=False)
    HeadActivations(2 clips × 48 heads × 32 numbers in float16, no labels, 0 clips skipped, ...)
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error={on_error!r}: choose "raise" or "skip".')
    if dtype not in ("float16", "float32"):
        raise ValueError(f'dtype={dtype!r}: choose "float16" or "float32".')
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: choose at least 1.")
    n = len(dataset)
    questions = [question] * n if isinstance(question, str | None) else list(question)
    if len(questions) != n:
        raise ValueError(f"{len(questions)} questions for {n} clips: give one, or one per clip.")
    prompt_of = {text: lalm.prompt(text, modality) for text in set(questions)}
    prompts = [prompt_of[text] for text in questions]
    chosen = lalm.select(heads, modality)
    work = Extraction(lalm, dataset, prompts, chosen, modality, dtype, batch_size)
    seconds, digests, reasons = _survey(work, truncate)
    if reasons and on_error == "raise":
        raise ExtractionError(_listed(dataset, reasons))
    clips = defaultdict(list)  # {key of the row: clips with the same bytes and prompt}
    for i in np.argsort(-seconds, kind="stable"):
        if i not in reasons:
            content = f"{digests[i]}\n{prompts[i]}"
            clips[hashlib.sha256(content.encode()).hexdigest()].append(i)
    X = _compute(work, clips, Cache(cache or None, work.identity()), on_error, progress, reasons)
    cut = sum(bool(lalm.duration_problem(s)) for i, s in enumerate(seconds) if i not in reasons)
    acts = _assemble(work, X, reasons, cut)
    notes = count_and_name(acts.skipped["path"].tolist(), "clips were left out (see `skipped`)")
    if cut:
        notes.append(f"{cut} clips were cut to the model's window of {lalm.window:g} s")
    if copies := sum(map(len, clips.values())) - len(clips):
        notes.append(f"{copies} clips have the same bytes as another clip")
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return acts


def _survey(work, truncate):
    """Durations, (N,) seconds, {clip: digest}, and {clip: reason} of clips that do not fit."""
    dataset, digests, reasons = work.dataset, {}, {}
    seconds = np.zeros(len(dataset))
    for i in range(len(dataset)):
        try:
            seconds[i] = dataset.seconds(i, work.modality)
            if problem := work.lalm.duration_problem(seconds[i], truncate):
                reasons[i] = problem
            else:
                digests[i] = dataset.digest(i, work.modality)
        except CLIP_ERRORS as error:
            reasons[i] = reason_of(error, dataset, i)
    return seconds, digests, reasons


def _compute(work, clips, store, on_error, progress, reasons):
    """X, (N, K, D), with zeros for clips that fail, which are added to `reasons`."""
    X = np.zeros((len(work.dataset), len(work.heads), work.heads["dim"].max()), work.dtype)
    bar = tqdm(total=sum(map(len, clips.values())), unit=" clips", disable=not progress)
    with bar, closing(compute_rows(work, clips, store)) as rows:
        for key, row, reason in rows:
            if reason is None:
                X[clips[key]] = row
            elif on_error == "skip":
                reasons |= dict.fromkeys(clips[key], reason)
            else:
                raise ExtractionError(_listed(work.dataset, {clips[key][0]: reason}))
            bar.update(len(clips[key]))
    return X


def _listed(dataset, reasons):
    """One line per clip that cannot be used."""
    lines = [f"{dataset.path(i)}: {reason}" for i, reason in sorted(reasons.items())]
    return f"{len(lines)} of {len(dataset)} clips cannot be used:\n- " + "\n- ".join(lines)


def _assemble(work, X, reasons, truncated):
    """Head vectors, (N, K, D), with their clips and origin, without the clips that failed."""
    lalm, dataset = work.lalm, work.dataset
    kept = np.array([i not in reasons for i in range(len(dataset))])  # (N,)
    labels, table = dataset.labels, dataset.table[kept].reset_index(drop=True)
    skipped = [(str(dataset.path(i)), reason) for i, reason in sorted(reasons.items())]
    provenance = {
        "model": lalm.name,
        "family": lalm.family.name,
        "prompts": sorted(set(work.prompts)),
        "modality": work.modality,
        "max_pixels": lalm.max_pixels,
        "device": str(lalm.device),
        "truncated": truncated,
        "versions": {name: version(name) for name in ("ccsav", "torch", "transformers")},
    }
    return HeadActivations(
        X=X if kept.all() else X[kept],
        y=np.searchsorted(labels, table["label"].to_numpy(str)) if "label" in table else None,
        labels=labels,
        groups=table["group"].to_numpy() if "group" in table else None,
        heads=work.heads.reset_index(drop=True).rename_axis("index"),
        table=table,
        skipped=pd.DataFrame(skipped, columns=["path", "reason"]),
        provenance=provenance | work.identity(),
    )
