"""Silence heads: a hook puts zeros, or given numbers, in place of their vectors.

The counterpart of `heads`: it writes where that reads, at the *input* of the output projection.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn

POSITIONS = ("last", "prompt", "all")


@dataclass(frozen=True, eq=False)
class Silence:
    """Which heads are silenced, and how; see `LALM.silenced`."""

    heads: pd.DataFrame  # rows of the table of heads, K of them
    replacement: torch.Tensor  # (K, D), float32, stands in place of their vectors
    positions: str  # one of POSITIONS


def plan_silence(heads: pd.DataFrame, values, positions: str) -> Silence:
    """Check the arguments of `LALM.silenced`, with rows of the table of heads."""
    if positions not in POSITIONS:
        raise ValueError(f"positions={positions!r}: choose one of {POSITIONS}.")
    if positions != "all" and (heads["kind"] == "encoder").any():
        raise ValueError(
            f"positions={positions!r} is for heads that read a prompt, but heads has some of the "
            'encoder: choose positions="all", or heads of the decoder alone.'
        )
    shape = (len(heads), int(heads["dim"].max()))
    new = torch.zeros(shape) if values is None else torch.as_tensor(values).float().cpu()
    if new.ndim != 2 or len(new) != shape[0] or new.shape[1] < shape[1]:
        raise ValueError(
            f"values must have a row for each head, {shape}, but has {tuple(new.shape)}."
        )
    return Silence(heads, new, positions)


@contextmanager
def silence_hooks(model: nn.Module, silence: Silence, active: list[Silence]) -> Iterator[None]:
    """Keep the heads silent inside a `with` block, and `silence` in the list of active ones."""
    numbered = silence.heads.assign(row=range(len(silence.heads)))
    with ExitStack() as hooks:
        for module, rows in numbered.groupby("module"):
            new = silence.replacement[rows["row"].tolist(), : rows["dim"].iloc[0]]  # (k, dim)
            hook = _replacing(rows["head"].tolist(), new, silence.positions)
            hooks.enter_context(model.get_submodule(module).register_forward_pre_hook(hook))
        active.append(silence)
        hooks.callback(active.remove, silence)
        yield


def silenced_fingerprint(intact: str, silences: Sequence[Silence]) -> str:
    """Fingerprint of a model with heads silenced, so that a cache tells it from the intact one."""
    fingerprint = intact
    for silence in silences:
        heads = silence.heads[["module", "head"]].to_csv(index=False)
        digest = hashlib.sha256(f"{fingerprint} {silence.positions} {heads}".encode())
        digest.update(silence.replacement.numpy().tobytes())
        fingerprint = digest.hexdigest()
    return fingerprint


def _replacing(heads, new, positions):
    """A hook that puts new vectors, (k, dim), in place of those of k heads."""

    def hook(_, args):
        x = args[0]  # (B, T, H·dim); of some encoders (ΣT, H·dim), clips one after the other
        if positions == "prompt" and x.shape[1] == 1:  # a token of the answer
            return args
        x = x.unflatten(-1, (-1, new.shape[1])).clone()  # (..., H, dim)
        if positions == "all":
            x[..., heads, :] = new.to(x)
        else:
            x[:, -1, heads] = new.to(x)
        return (x.flatten(-2), *args[1:])

    return hook
