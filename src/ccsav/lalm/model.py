"""A frozen audio-language model: its processor, its prompt, its heads, and their vectors."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

import numpy as np
import pandas as pd
import torch
from torch import nn

from ccsav.lalm import answers
from ccsav.lalm.families import Family
from ccsav.lalm.heads import read_heads, select_heads

MODALITIES = ("audio", "video", "audio+video")  # what a model can be given of a clip
SAMPLES_PER_MEL = 160  # hop of Whisper-type encoders, two to a frame
MARGIN = 4 * SAMPLES_PER_MEL  # zeros kept after the longest clip; windows are multiples of it
TOLERANCE = 0.001  # seconds by which a clip may pass the window: resampling can add a sample


@dataclass(frozen=True, eq=False)
class LALM:
    """A loaded model and what is needed to read its heads. Made by `load_lalm`.

    name: what it was loaded from. model, processor: the transformers objects. family: what is
    particular to its kind. heads: table of all heads (layer, head, kind, dim, pool, module).
    rate: sampling rate it wants, Hz. window: longest clip it takes, in seconds.
    max_pixels: most pixels in a frame of a video; None: as many as the family looks at.
    """

    name: str
    model: nn.Module
    processor: object
    family: Family
    heads: pd.DataFrame
    rate: int
    window: float
    max_pixels: int | None = None

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

    def prompt(self, question: str | None = None, modality: str = "audio") -> str:
        """The text that stands before the model's answer. Default: the family's question.

        Raises `ValueError` for a modality that the model has not.
        """
        if modality not in self.modalities:
            raise ValueError(
                f"modality={modality!r}: {self.family.name} takes {' or '.join(self.modalities)}."
            )
        asked = self.family.question if question is None else question
        return self.family.prompt(self, asked, modality)

    def select(self, heads=None, modality: str = "audio") -> pd.DataFrame:
        """Rows of the table of heads.

        heads: None (decoder self- and cross-attention), "all", a kind ("decoder", "cross",
        "encoder") or a list of kinds, indices or a boolean mask into `lalm.heads`, or some of
        its rows. modality: "video" has no sound, so that "all" leaves the encoder's heads out.

        Raises `ValueError` if there are no such heads, or if they have nothing to hear.
        """
        if modality == "video" and isinstance(heads, str) and heads == "all":
            heads = None
        chosen = select_heads(self.heads, heads)
        if modality == "video" and (chosen["kind"] == "encoder").any():
            raise ValueError('modality="video" has no sound for the heads of kind "encoder".')
        return chosen

    def duration_problem(self, seconds: float, truncate: bool = False) -> str | None:
        """What is wrong with a clip's duration, or None. Long clips are right with `truncate`."""
        shortest = self.family.shortest / self.rate
        if seconds < shortest:
            return (
                f"{1000 * seconds:.0f} ms is too short: the model hears nothing in less than "
                f"{1000 * shortest:.0f} ms."
            )
        if seconds > self.window + TOLERANCE and not truncate:
            return (
                f"{seconds:.2f} s is longer than the model's window of {self.window:g} s: cut it "
                "up, or pass truncate=True to use its beginning."
            )
        return None

    def inputs(
        self,
        waveforms: Sequence[np.ndarray] | None,
        prompts: Sequence[str],
        videos: Sequence[np.ndarray] | None = None,
    ) -> tuple[dict, torch.Tensor]:
        """The model's arguments for a batch of clips, and each clip's encoder frames, (B,).

        waveforms: mono at `rate`, each (samples,), no longer than the window; None: no sound.
        prompts: one per clip, from `prompt`, of the same modality.
        videos: each (T, H, W, 3), uint8, `fps` frames per second; None: nothing to see.

        Raises `ValueError` on clips longer than the window or too short to hear, and on clips that
        must not share a batch (see `passes`).
        """
        if waveforms is None:
            return self.family.video_inputs(self, videos, None, list(prompts), 0)
        for i, waveform in enumerate(waveforms):
            problem = self.duration_problem(len(waveform) / self.rate)
            if problem:
                raise ValueError(f"waveform {i}: {problem}")
        samples = round(self.window * self.rate)
        waveforms = [waveform[:samples] for waveform in waveforms]
        if self.family.equal_lengths and len(set(map(len, waveforms))) > 1:
            raise ValueError(f"{self.family.name} takes clips of one length only in a batch.")
        if self.family.masks_padding:
            longest = max(map(len, waveforms)) + MARGIN
            samples = min(samples, -(-longest // MARGIN) * MARGIN)
        if videos is not None:
            return self.family.video_inputs(self, videos, waveforms, list(prompts), samples)
        return self.family.inputs(self, waveforms, list(prompts), samples)

    def passes(
        self,
        waveforms: Sequence[np.ndarray] | None,
        prompts: Iterable[str],
        videos: Sequence[np.ndarray] | None = None,
    ) -> Iterator[tuple[list[int], tuple[dict, torch.Tensor]]]:
        """What `inputs` makes of the clips that may share a forward pass, and which they are.

        All clips may, unless the family wants those of one length in a batch. Arguments as of
        `inputs`; yields (indices of clips, inputs).
        """
        clips = videos if waveforms is None else waveforms
        prompts = [prompt for _, prompt in zip(clips, prompts, strict=False)]
        same = defaultdict(list)
        for i, clip in enumerate(clips):
            same[len(clip) if self.family.equal_lengths else None].append(i)
        for rows in same.values():
            heard, seen = (x if x is None else [x[i] for i in rows] for x in (waveforms, videos))
            yield rows, self.inputs(heard, [prompts[i] for i in rows], seen)

    def head_vectors(
        self,
        waveforms: Sequence[np.ndarray] | None,
        question: str | None = None,
        heads=None,
        videos: Sequence[np.ndarray] | None = None,
    ) -> torch.Tensor:
        """Head vectors of a batch of clips, (B, K, D), float32, on the CPU.

        waveforms: mono at `rate`, each (samples,). question: default as in `prompt`.
        heads: which, as in `select`. videos: as in `inputs`.

        One forward pass, without logits, that ends at the deepest wanted head.
        Raises `ValueError` on clips longer than the window or too short to hear.
        """
        given = modality(waveforms, videos)
        chosen, prompt = self.select(heads, given), self.prompt(question, given)
        rows, vectors = [], []
        for some, prepared in self.passes(waveforms, repeat(prompt), videos):
            rows += some
            vectors.append(self.read(prepared, chosen))
        return torch.cat(vectors)[np.argsort(rows)]

    def answer(
        self,
        waveforms: Sequence[np.ndarray] | None,
        question: str | None = None,
        max_new_tokens: int = 16,
        videos: Sequence[np.ndarray] | None = None,
        *,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        """What the model says, in words, one answer per clip.

        waveforms: mono at `rate`, each (samples,). question: default as in `prompt`; Whisper
        writes down what it hears instead. max_new_tokens: where an answer is cut. videos: as in
        `inputs`. temperature: 0: the likeliest word every time; else words are drawn, the same
        for the same seed and batch.

        Raises `ValueError` on clips longer than the window or too short to hear.
        """
        prompt, said = self.prompt(question, modality(waveforms, videos)), {}
        for rows, (inputs, _) in self.passes(waveforms, repeat(prompt), videos):
            said |= zip(rows, self.say(inputs, max_new_tokens, temperature, seed), strict=True)
        return [said[i] for i in sorted(said)]

    def say(
        self, inputs: dict, max_new_tokens: int = 16, temperature: float = 0.0, seed: int = 0
    ) -> list[str]:
        """Answers in words to what `inputs` prepared, one per clip; see `answer`."""
        tokenizer, arguments = self.processor.tokenizer, self._placed(inputs)
        with self._encoder_fits(inputs):
            return answers.generate(
                self.model, tokenizer, arguments, max_new_tokens, temperature, seed
            )

    def rank(
        self,
        waveforms: Sequence[np.ndarray] | None,
        labels: Sequence[str],
        question: str | None = None,
        videos: Sequence[np.ndarray] | None = None,
    ) -> np.ndarray:
        """How likely each label is as the answer: mean log-likelihood per token, (B, C).

        waveforms: mono at `rate`, each (samples,). labels: C of them, as the model would say
        them. question: default as in `prompt`. videos: as in `inputs`. Each clip is heard once.

        Raises `ValueError` on clips longer than the window or too short to hear, and on blank
        labels.
        """
        prompt = self.prompt(question, modality(waveforms, videos))
        rows, scores = [], []
        for some, (inputs, _) in self.passes(waveforms, repeat(prompt), videos):
            rows += some
            scores.append(self.likelihoods(inputs, labels))
        return np.concatenate(scores)[np.argsort(rows)]

    def likelihoods(self, inputs: dict, labels: Sequence[str]) -> np.ndarray:
        """Mean log-likelihood per token of labels after what `inputs` prepared; see `rank`."""
        blank = [label for label in labels if not label.strip()]
        if blank or not len(labels):
            raise ValueError(f"labels {blank} hold nothing that the model could say.")
        spoken = [self.family.before_answer + label for label in labels]
        tokens = self.processor.tokenizer(spoken, add_special_tokens=False)["input_ids"]
        with self._encoder_fits(inputs):
            return answers.likelihoods(self.model, self._placed(inputs), tokens).numpy()

    def read(self, prepared: tuple[dict, torch.Tensor], heads: pd.DataFrame) -> torch.Tensor:
        """Head vectors, (B, K, D), of what `inputs` prepared, for rows of the table of heads."""
        inputs, frames = prepared
        arguments = self._placed(inputs)
        with self._encoder_fits(inputs):
            return read_heads(
                self.model,
                heads,
                frames,
                lambda: self.model.base_model(**arguments, use_cache=False),
            )

    def _placed(self, inputs):
        """The model's arguments on its device and, where they are not whole numbers, its dtype."""
        return {
            name: x.to(self.device, self.dtype if x.is_floating_point() else None)
            for name, x in inputs.items()
        }

    def _encoder_fits(self, inputs):
        """A context in which the encoder takes features of just this length."""
        if self.family.encoder is None:
            return nullcontext()
        positions = inputs["input_features"].shape[-1] // 2
        return shortened(self.model.get_submodule(self.family.encoder), positions)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of weights, config and feature extractor, wherever they lie and run."""
        digest = hashlib.sha256()
        for name, weight in self.model.state_dict().items():
            digest.update(f"{name}{tuple(weight.shape)}".encode())
            for dim in (0, -1) if weight.ndim else ((),):  # rows, then columns
                digest.update(torch.hash_tensor(weight, dim=dim).cpu().numpy().tobytes())
        config = self.model.config.to_dict()
        for local in ("_name_or_path", "transformers_version", "dtype", "torch_dtype"):
            config.pop(local, None)
        extractor = self.processor.feature_extractor.to_dict()
        digest.update(json.dumps([config, extractor], sort_keys=True, default=str).encode())
        return digest.hexdigest()


def modality(waveforms, videos) -> str:
    """The name of what there is, "audio", "video" or "audio+video"; `ValueError` for nothing."""
    given = [
        name for name, x in zip(MODALITIES, (waveforms, videos), strict=False) if x is not None
    ]
    if not given:
        raise ValueError("give waveforms, videos or both.")
    return "+".join(given)


@contextmanager
def shortened(encoder: nn.Module, positions: int):
    """Let a Whisper-type encoder take `positions` frames in place of its fixed number."""
    table, length = encoder.embed_positions, encoder.config.max_source_positions
    if positions == length:
        yield
        return
    encoder.embed_positions = nn.Embedding.from_pretrained(table.weight[:positions])
    encoder.config.max_source_positions = positions
    try:
        yield
    finally:
        encoder.embed_positions, encoder.config.max_source_positions = table, length
