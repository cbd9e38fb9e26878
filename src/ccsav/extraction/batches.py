"""Rows of head vectors as they are ready: from the store, or batch by batch from the model."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch

from ccsav.clips.dataset import Dataset
from ccsav.disk.store import Store
from ccsav.extraction.survey import CLIP_ERRORS, Survey, reason_of
from ccsav.lalm.model import LALM

# raised whenever the same inputs would give other head vectors
_ALGORITHM = {"audio": 2, "video": 2, "audio+video": 3}
_BLOCK = 1024  # clips that are looked up in the store at once
_SAME_CORES = ("cpu",)  # devices that compute with the cores that also read clips
_UNFIT = "the model's head vectors are NaN or infinite: load it in another dtype."


@dataclass(frozen=True, eq=False)
class Extraction:
    """What is to be computed: head vectors of these clips, with these prompts, by this model."""

    lalm: LALM
    dataset: Dataset  # N clips
    prompts: Sequence[str]  # (N,), from `LALM.prompt`
    heads: pd.DataFrame  # rows of the model's table of heads
    modality: str  # one of `LALM.modalities`
    dtype: str  # of the head vectors

    @property
    def shape(self) -> tuple[int, int]:
        """Of a row: (K, D)."""
        return len(self.heads), int(self.heads["dim"].max())

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


@dataclass(eq=False)
class Rows:
    """Head vectors of some clips as they are found or computed, in the order of their indices.

    Parameters
    ----------
    X : (n, K, D), filled on the way; None to leave the rows in the store.
    store : where rows are kept and looked for; None: nowhere.
    batch_size : clips per forward pass; halved where memory does not suffice, if `adapt`.
    keys : key of each clip that has a row, {clip: 32 bytes}.
    """

    work: Extraction
    survey: Survey
    store: Store | None
    X: np.ndarray | None
    place: dict[int, int]  # {clip: its row in X}
    batch_size: int
    adapt: bool = False
    keys: dict[int, bytes] = field(default_factory=dict)
    first: dict[bytes, int] = field(default_factory=dict)  # {key: the first clip that has it}

    def ready(self, clips: Sequence[int]) -> Iterator[tuple[list[int], dict[int, str]]]:
        """Find or compute rows; yields clips whose row is ready, and {clip: reason} of others.

        On a GPU, what comes next is read from disk while the model computes. Clips of equal bytes
        and prompts have one row.
        """
        steps = self._steps(clips)
        if self.work.lalm.device.type not in _SAME_CORES:
            steps = _ahead(steps)
        failed = {}
        for done, passes, loaded, reasons in steps:
            for batch, inputs in passes:
                done = done + self._compute(batch, inputs, loaded, reasons)
            failed |= reasons
            yield done, reasons
        copies = {i: first for i, key in self.keys.items() if (first := self.first[key]) != i}
        yield [], {i: failed[first] for i, first in copies.items() if first in failed}
        if self.X is not None:
            for i, first in copies.items():
                self.X[self.place[i]] = self.X[self.place[first]]

    def close(self) -> None:
        """Write what is not on disk yet, if there is a store."""
        if self.store is not None:
            self.store.close()
        self.survey.close()

    def _steps(self, clips):
        """Look up block by block, and load what is missing: (ready, passes, loaded, reasons)."""
        for start in range(0, len(clips), _BLOCK):
            new, copies, reasons = self._identify(clips[start : start + _BLOCK])
            stored = self._stored(new)
            yield copies + [i for i in new if i in stored], [], {}, reasons
            missing = [i for i in new if i not in stored]
            while missing:
                batch, missing = missing[: self.batch_size], missing[self.batch_size :]
                loaded, reasons = self._load(batch)
                passes, others = self._inputs(loaded)
                yield [], passes, loaded, reasons | others

    def _identify(self, clips):
        """Set the keys of clips: those of new keys, copies of earlier clips, {clip: reason}."""
        new, copies, reasons = [], [], {}
        for i in clips:
            try:
                key = row_key(self.survey.digest(i), self.work.prompts[i])
            except CLIP_ERRORS as error:
                reasons[i] = reason_of(error, self.work.dataset, i)
                continue
            self.keys[i] = key
            (copies if key in self.first else new).append(i)
            self.first.setdefault(key, i)
        return new, copies, reasons

    def _stored(self, clips):
        """Those of clips that the store has; their rows go to X."""
        if self.store is None or not clips:
            return set()
        keys, at = [self.keys[i] for i in clips], range(len(clips))
        if self.X is not None:
            found = self.store.read(keys, self.X, [self.place[i] for i in clips])
        elif self.survey.verify:
            found = self.store.read(
                keys, np.empty((len(keys), *self.work.shape), self.work.dtype), at
            )
        else:
            found = self.store.find(keys)[:, 0] >= 0
        return {i for i, here in zip(clips, found, strict=True) if here}

    def _load(self, clips):
        """Read clips as the model takes them: {clip: waveforms, videos}, and {clip: reason}."""
        loaded, reasons = {}, {}
        for i in clips:
            try:
                loaded[i] = load_clips(self.work.lalm, self.work.dataset, [i], self.work.modality)
            except CLIP_ERRORS as error:
                reasons[i] = reason_of(error, self.work.dataset, i)
        return loaded, reasons

    def _inputs(self, loaded):
        """Forward passes (clips, inputs) of loaded clips, and {clip: reason} of those not taken."""
        if not loaded:
            return [], {}
        clips, work = list(loaded), self.work
        waveforms = [clip for sounds, _ in loaded.values() for clip in sounds or []] or None
        videos = [clip for _, frames in loaded.values() for clip in frames or []] or None
        try:
            passes = work.lalm.passes(waveforms, [work.prompts[i] for i in clips], videos)
            return [([clips[j] for j in indices], inputs) for indices, inputs in passes], {}
        except CLIP_ERRORS as error:
            if len(clips) == 1:
                return [], {clips[0]: reason_of(error, work.dataset, clips[0])}
        passes, reasons = [], {}
        for i in clips:  # alone, to find those that the model does not take
            taken, failed = self._inputs({i: loaded[i]})
            passes += taken
            reasons |= failed
        return passes, reasons

    def _compute(self, clips, inputs, loaded, reasons):
        """Compute and keep the rows of one forward pass; the clips that have one now."""
        try:
            vectors = self.work.lalm.head_vectors_of(inputs, self.work.heads).numpy()  # (B, K, D)
        except torch.OutOfMemoryError:
            if not self.adapt or len(clips) == 1:
                raise
            self.batch_size = half = max(1, len(clips) // 2)
            done = []
            for part in (clips[:half], clips[half:]):
                for again, fewer in self._inputs({i: loaded[i] for i in part})[0]:
                    done += self._compute(again, fewer, loaded, reasons)
            return done
        with np.errstate(over="ignore"):
            rows = vectors.astype(self.work.dtype)
        for i, row, vector in zip(clips, rows, vectors, strict=True):
            if not np.isfinite(row).all():
                overflow = f"a head vector exceeds {self.work.dtype}: pass dtype='float32'."
                reasons[i] = overflow if np.isfinite(vector).all() else _UNFIT
                continue
            if self.X is not None:
                self.X[self.place[i]] = row
            if self.store is not None:
                self.store.put(self.keys[i], row, self.work.prompts[i])
        return [i for i in clips if i not in reasons]


def row_key(digest: str, prompt: str) -> bytes:
    """The key of a row in the store, 32 bytes, from the clip's digest and its prompt."""
    return hashlib.sha256(f"{digest}\n{prompt}".encode()).digest()


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


def _ahead(items):
    """The same items; a thread makes the next while one is in use."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = reader.submit(next, items, None)
            yield item
