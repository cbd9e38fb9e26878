"""From a dataset and a model to head vectors: check, survey, compute or take from the cache."""

import warnings
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from ccsav.clips.audio import AudioError
from ccsav.clips.dataset import Dataset, count_and_name
from ccsav.extraction.activations import HeadActivations, assemble
from ccsav.extraction.batches import Extraction, compute_rows
from ccsav.extraction.store import Cache, row_key
from ccsav.lalm.model import LALM


class ExtractionError(ValueError):
    """Clips whose head vectors cannot be computed; the message names each and says why."""


def extract(
    lalm: LALM, dataset: Dataset, question: str | Sequence[str] | None = None, *,
    heads=None, modality: str = "audio", batch_size: int = 16, cache: str | Path | None = None,
    on_error: str = "raise", truncate: bool = False, dtype: str = "float16", progress: bool = True,
) -> HeadActivations:  # fmt: skip
    """Compute the head vectors of every clip of a dataset, in one forward pass per clip.

    Parameters
    ----------
    lalm, dataset : the model, from `load_lalm`, and N clips.
    question : one for all clips, or one per clip; default: the family's own.
    heads : which heads, as in `LALM.select`; default: those of the decoder.
    modality : what the model is given of a clip, one of `LALM.modalities`. Videos make long
        prompts: choose a small `batch_size`.
    batch_size : clips per forward pass.
    cache : folder to keep finished rows in and to take them from; default: none. A row is found
        by the model's weights, the question, the heads, the formats and the clip's bytes.
    on_error : "raise", or "skip": leave out clips that cannot be used, and list them in `skipped`.
    truncate : use the beginning of sounds longer than the model's window; otherwise they fail.
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
    prompts = _prompts(lalm, question, len(dataset), modality)
    chosen = lalm.select(heads, modality)
    work = Extraction(lalm, dataset, prompts, chosen, modality, dtype, batch_size)
    seconds, reasons = _survey(work, truncate)
    if reasons and on_error == "raise":
        raise ExtractionError(_listed(dataset, reasons))
    clips = _equal_clips(work, np.argsort(-seconds, kind="stable"), reasons)
    identity = work.identity()
    X, failed = _compute(work, clips, Cache(cache or None, identity), on_error, progress)
    reasons |= failed
    cut = sum(bool(s > lalm.window) for i, s in enumerate(seconds) if i not in reasons)
    _warn(work, reasons, cut, copies=sum(map(len, clips.values())) - len(clips))
    provenance = _provenance(work, cut) | identity
    return assemble(dataset, X, reasons, chosen, provenance)


def _prompts(lalm, question, n, modality):
    """The prompt of each of n clips, from one question or n."""
    questions = [question] * n if question is None or isinstance(question, str) else list(question)
    if len(questions) != n:
        raise ValueError(f"{len(questions)} questions for {n} clips: give one, or one per clip.")
    prompt_of = {text: lalm.prompt(text, modality) for text in set(questions)}
    return [prompt_of[text] for text in questions]


def _survey(work, truncate):
    """Durations from the headers, (N,) seconds, and {clip: reason} of clips that do not fit."""
    dataset, modality = work.dataset, work.modality
    seconds, reasons = np.zeros(len(dataset)), {}
    for i in range(len(dataset)):
        try:
            seconds[i] = dataset.seconds(i, modality)
            reason = work.lalm.duration_problem(seconds[i], truncate and modality == "audio")
        except AudioError as error:
            reason = str(error).removeprefix(f"{dataset.path(i)}: ")
        if reason:
            reasons[i] = reason
    return seconds, reasons


def _equal_clips(work, order, reasons):
    """{row key: clips with the same bytes and prompt}, in this order, without those that fail."""
    clips = defaultdict(list)
    for i in order:
        if i not in reasons:
            clips[row_key(work.dataset.digest(i, work.modality), work.prompts[i])].append(i)
    return clips


def _compute(work, clips, store, on_error, progress):
    """X, (N, K, D), zeros for clips that fail, and {clip: reason} of these."""
    X = np.zeros((len(work.dataset), len(work.heads), work.heads["dim"].max()), work.dtype)
    first = {key: same[0] for key, same in clips.items()}
    total, failed = sum(map(len, clips.values())), {}
    with (
        closing(compute_rows(work, first, store)) as rows,
        tqdm(total=total, unit=" clips", disable=not progress) as bar,
    ):
        for key, row, reason in rows:
            if reason is None:
                X[clips[key]] = row
            elif on_error == "skip":
                failed |= dict.fromkeys(clips[key], reason)
            else:
                raise ExtractionError(_listed(work.dataset, {first[key]: reason}))
            bar.update(len(clips[key]))
    return X, failed


def _listed(dataset, reasons):
    """One line per clip that cannot be used."""
    lines = [f"{dataset.path(i)}: {reason}" for i, reason in sorted(reasons.items())]
    return f"{len(lines)} of {len(dataset)} clips cannot be used:\n- " + "\n- ".join(lines)


def _warn(work, reasons, cut, copies):
    """Warn with the number of clips that were left out, cut, or are copies of another clip."""
    left_out = [work.dataset.path(i) for i in sorted(reasons)]
    notes = count_and_name(left_out, "clips were left out (see `skipped`)")
    if cut:
        notes.append(f"{cut} clips were cut to the model's window of {work.lalm.window:g} s")
    if copies:
        notes.append(f"{copies} clips have the same bytes as another clip")
    for note in notes:
        warnings.warn(note, stacklevel=3)


def _provenance(work, truncated):
    """What head vectors were computed from and by, besides what decides a row."""
    lalm = work.lalm
    return {
        "model": lalm.name,
        "family": lalm.family.name,
        "prompts": sorted(set(work.prompts)),
        "modality": work.modality,
        "max_pixels": lalm.max_pixels,
        "device": str(lalm.device),
        "truncated": truncated,
        "versions": {name: version(name) for name in ("ccsav", "torch", "transformers")},
    }
