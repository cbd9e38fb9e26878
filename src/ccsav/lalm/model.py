"""A frozen audio-language model: its prompt, its heads, their vectors, and its answers."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import repeat

import numpy as np
import pandas as pd
import torch
from torch import nn

from ccsav.lalm import answers, batch_inputs, checkpoints, silence
from ccsav.lalm.batch_inputs import Clips, Inputs
from ccsav.lalm.families import Family
from ccsav.lalm.heads import read_heads, select_heads

MODALITIES = ("audio", "video", "audio+video")  # what a model can be given of a clip


@dataclass(frozen=True, eq=False)
class LALM:
    """A loaded model and what is needed to read its heads; `load_lalm` makes it.

    In all methods, waveforms are mono, one (samples,) per clip, at `rate`, no longer than the
    window; videos are (T, H, W, 3), uint8, `fps` frames per second. Either may be None.

    Parameters
    ----------
    name : what it was loaded from
    model, processor : objects of transformers
    family : what is particular to this kind of model
    heads : table of all heads: layer, head, kind, dim (length of the vector), pool, module
    rate : sampling rate of waveforms, Hz
    window : longest clip, seconds
    max_pixels : most pixels in a frame of a video; None: the model's own limit
    silences : the heads that are silenced now, see `silenced`; else empty
    lock : held by the thread that uses the model, or silences its heads; others wait

    Examples
    --------
    >>> import ccsav, numpy as np
    >>> lalm = ccsav.load_lalm("mini")
    >>> lalm
    LALM('mini': Qwen2-Audio on ..., 48 decoder, 24 encoder heads, clips up to 4 s at 16000 Hz)
    >>> tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(lalm.rate) / lalm.rate)  # one second
    >>> lalm.head_vectors([tone], "What sound is this?").shape  # (B, K, D)
    torch.Size([1, 48, 32])
    >>> lalm.rank([tone], ["dog", "piano"], "What sound is this?").shape  # (B, C)
    (1, 2)
    """

    name: str
    model: nn.Module
    processor: object
    family: Family
    heads: pd.DataFrame
    rate: int
    window: float
    max_pixels: int | None = None
    silences: list[silence.Silence] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    # methods that are functions of other modules, with this object as their first argument
    duration_problem = batch_inputs.duration_problem
    inputs = batch_inputs.prepare_batch
    passes = batch_inputs.split_into_passes
    say = answers.generate
    likelihoods = answers.likelihoods
    silenced = silence.silenced

    def __repr__(self):
        kinds = self.heads.groupby("kind", sort=False).size()
        heads = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
        return (
            f"LALM({self.name!r}: {self.family.name} on {self.device} in {self.dtype}, "
            f"{heads} heads, clips up to {self.window:g} s at {self.rate} Hz)"
        )

    @property
    def device(self) -> torch.device:
        """Where the model's inputs go."""
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        """Number format that the model computes in."""
        return self.model.dtype

    @property
    def modalities(self) -> tuple[str, ...]:
        """What it can be given of a clip: "audio"; some families also "video", "audio+video"."""
        return ("audio",) if self.family.video_inputs is None else MODALITIES

    @property
    def fps(self) -> float:
        """Frames per second of videos, from the model's folder."""
        return self.processor.frame_settings.fps

    @property
    def fingerprint(self) -> str:
        """Hash of weights, settings, tokenizer, template, and of heads while they are silenced."""
        with self.lock:
            return silence.silenced_fingerprint(self._intact_fingerprint, self.silences)

    @cached_property
    def _intact_fingerprint(self):
        """Hash of the model whose heads are not silenced."""
        return checkpoints.model_fingerprint(self.model, self.processor)

    def prompt(self, question: str | None = None, modality: str = "audio") -> str:
        """The text around the clip, up to the model's answer; default: the family's question.

        Raises `ValueError` for a modality that the model does not take.
        """
        if modality not in self.modalities:
            raise ValueError(
                f"modality={modality!r}: {self.family.name} takes {' or '.join(self.modalities)}."
            )
        question = self.family.question if question is None else question
        return self.family.prompt(self, question, modality)

    def select(self, heads=None, modality: str = "audio") -> pd.DataFrame:
        """Rows of the table of heads; `ValueError` for unknown ones and encoders without sound.

        Parameters
        ----------
        heads : None (decoder self- and cross-attention), "all", a kind ("decoder", "cross",
            "encoder") or a list of kinds, indices or a boolean mask into `heads`, or rows of it
        modality : "video" has no sound, so that "all" leaves out the encoder's heads
        """
        if modality == "video" and isinstance(heads, str) and heads == "all":
            heads = None
        chosen = select_heads(self.heads, heads)
        if modality == "video" and (chosen["kind"] == "encoder").any():
            raise ValueError('modality="video" has no sound for the heads of kind "encoder".')
        return chosen

    def head_vectors(
        self, waveforms: Clips, question: str | None = None, heads=None, videos: Clips = None
    ) -> torch.Tensor:
        """Head vectors of a batch of clips, (B, K, D), float32, on the CPU.

        One forward pass, without logits, ends at the deepest of the heads. `question` is as in
        `prompt`, `heads` as in `select`. Raises `ValueError` for clips too long or too short.
        """
        rows = self.select(heads, batch_inputs.given_modality(waveforms, videos))
        read = partial(self.head_vectors_of, heads=rows)
        return torch.stack(self._each_clip(read, waveforms, question, videos))

    def head_vectors_of(self, prepared: Inputs, heads: pd.DataFrame) -> torch.Tensor:
        """Head vectors, (B, K, D), of what `inputs` prepared, for rows of the table of heads."""
        inputs, frames = prepared
        with batch_inputs.model_arguments(self, inputs) as arguments:
            forward = partial(self.model.base_model, **arguments, use_cache=False)
            return read_heads(self.model, heads, frames, forward)

    def answer(
        self,
        waveforms: Clips,
        question: str | None = None,
        max_new_tokens: int = 16,
        videos: Clips = None,
        *,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        """The model's answers in words, one per clip; Whisper transcribes the clip instead.

        `question` is as in `prompt`. An answer ends after `max_new_tokens`. With temperature 0,
        each token is the most likely one; else they are drawn, the same for one seed and batch.
        """
        options = (max_new_tokens, temperature, seed)
        return self._each_clip(lambda x: self.say(x[0], *options), waveforms, question, videos)

    def rank(
        self, waveforms: Clips, labels: list[str], question: str | None = None, videos: Clips = None
    ) -> np.ndarray:
        """Mean log-likelihood per token of each label as the answer, (B, C).

        Each clip goes through the model once. Raises `ValueError` for blank labels, for one text in
        place of a list, and where a half precision overflows.
        """
        scores = self._each_clip(
            lambda x: self.likelihoods(x[0], labels), waveforms, question, videos
        )
        return np.stack(scores)

    def _each_clip(self, results_of: Callable, waveforms, question, videos):
        """What `results_of` gives for each forward pass: a list, one entry per clip, in order."""
        prompt = self.prompt(question, batch_inputs.given_modality(waveforms, videos))
        results = {}
        for rows, prepared in self.passes(waveforms, repeat(prompt), videos):
            results |= zip(rows, results_of(prepared), strict=True)
        return [results[i] for i in sorted(results)]
