"""From a dataset and a model to head vectors: survey, then take from the store or compute."""

import hashlib
import json
import time
import warnings
from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset, count_and_name
from ccsav.disk.on_disk import RowsOnDisk
from ccsav.disk.store import Store
from ccsav.extraction.activations import HeadActivations
from ccsav.extraction.batches import Extraction, Rows
from ccsav.extraction.ranks import checked_rank, find_rank
from ccsav.extraction.survey import Survey
from ccsav.lalm.model import LALM

_CHOICES = {
    "on_error": ("raise", "skip"),
    "dtype": ("float16", "float32"),
    "keep": ("memory", "disk"),
}
_TELL = 30.0  # seconds between looks at what all ranks have stored
_AUTO = {"cpu": 16, "cuda": 64}  # clips per forward pass at first, with batch_size="auto"


class ExtractionError(ValueError):
    """Clips whose head vectors cannot be computed; the message names each and says why."""


def extract(
    lalm: LALM,
    dataset: Dataset,
    question: str | Sequence[str] | None = None,
    *,
    heads=None,
    modality: str = "audio",
    batch_size: int | str = 16,
    cache: str | Path | None = None,
    on_error: str = "raise",
    truncate: bool = False,
    dtype: str = "float16",
    keep: str = "memory",
    rank: str | tuple[int, int] | None = None,
    verify: bool = False,
    progress: bool = True,
) -> HeadActivations:
    """Compute the head vectors of every clip of a dataset, in one forward pass per clip.

    Parameters
    ----------
    lalm, dataset : the model, from `load_lalm`, and N clips.
    question : one for all clips, or one per clip; default: the family's own.
    heads : which heads, as in `LALM.select`; default: those of the decoder.
    modality : what the model is given of a clip, one of `LALM.modalities`.
    batch_size : clips per forward pass; choose few for videos, which make long prompts. "auto":
        16 on a CPU, 64 on a GPU, halved when its memory does not suffice.
    cache : folder to keep finished rows in and to take them from; default: none. A row is found
        by the model's weights, the question, the heads, the formats and the clip's bytes.
    on_error : "raise", or "skip": leave out clips that cannot be used, and list them in `skipped`.
    truncate : use (and read) the beginning of clips longer than the window; otherwise they fail.
    dtype : format of the head vectors, "float16" or "float32".
    keep : where X is: "memory", or "disk", in the cache: see `RowsOnDisk`.
    rank : compute a part of the clips, (rank, number of ranks): all that rank, rank + number, …;
        "auto": as torchrun, accelerate or Slurm number this process; default: all clips.
    verify : read all recordings and rows again; otherwise a recording whose path, size and time of
        change are known counts as unchanged, and rows that stay on disk are checked when read.
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
    _check(cache, batch_size, on_error=on_error, dtype=dtype, keep=keep)
    rank = find_rank() if rank == "auto" else checked_rank((0, 1) if rank is None else rank)
    if rank[1] > 1 and cache is None:
        raise ValueError(f"rank {rank}: give a cache, in which the parts come together.")
    prompts = _prompts(lalm, question, modality, len(dataset))
    work = Extraction(lalm, dataset, prompts, lalm.select(heads, modality), modality, dtype)
    clips = range(rank[0], len(dataset), rank[1])
    survey = Survey(dataset, modality, cache and Path(cache) / "recordings", verify)
    seconds, reasons, cut = _survey(work, survey, clips, truncate)
    if reasons and on_error == "raise":
        raise ExtractionError(_listed(dataset, reasons))
    X = np.zeros((len(clips), *work.shape), dtype) if keep == "memory" else None
    place = {i: j for j, i in enumerate(clips)}
    store = None if cache is None else _store(work, cache, rank)
    rows = Rows(work, survey, store, X, place, *_batch_size(lalm, batch_size))
    order = sorted(seconds, key=lambda i: -seconds[i])
    reasons |= _compute(rows, order, rank, on_error, progress)
    if keep == "disk":
        store.refresh()
        X = RowsOnDisk(store, [rows.keys.get(i, bytes(32)) for i in clips])
    cut = len(cut - reasons.keys())
    acts = _assemble(work, clips, X, reasons, cut)
    _warn(acts, len(rows.keys) - len(rows.first), lalm.window, cut)
    return acts


def _check(cache, batch_size, **options):
    """Raise `ValueError` for options with other values than they can have."""
    for name, value in options.items():
        if value not in _CHOICES[name]:
            raise ValueError(f"{name}={value!r}: choose {' or '.join(map(repr, _CHOICES[name]))}.")
    if options["keep"] == "disk" and cache is None:
        raise ValueError('keep="disk": give a cache, which is where the rows stay.')
    if batch_size != "auto" and batch_size < 1:
        raise ValueError(f'batch_size={batch_size}: choose at least 1, or "auto".')
    old = [] if cache is None else list(Path(cache).glob("*/locks"))
    if old:
        warnings.warn(
            f"{cache}: {len(old)} folders of an earlier version, a file for each row, are not read "
            f"any more, and can be removed: rm -r {old[0].parent}",
            stacklevel=3,
        )


def _prompts(lalm, question, modality, n):
    """The prompt of each of n clips."""
    questions = [question] * n if isinstance(question, str | None) else list(question)
    if len(questions) != n:
        raise ValueError(f"{len(questions)} questions for {n} clips: give one, or one per clip.")
    prompt_of = {text: lalm.prompt(text, modality) for text in set(questions)}
    return [prompt_of[text] for text in questions]


def _survey(work, survey, clips, truncate):
    """Durations of clips that can be used, reasons of the others, and those that are cut."""
    seconds, reasons = survey.seconds(clips)
    for i, length in seconds.items():
        if problem := work.lalm.duration_problem(length, truncate):
            reasons[i] = problem
    seconds = {i: length for i, length in seconds.items() if i not in reasons}
    return seconds, reasons, {i for i, s in seconds.items() if work.lalm.duration_problem(s)}


def _store(work, cache, rank):
    """The store of rows that are made as these are; its folder's name is a hash of how."""
    identity = work.identity()
    text = json.dumps(identity, indent=1, sort_keys=True)
    folder = Path(cache) / hashlib.sha256(text.encode()).hexdigest()[:16]
    about = {"identity": identity, "shape": work.shape, **_origin(work)}
    about["heads"] = work.heads.reset_index(drop=True).to_dict(orient="list")
    return Store(folder, work.shape, work.dtype, about=about, join_all=rank[1] == 1)


