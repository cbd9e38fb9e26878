"""A frozen audio-language model: its processor, its prompt, its heads, and their vectors."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import transformers
from torch import nn

from ccsav import heads as head_reader
from ccsav.families import FAMILIES, SAMPLES_PER_FRAME, Family

MIN_SAMPLES = 3 * 160  # three mel frames, 30 ms at 16 kHz; fewer can give no audio token
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

    def read(self, prepared: tuple[dict, torch.Tensor], heads: pd.DataFrame) -> torch.Tensor:
        """Head vectors, (B, K, D), of what `inputs` prepared, for rows of the table of heads."""
        inputs, frames = prepared
        arguments = {
            name: x.to(self.device, self.dtype if x.is_floating_point() else None)
            for name, x in inputs.items()
        }
        positions = inputs["input_features"].shape[-1] // head_reader.MEL_PER_FRAME
        encoder = self.model.get_submodule(self.family.encoder)
        with shortened(encoder, positions):
            return head_reader.head_vectors(
                self.model,
                heads,
                frames,
                lambda: self.model.base_model(**arguments, use_cache=False),
            )

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


def load_lalm(
    name_or_path: str | Path,
    device: str = "auto",
    dtype: str | torch.dtype = "auto",
    *,
    window: float | None = None,
) -> LALM:
    """Load a frozen audio-language model with its processor and its table of heads.

    name_or_path: a local folder as `save_pretrained` writes it, or a Hugging Face hub name, which
        is downloaded if it is not in the local cache.
    device: "auto" (a GPU if there is one, else the CPU), or a torch device.
    dtype: "auto" (bfloat16 on a GPU, float32 on the CPU), or a torch dtype or its name.
    window: seconds of audio that the encoder takes; default: the model's own. A shorter window
        costs less. Where the encoder does not mask padding (Whisper), it hears less of the
        silence that is added after each clip, and its head vectors change.

    Raises `ValueError` for a model of an unsupported family, `OSError` if there is no such model.
    Only safetensors weights are read, and no code that comes with a model is run.
    """
    config = _config(name_or_path)
    family = FAMILIES.get(config.model_type)
    if family is None:
        raise ValueError(_unsupported(name_or_path, config.model_type))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if dtype == "auto":
        dtype = torch.bfloat16 if torch.device(device).type == "cuda" else torch.float32
    dtype = getattr(torch, dtype) if isinstance(dtype, str) else dtype
    model_class = getattr(transformers, family.model_class)
    model = model_class.from_pretrained(name_or_path, dtype=dtype, use_safetensors=True)
    model = model.to(device).eval().requires_grad_(False)
    processor = transformers.AutoProcessor.from_pretrained(name_or_path)
    extractor = processor.feature_extractor
    longest = extractor.n_samples / extractor.sampling_rate
    return LALM(
        name=str(name_or_path),
        model=model,
        processor=processor,
        family=family,
        heads=head_reader.find_heads(model, family.sites),
        rate=extractor.sampling_rate,
        window=_window(window, longest, extractor.sampling_rate),
    )


def _config(name_or_path):
    """The model's config, or an `OSError` / `ValueError` of one sentence."""
    name, folder = str(name_or_path), Path(name_or_path)
    local = folder.is_dir() or name.startswith((".", "/", "~")) or name.count("/") > 1
    if local and not (folder / "config.json").is_file():
        raise OSError(f"{name}: no model here (a folder with a config.json is expected).")
    try:
        return transformers.AutoConfig.from_pretrained(name_or_path)
    except OSError as error:
        raise OSError(
            f"{name}: no local folder, and the Hugging Face hub does not give it. Check the name "
            "and the connection, or give the folder of a model."
        ) from error
    except ValueError as error:
        if "model type" not in str(error) and "model_type" not in str(error):
            raise
        raise ValueError(_unsupported(name_or_path, "unknown to transformers")) from error


def _unsupported(name, model_type):
    known = ", ".join(f"{family.name} ({key})" for key, family in FAMILIES.items())
    return f"{name}: model type {model_type} is not supported; the families are {known}."


def _window(seconds, longest, rate):
    """The window in seconds, rounded up to whole encoder frames; raises if it is out of range."""
    if seconds is None:
        return longest
    if not 0 < seconds <= longest:
        raise ValueError(f"window={seconds}: choose more than 0 and at most {longest:g} seconds.")
    frames = -(-round(seconds * rate) // MARGIN)
    if frames * MARGIN > seconds * rate:
        warnings.warn(f"the window was rounded up to {frames * MARGIN / rate:g} s.", stacklevel=3)
    return min(frames * MARGIN / rate, longest)
