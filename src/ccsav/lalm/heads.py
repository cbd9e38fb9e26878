"""Find a model's attention heads, and read their vectors in one forward pass.

The head vector is what a head hands to its layer's output projection: the *input* of `o_proj`
(or `out_proj`), split by head. The projection's output already mixes the heads.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn

from ccsav.lalm.families import Site

DEFAULT_KINDS = ("decoder", "cross")  # the heads that write the answer


def find_heads(model: nn.Module, sites: Sequence[Site]) -> pd.DataFrame:
    """List a model's heads, one row each: layer, head, kind, dim, pool, module.

    `dim` is the length of the head vector, read from the attention module: it need not be hidden
    size / heads. With grouped-query attention there is a head for each query head. `module` is the
    path of the output projection. Raises `ValueError` for a layer without separate heads.
    """
    rows = [row for site in sites for row in site.heads_in(model)]
    columns = ["layer", "head", "kind", "dim", "pool", "module"]
    return pd.DataFrame(rows, columns=columns).rename_axis("index")


def select_heads(table: pd.DataFrame, heads=None) -> pd.DataFrame:
    """Rows of a table of heads; for `heads`, see `LALM.select`."""
    if isinstance(heads, pd.DataFrame):  # of this model, in any order and with any index
        if not {"module", "head"} <= set(heads):
            raise ValueError("heads is a table without module and head: give rows of `lalm.heads`.")
        in_table, wanted = (pd.MultiIndex.from_frame(t[["module", "head"]]) for t in (table, heads))
        heads = in_table.get_indexer(wanted)
    kinds = table["kind"].unique().tolist()
    if heads is None:
        heads = [kind for kind in DEFAULT_KINDS if kind in kinds]
    elif isinstance(heads, str):
        heads = kinds if heads == "all" else [heads]
    heads = np.atleast_1d(np.asarray(heads))
    if heads.dtype.kind in "UO":
        if unknown := [kind for kind in heads.tolist() if kind not in kinds]:
            raise ValueError(f"no heads of kind {unknown}: this model has {', '.join(kinds)}.")
        heads = table["kind"].isin(heads).to_numpy()
    if heads.dtype == bool:
        if len(heads) != len(table):
            raise ValueError(f"heads is a mask of {len(heads)} for {len(table)} heads.")
        heads = np.flatnonzero(heads)
    whole = heads.ndim == 1 and heads.dtype.kind in "iu" and len(heads)
    if not whole or heads.min() < 0 or heads.max() >= len(table):
        raise ValueError(f"heads must be some of 0 to {len(table) - 1}, in one row.")
    return table.iloc[heads]


class _AllRead(Exception):
    """All head vectors are read: the rest of the forward pass is not needed."""


def read_heads(
    model: nn.Module, heads: pd.DataFrame, frames: torch.Tensor, forward: Callable[[], object]
) -> torch.Tensor:
    """Run `forward()` on `model` and return the head vectors, (B, K, D), float32, on the CPU.

    The pass ends as soon as the last of the heads has been read; hooks are always removed. Raises
    `RuntimeError` if a layer of these heads does not run.

    Parameters
    ----------
    heads : rows of `find_heads`' table, K of them; vectors shorter than D, the longest, end in
        zeros, which change neither cosines nor norms
    frames : true encoder frames of each clip, (B,), for the heads that are averaged over them
    """
    modules = heads.assign(column=np.arange(len(heads))).groupby("module", sort=False)
    vectors = {}

    def keep(module, rows, _, args):
        numbers, dim, pool = rows["head"].tolist(), rows["dim"].iloc[0], rows["pool"].iloc[0]
        # prompts are padded on the left: the last position is the last prompt token
        x = args[0][:, -1] if pool == "last" else _mean(args[0], frames)  # (B, H·dim)
        vectors[module] = x.unflatten(-1, (-1, dim))[:, numbers]  # (B, k, dim)
        if len(vectors) == len(modules):
            raise _AllRead

    with suppress(_AllRead), ExitStack() as hooks, torch.inference_mode():
        for module, rows in modules:
            hook = partial(keep, module, rows)
            hooks.enter_context(model.get_submodule(module).register_forward_pre_hook(hook))
        forward()
    unread = [module for module, _ in modules if module not in vectors]
    if unread:
        raise RuntimeError(f"these layers did not run in the forward pass: {unread}")
    out = torch.zeros(len(frames), len(heads), heads["dim"].max())
    for module, rows in modules:
        out[:, rows["column"].tolist(), : rows["dim"].iloc[0]] = vectors[module].float().cpu()
    return out


def _mean(x: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """Mean over each clip's true frames, (B,), → (B, F).

    x: (B, T, F), clips padded on the right; or (ΣT, F), clips one after the other, where further
    frames at the end belong to no clip.
    """
    if x.ndim == 2:
        clips = x[: frames.sum()].float().split(frames.tolist())
        return torch.stack([clip.mean(0) for clip in clips])
    frames = frames.to(x.device)
    true = torch.arange(x.shape[1], device=x.device) < frames[:, None]  # (B, T)
    return torch.einsum("btf,bt->bf", x.float(), true.float()) / frames[:, None]