def _batch_size(lalm, batch_size):
    """Clips per forward pass, and whether to halve them where memory does not suffice."""
    auto = batch_size == "auto"
    return (_AUTO.get(lalm.device.type, 16) if auto else batch_size), auto


def _compute(rows, order, rank, on_error, progress):
    """Let all rows be found or computed; {clip: reason} of those that cannot be."""
    reasons, dataset = {}, rows.work.dataset
    bar = _Bar(rows.store, rank, total=len(order), unit=" clips", disable=not progress)
    with bar, closing(rows), closing(rows.ready(order)) as steps:
        for done, failed in steps:
            if failed and on_error == "raise":
                raise ExtractionError(_listed(dataset, dict([min(failed.items())])))
            reasons |= failed
            bar.update(len(done) + len(failed))
            bar.tell_of_all()
    return reasons


class _Bar(tqdm):
    """A progress bar, which also tells how fast all ranks are together."""

    def __init__(self, store, rank, **options):
        divided = rank[1] > 1
        super().__init__(**options, desc=f"rank {rank[0]} of {rank[1]}" if divided else None)
        self.store = store if divided and not self.disable else None
        self.before, self.told = (self.store.count() if self.store else 0), time.monotonic()
        self.began = self.told

    def tell_of_all(self):
        """Show the rate of all ranks, by the rows on disk, twice a minute."""
        now = time.monotonic()
        if self.store is not None and now - self.told > _TELL:
            rows, self.told = self.store.count(), now
            rate = (rows - self.before) / (now - self.began)
            self.set_postfix_str(f"all ranks: {rows} rows stored, {rate:.1f}/s")


def _listed(dataset, reasons):
    """One line per clip that cannot be used."""
    lines = [f"{dataset.path(i)}: {reason}" for i, reason in sorted(reasons.items())]
    return f"{len(lines)} of {len(dataset)} clips cannot be used:\n- " + "\n- ".join(lines)


def _origin(work):
    """What the head vectors come from, as plain data."""
    lalm = work.lalm
    return {
        "model": lalm.name,
        "family": lalm.family.name,
        "modality": work.modality,
        "max_pixels": lalm.max_pixels,
        "device": str(lalm.device),
        "versions": {name: version(name) for name in ("ccsav", "torch", "transformers")},
    }


def _assemble(work, clips, X, reasons, cut):
    """Head vectors, (N, K, D), with their clips and origin, without the clips that failed."""
    dataset, kept = work.dataset, np.array([i not in reasons for i in clips], dtype=bool)
    skipped = [(str(dataset.path(i)), reason) for i, reason in sorted(reasons.items())]
    prompts = sorted({work.prompts[i] for i in clips})
    origin = _origin(work) | {"prompts": prompts, "truncated": cut} | work.identity()
    rows, X = np.asarray(clips, dtype=int)[kept], X if kept.all() else X[kept]
    return HeadActivations.of(dataset, X, work.heads, origin, rows, skipped)


def _warn(acts, copies, window, cut):
    """Warn of what is not as a user may expect."""
    notes = count_and_name(acts.skipped["path"].tolist(), "clips were left out (see `skipped`)")
    if cut:
        notes.append(f"{cut} clips were cut to the model's window of {window:g} s")
    if copies:
        notes.append(f"{copies} clips have the same bytes as another clip")
    for note in notes:
        warnings.warn(note, stacklevel=3)
