"""The model's arguments for a batch of clips: padding, shared forward passes, encoder length."""

import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import torch

from ccsav.lalm.families import shortened_encoder

SAMPLES_PER_MEL = 160  # hop of most Whisper-type encoders, two to a frame
MARGIN = 4 * SAMPLES_PER_MEL  # zeros kept after the longest clip; windows are multiples of it
TOLERANCE = 0.001  # seconds by which a clip may pass the window: resampling can add a sample

PREPARING = threading.RLock()  # tokenizers change with each call: one thread at a time

Clips = Sequence[np.ndarray] | None  # waveforms or videos, one per clip
Inputs = tuple[dict, torch.Tensor]  # the model's arguments; encoder frames of each clip, (B,)


def given_modality(waveforms: Clips, videos: Clips) -> str:
    """The name of what is given, "audio", "video" or "audio+video"; `ValueError` for nothing."""
    given = [name for name, x in (("audio", waveforms), ("video", videos)) if x is not None]
    if not given:
        raise ValueError("give waveforms, videos or both.")
    return "+".join(given)


def duration_problem(lalm, seconds: float, truncate: bool = False) -> str | None:
    """What is wrong with a clip's duration, or None; with `truncate`, none is too long."""
    hop = getattr(lalm.processor.feature_extractor, "hop_length", SAMPLES_PER_MEL)
    shortest, window = lalm.family.shortest * hop / lalm.rate, lalm.window
    if seconds < shortest:
        return f"{seconds * 1e3:.0f} ms is too short: the least is {shortest * 1e3:.0f} ms."
    if seconds > window + TOLERANCE and not truncate:
        return (
            f"{seconds:.2f} s is longer than the model's window of {window:g} s: cut it up, or "
            "pass truncate=True to use its beginning."
        )
    return None


def prepare_batch(lalm, waveforms: Clips, prompts: Sequence[str], videos: Clips = None) -> Inputs:
    """The model's arguments for a batch of clips, and each clip's encoder frames, (B,).

    `prompts` has one per clip, from `LALM.prompt`, of the same modality. Raises `ValueError` for
    clips that are too long or too short, or that must not share a batch (see `LALM.passes`).
    """
    family, prompts, samples = lalm.family, list(prompts), 0
    if waveforms is not None:
        waveforms, samples = _fitting(lalm, waveforms)
    with PREPARING:
        if videos is not None:
            return family.video_inputs(lalm, videos, waveforms, prompts, samples)
        return family.inputs(lalm, waveforms, prompts, samples)


def _fitting(lalm, waveforms):
    """The waveforms, cut to the window, and how many samples they are padded to; or an error."""
    family = lalm.family
    for i, waveform in enumerate(waveforms):
        wave = np.asarray(waveform)
        if wave.ndim != 1 or wave.dtype.kind != "f" or np.abs(wave).max(initial=0) > 10:
            raise ValueError(f"waveform {i}: give one channel, (samples,), of floats within ±1.")
        if problem := duration_problem(lalm, len(waveform) / lalm.rate):
            raise ValueError(f"waveform {i}: {problem}")
    samples = round(lalm.window * lalm.rate)
    waveforms = [waveform[:samples] for waveform in waveforms]
    if family.equal_lengths and len(set(map(len, waveforms))) > 1:
        raise ValueError(f"{family.name} takes clips of one length only in a batch: see `passes`.")
    if family.masks_padding:
        longest = max(map(len, waveforms)) + MARGIN
        samples = min(samples, math.ceil(longest / MARGIN) * MARGIN)
    return waveforms, samples


def split_into_passes(
    lalm, waveforms: Clips, prompts: Iterable[str], videos: Clips = None
) -> Iterator[tuple[list[int], Inputs]]:
    """For each forward pass: indices of its clips, and what `LALM.inputs` gives for them.

    All clips share one pass, unless the family takes clips of one length only in a batch.
    """
    clips = videos if waveforms is None else waveforms
    prompts = [prompt for _, prompt in zip(clips, prompts, strict=False)]
    groups = defaultdict(list)
    for i, clip in enumerate(clips):
        groups[len(clip) if lalm.family.equal_lengths else None].append(i)
    for rows in groups.values():
        given = (waveforms, prompts, videos)
        of_rows = [x if x is None else [x[i] for i in rows] for x in given]
        yield rows, prepare_batch(lalm, *of_rows)


@contextmanager
def model_arguments(lalm, inputs: dict) -> Iterator[dict]:
    """Yields the arguments on the model's device, floats in its dtype.

    Inside, an encoder of fixed length takes features of the length that they have here, and other
    threads wait.
    """
    with lalm.lock, ExitStack() as stack:
        if lalm.family.encoder is not None:
            encoder = lalm.model.get_submodule(lalm.family.encoder)
            frames = inputs["input_features"].shape[-1] // 2
            stack.enter_context(shortened_encoder(encoder, frames))
        yield {
            name: x.to(lalm.device, lalm.dtype if x.is_floating_point() else None)
            for name, x in inputs.items()
        }
