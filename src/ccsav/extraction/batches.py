"""Rows of head vectors as they are finished: from the cache, or batch by batch from the model."""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset
from ccsav.extraction.store import Cache
from ccsav.lalm.model import LALM

# raised whenever the same inputs would give other head vectors
_ALGORITHM = {"audio": 2, "video": 2, "audio+video": 3}
CLIP_ERRORS = (  # what reading a clip, or making the model's inputs of it, can raise
    *(ArithmeticError, EOFError, LookupError, MemoryError),
    *(OSError, RuntimeError, TypeError, ValueError),
)
_POLL = 0.2  # seconds between looks at rows that another process is computing
_SAME_CORES = ("cpu",)  # devices that compute with the cores that also read clips


@dataclass(frozen=True, eq=False)
class Extraction:
    """What is to be computed: head vectors of these clips, with these prompts, by this model."""

    lalm: LALM
    dataset: Dataset  # N clips
    prompts: Sequence[str]  # (N,), from `LALM.prompt`
    heads: pd.DataFrame  # rows of the model's table of heads
    modality: str  # one of `LALM.modalities`
    dtype: str  # of the head vectors
    batch_size: int  # clips per forward pass

    def identity(self) -> dict:
        """Everything that decides a clip's head vectors, besides the clip and its prompt."""
        lalm, columns = self.lalm, ["module", "head", "pool"]
        video = {"modality": self.modality, "max_pixels": lalm.max_pixels}
        return ({} if self.modality == "audio" else video | lalm.processor.frame_settings.own()) | {
            "algorithm": _ALGORITHM[self.modality],
            "fingerprint": lalm.fingerprint,
            "window_s": lalm.window,
            "compute_dtype": str(lalm.dtype),
            "storage_dtype": self.dtype,
            "heads": self.heads[columns].astype(str).agg(":".join, axis=1).tolist(),
        }


def load_clips(lalm: LALM, dataset: Dataset, indices: Sequence[int], modality: str) -> tuple:
    """Load some clips as a model takes them; raises `AudioError` if one cannot be read.

    Returns waveforms, each (samples,), at the model's rate, and videos, each (T, H, W, 3), at its
    frames per second, both cut to its window; None for what is not in the modality.
    """
    waveforms = videos = None
    if "video" in modality:
        videos = [dataset.frames(i, lalm.fps, lalm.window) for i in indices]
    if "audio" in modality:
        waveforms = [dataset.waveform(i, lalm.rate, lalm.window) for i in indices]
    return waveforms, videos


def compute_rows(work: Extraction, clips: Mapping, store: Cache) -> Iterator[tuple]:
    """Compute the row of each key in `clips`, {key: equal clips}, or take it from the store.

    Yields (key, row (K, D), None), or (key, None, reason) for a clip that fails. On a GPU, the next
    batch is read from disk while the model computes this one. Rows that another process is
    computing are left to it, and looked for at the end.
    """
    queue, next_batch = deque(clips), None
    with ThreadPoolExecutor(max_workers=1) as reader, closing(store):
        while queue or next_batch:
            mine, stored = _claim(queue, store, work.batch_size)
            batch, next_batch = next_batch, None
            if mine:
                load = partial(_load_batch, work, {key: clips[key][0] for key in mine})
                alone = work.lalm.device.type in _SAME_CORES
                next_batch = load if alone else reader.submit(load).result
            yield from ((key, row, None) for key, row in stored.items())
            if batch is not None:
                yield from _compute_batch(work, *batch(), store)
            elif not mine and not stored:
                time.sleep(_POLL)


def _claim(queue, store, most):
    """Take up to `most` keys off the queue to compute, and rows that are stored already."""
    mine, stored = [], {}
    for _ in range(len(queue)):
        if len(mine) == most or (not mine and len(stored) == most):
            break
        key = queue.popleft()
        row = store.get(key)
        if row is not None:
            stored[key] = row
        elif store.claim(key):
            mine.append(key)
        else:
            queue.append(key)
    return mine, stored


def _load_batch(work, clips):
    """Read clips {key: index}: forward passes (keys, inputs), and {key: reason} of failures."""
    loaded, reasons = {}, {}
    for key, i in clips.items():
        try:
            loaded[key] = load_clips(work.lalm, work.dataset, [i], work.modality)
        except CLIP_ERRORS as error:
            reasons[key] = reason_of(error, work.dataset, i)
    passes, others = _make_inputs(work, loaded, clips) if loaded else ([], {})
    return passes, reasons | others


def _make_inputs(work, loaded, clips):
    """Forward passes of clips {key: waveforms, videos}, and {key: reason} of those not taken."""
    keys = list(loaded)
    waveforms = [clip for sounds, _ in loaded.values() for clip in sounds or []] or None
    videos = [clip for _, frames in loaded.values() for clip in frames or []] or None
    try:
        passes = work.lalm.passes(waveforms, [work.prompts[clips[key]] for key in keys], videos)
        return [([keys[i] for i in indices], inputs) for indices, inputs in passes], {}
    except CLIP_ERRORS as error:
        if len(keys) == 1:
            return [], {keys[0]: reason_of(error, work.dataset, clips[keys[0]])}
    passes, reasons = [], {}
    for key in keys:  # alone, to find those that the model does not take
        taken, failed = _make_inputs(work, {key: loaded[key]}, clips)
        passes += taken
        reasons |= failed
    return passes, reasons


def reason_of(error: Exception, dataset: Dataset, i: int) -> str:
    """Why clip `i` cannot be used, in one line that does not repeat its name."""
    text = " ".join(str(error).split()).removeprefix(f"{dataset.path(i)}: ")
    text = text.removeprefix("waveform 0: ")
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


def _compute_batch(work, passes, reasons, store):
    """Compute the rows of a loaded batch and store them; yields as `compute_rows` does."""
    for keys, inputs in passes:
        vectors = work.lalm.head_vectors_of(inputs, work.heads).numpy()  # (B, K, D)
        with np.errstate(over="ignore"):
            rows = dict(zip(keys, vectors.astype(work.dtype), strict=True))
        for key, vector in zip(keys, vectors, strict=True):
            if np.isfinite(rows[key]).all():
                store.put(key, rows[key])
                continue
            del rows[key]
            reasons[key] = "the model's head vectors are NaN or infinite: load it in another dtype."
            if np.isfinite(vector).all():
                reasons[key] = f"a head vector exceeds {work.dtype}: pass dtype='float32'."
        yield from ((key, row, None) for key, row in rows.items())
    for key, reason in reasons.items():
        store.release(key)
        yield key, None, reason
