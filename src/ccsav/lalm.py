"""A frozen audio-language model: its processor, its prompt, its heads, and their vectors."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from torch import nn

from ccsav import heads as head_reader
from ccsav.families import SAMPLES_PER_FRAME, Family

MIN_SAMPLES = 7 * 160  # 70 ms at 16 kHz, two audio tokens in Qwen2-Audio; it mistakes fewer
MARGIN = 2 * SAMPLES_PER_FRAME  # zeros kept after the longest clip; windows are multiples of it
TOLERANCE = 0.001  # seconds by which a clip may pass the window: resampling can add a sample


@dataclass(frozen=True, eq=False)
class LALM:
    """A loaded model and what is needed to read its heads. Made by `load_lalm`.

    name: what it was loaded from. model, processor: the transformers objects. family: what is
    particular to its kind. heads: table of all heads (layer, head, kind, dim, pool, module).
    rate: sampling rate it wants, Hz. window: longest clip it takes, in seconds.
    """

    name: str
    model: nn.Module
    processor: object
    family: Family
    heads: pd.DataFrame
    rate: int
    window: float

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

    def prompt(self, question: str | None = None) -> str:
        """The text that stands before the model's answer. Default: the family's question."""
        return self.family.prompt(self, self.family.question if question is None else question)

    def select(self, heads=None) -> pd.DataFrame:
        """Rows of the table of heads.

        heads: None (decoder self- and cross-attention), "all", a kind ("decoder", "cross",
        "encoder") or a list of kinds, indices or a boolean mask into `lalm.heads`, or some of
        its rows. Raises `ValueError` if there are no such heads.
        """
        return head_reader.select(self.heads, heads)

    def complaint(self, seconds: float, truncate: bool = False) -> str | None:
        """What is wrong with a clip's duration, or None. Long clips are right with `truncate`."""
        if seconds * self.rate < MIN_SAMPLES:
            return (
                f"{1000 * seconds:.0f} ms is too short: the model hears nothing in less than "
                f"{1000 * MIN_SAMPLES / self.rate:.0f} ms."
            )
        if seconds > self.window + TOLERANCE and not truncate:
            return (
                f"{seconds:.2f} s is longer than the model's window of {self.window:g} s: cut it "
                "up, or pass truncate=True to use its beginning."
            )
        return None

    def inputs(
        self, waveforms: Sequence[np.ndarray], prompts: Sequence[str]
    ) -> tuple[dict, torch.Tensor]:
        """The model's arguments for a batch of clips, and each clip's encoder frames, (B,).

        waveforms: mono at `rate`, each (samples,), no longer than the window.
        prompts: one per clip, from `prompt`.
        """
        for i, waveform in enumerate(waveforms):
            problem = self.complaint(len(waveform) / self.rate)
            if problem:
                raise ValueError(f"waveform {i}: {problem}")
        samples = round(self.window * self.rate)
        waveforms = [waveform[:samples] for waveform in waveforms]
        if self.family.masks_padding:
            longest = max(map(len, waveforms)) + MARGIN
            samples = min(samples, -(-longest // MARGIN) * MARGIN)
        inputs, mel = self.family.inputs(self, waveforms, list(prompts), samples)
        return inputs, (mel - 1) // head_reader.MEL_PER_FRAME + 1

    def head_vectors(
        self, waveforms: Sequence[np.ndarray], question: str | None = None, heads=None
    ) -> torch.Tensor:
        """Head vectors of a batch of clips, (B, K, D), float32, on the CPU.

        waveforms: mono at `rate`, each (samples,). question: default as in `prompt`.
        heads: which, as in `select`.

        One forward pass, without logits, that ends at the deepest wanted head.
        Raises `ValueError` on clips longer than the window or too short to hear.
        """
        prompts = [self.prompt(question)] * len(waveforms)
        return self.read(self.inputs(waveforms, prompts), self.select(heads))

    def answer(
        self, waveforms: Sequence[np.ndarray], question: str | None = None, max_new_tokens: int = 16
    ) -> list[str]:
        """What the model says, in words, one answer per clip, by greedy decoding.

        waveforms: mono at `rate`, each (samples,). question: default as in `prompt`; Whisper
        writes down what it hears instead. max_new_tokens: where an answer is cut.

        Raises `ValueError` on clips longer than the window or too short to hear.
        """
        prompts = [self.prompt(question)] * len(waveforms)
        return self.say(self.inputs(waveforms, prompts)[0], max_new_tokens)

    def say(self, inputs: dict, max_new_tokens: int = 16) -> list[str]:
        """Answers in words to what `inputs` prepared, one per clip; see `answer`."""
        text = "input_ids" if "input_ids" in inputs else "decoder_input_ids"
        arguments = self._placed(inputs)
        arguments = {k: x for k, x in arguments.items() if not k.endswith("position_ids")}
        with torch.inference_mode(), self._encoder_fits(inputs):
            tokens = self.model.generate(
                **arguments, max_new_tokens=max_new_tokens, max_length=None, do_sample=False
            )
        said = tokens[:, inputs[text].shape[1] :] if text == "input_ids" else tokens
        words = self.processor.tokenizer.batch_decode(said, skip_special_tokens=True)
        return [answer.strip() for answer in words]

    def read(self, prepared: tuple[dict, torch.Tensor], heads: pd.DataFrame) -> torch.Tensor:
        """Head vectors, (B, K, D), of what `inputs` prepared, for rows of the table of heads."""
        inputs, frames = prepared
        arguments = self._placed(inputs)
        with self._encoder_fits(inputs):
            return head_reader.head_vectors(
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
        positions = inputs["input_features"].shape[-1] // head_reader.MEL_PER_FRAME
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
