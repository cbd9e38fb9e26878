"""Silence heads: a hook puts zeros, or given numbers, in place of their vectors.

The counterpart of `heads`: it writes where that reads, at the *input* of the output projection.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import pandas as pd
import torch

POSITIONS = ("last", "prompt", "all")


@dataclass(frozen=True, eq=False)
class Silence:
    """Which heads are silenced, and how; see `LALM.silenced`."""

    heads: pd.DataFrame  # rows of the table of heads, K of them
    replacement: torch.Tensor  # (K, D), float32, stands in place of their vectors
    positions: str  # one of POSITIONS


@contextmanager
def silenced(lalm, heads=None, values=None, positions: str = "last") -> Iterator:
    """Inside a `with` block, heads hand zeros, or `values`, to their output projections.

    The model is changed in place; its weights are not touched. At the end, also after an
    exception, it is as it was. Blocks can be nested; other threads that use the model wait for the
    end of the block, so do not wait for them inside. Head vectors that are read inside, by
    `extract` too, are known as those of the silenced model by its `fingerprint`. Raises
    `ValueError` for heads, positions or shapes that do not fit.

    Parameters
    ----------
    heads : K of them, as in `LALM.select`
    values : (K, D), what stands in place of the heads' vectors, such as their means over
        clips; default: zeros
    positions : "last" (the last one of each forward pass: the last prompt token, then each
        token of the answer), "prompt" (the last prompt token alone: the answer goes on with
        all heads), or "all", which encoder heads need: a clip has no last position

    Examples
    --------
    >>> import ccsav, numpy as np
    >>> lalm, tone = ccsav.load_lalm("mini"), np.sin(0.2 * np.arange(16_000))
    >>> with lalm.silenced([3]):
    ...     vectors = lalm.head_vectors([tone])  # (1, 48, 32)
    >>> bool(vectors[0, 3].any()), bool(vectors[0, 4].any())
    (False, True)
    """
    silence = _silence(lalm.select(heads), values, positions)
    numbered = silence.heads.assign(row=range(len(silence.heads)))
    with lalm.lock, ExitStack() as hooks:
        for module, rows in numbered.groupby("module"):
            new = silence.replacement[rows["row"].tolist(), : rows["dim"].iloc[0]]  # (k, dim)
            hook = partial(_replace, rows["head"].tolist(), new, positions)
            hooks.enter_context(lalm.model.get_submodule(module).register_forward_pre_hook(hook))
        lalm.silences.append(silence)
        hooks.callback(lalm.silences.remove, silence)
        yield lalm


def silenced_fingerprint(intact: str, silences: Sequence[Silence]) -> str:
    """Fingerprint of a model with heads silenced, so that a cache tells it from the intact one."""
    fingerprint = intact
    for silence in silences:
        heads = silence.heads[["module", "head"]].to_csv(index=False)
        digest = hashlib.sha256(f"{fingerprint} {silence.positions} {heads}".encode())
        digest.update(silence.replacement.numpy().tobytes())
        fingerprint = digest.hexdigest()
    return fingerprint


def _replace(heads, new, positions, _, args):
    """A hook that puts new vectors, (k, dim), in place of those of k heads."""
    x = args[0]  # (B, T, H·dim); of some encoders (ΣT, H·dim), clips one after the other
    if positions == "prompt" and x.shape[1] == 1:  # a token of the answer
        return args
    x = x.unflatten(-1, (-1, new.shape[1])).clone()  # (..., H, dim)
    if positions == "all":
        x[..., heads, :] = new.to(x)
    else:
        x[:, -1, heads] = new.to(x)
    return (x.flatten(-2), *args[1:])


def _silence(heads, values, positions):
    """The arguments of `silenced`, checked, with rows of the table of heads."""
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
