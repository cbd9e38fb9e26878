"""Rows of head vectors as they are finished: from the cache, or batch by batch from the model."""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import numpy as np
import pandas as pd

from ccsav.clips.audio import AudioError
from ccsav.clips.dataset import Dataset
from ccsav.extraction.store import Claim, NoCache
from ccsav.lalm.model import LALM

POLL = 0.2  # seconds between looks at rows that another process is computing


def rows(
    lalm: LALM,
    dataset: Dataset,
    clips: Mapping[str, tuple[int, str]],
    heads: pd.DataFrame,
    dtype: str,
    batch_size: int,
    store: NoCache,
    modality: str = "audio",
) -> Iterator[tuple[str, np.ndarray | None, str | None]]:
    """Yield (key, row (K, D), None), or (key, None, reason), for each of the clips.

    clips: key of the row → (index of the clip in the dataset, its prompt), in the order wanted.
    heads: rows of the table of heads. dtype: format of the rows. store: where rows are kept.
    modality: what the model gets of a clip, one of `datasets.MODALITIES`.

    Where the model is on a GPU, the next batch is read from disk while it works on this one; on
    the CPU the two would only be in each other's way. Rows that another process is computing are
    left to it, and asked for again at the end.
    """

    def load(keys):
        sounds, videos, reasons = {}, {}, {}
        for key in keys:
            try:
                if "video" in modality:
                    videos[key] = dataset.frames(clips[key][0], lalm.family.fps)
                if "audio" in modality:
                    waveform = dataset.waveform(clips[key][0], lalm.rate)
                    sounds[key] = waveform[: round(lalm.window * lalm.rate)]
            except AudioError as error:
                reasons[key] = str(error).removeprefix(f"{dataset.path(clips[key][0])}: ")
                store.release(key)
        keys = [key for key in keys if key not in reasons]
        waveforms, frames = ([x[key] for key in keys] if x else None for x in (sounds, videos))
        prompts = [clips[key][1] for key in keys]
        passes = lalm.passes(waveforms, prompts, frames) if keys else ()
        return [([keys[i] for i in rows], inputs) for rows, inputs in passes], reasons

    queue, ready = deque(clips), None
    with ThreadPoolExecutor(max_workers=1) as reader, closing(store):

        def prepare(keys):
            return reader.submit(load, keys).result if reads_ahead(lalm) else partial(load, keys)

        while queue or ready:
            mine, stored = _claim(queue, store, batch_size)
            now, ready = ready, prepare(mine) if mine else None
            yield from ((key, row, None) for key, row in stored.items())
            if now is None:
                if not mine and not stored:
                    time.sleep(POLL)
                continue
            prepared, reasons = now()
            for keys, inputs in prepared:
                vectors = lalm.read(inputs, heads).numpy()
                finished = [
                    (key, *_keep(key, row, dtype, store))
                    for key, row in zip(keys, vectors, strict=True)
                ]
                yield from finished
            yield from ((key, None, reason) for key, reason in reasons.items())


def reads_ahead(lalm: LALM) -> bool:
    """Whether clips are read while the model works: not where both need the same cores."""
    return lalm.device.type != "cpu"


def _claim(queue, store, most):
    """Take up to `most` keys off the queue to compute, and rows that are stored already."""
    mine, stored = [], {}
    for _ in range(len(queue)):
        if len(mine) == most or (not mine and len(stored) == most):
            break
        key = queue.popleft()
        claim = store.claim(key)
        row = store.get(key) if claim is Claim.DONE else None
        if row is not None:
            stored[key] = row
        elif claim is Claim.MINE:
            mine.append(key)
        else:
            queue.append(key)
    return mine, stored


def _keep(key, row, dtype, store):
    """Store one clip's head vectors, (K, D): (row, None), or (None, reason) if they overflow."""
    with np.errstate(over="ignore"):
        kept = row.astype(dtype)
    if np.isfinite(kept).all():
        store.put(key, kept)
        return kept, None
    store.release(key)
    if np.isfinite(row).all():
        return None, f"a head vector exceeds {dtype}: pass dtype='float32'."
    return None, "the model's head vectors are NaN or infinite: load it in another dtype."
