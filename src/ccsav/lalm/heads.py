"""Find a model's attention heads, and take their vectors out of one forward pass.

The head vector is what a head hands to its layer's output projection: the *input* of `o_proj`
(or `out_proj`), split by head. The projection's output already mixes the heads.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from ccsav.lalm.families import Site

PROJECTIONS = ("o_proj", "out_proj")
DEFAULT_KINDS = ("decoder", "cross")  # the heads that write the answer


def find_heads(model: nn.Module, sites: Sequence[Site]) -> pd.DataFrame:
    """List a model's heads, one row each: layer, head, kind, dim, pool, module.

    `dim` is the length of the head vector, read from the attention module (it need not be
    hidden size / heads); with grouped-query attention there are as many output heads as query
    heads. `module` is the path of the output projection. Raises `ValueError` for a layer whose
    heads cannot be told apart.
    """
    rows = []
    for site in sites:
        for layer, block in enumerate(model.get_submodule(site.layers)):
            path = f"{site.layers}.{layer}.{site.attention}"
            attention = getattr(block, site.attention, None)
            names = (site.projection,) if site.projection else PROJECTIONS
            name = next((p for p in names if _within(attention, p) is not None), None)
            if name is None:
                raise ValueError(
                    f"layer {site.layers}.{layer} has no {site.attention} with one of "
                    f"{names}: it is not an attention layer that heads can be read from."
                )
            width, dim = _within(attention, name).weight.shape[1], _within(attention, site.dim)
            if width % dim:
                raise ValueError(f"{path}.{name} takes {width} numbers, not a multiple of {dim}.")
            rows += [
                (layer, head, site.kind, dim, site.pool, f"{path}.{name}")
                for head in range(width // dim)
            ]
    columns = ["layer", "head", "kind", "dim", "pool", "module"]
    return pd.DataFrame(rows, columns=columns).rename_axis("index")


def _within(module, path):
    """What stands at a path of attributes, or None."""
    for name in path.split("."):
        module = getattr(module, name, None)
    return module


def select_heads(table: pd.DataFrame, heads=None) -> pd.DataFrame:
    """Rows of a table of heads; for `heads`, see `LALM.select`."""
    if isinstance(heads, pd.DataFrame):  # of this model, whatever their order and index
        mine, asked = (pd.MultiIndex.from_frame(t[["module", "head"]]) for t in (table, heads))
        heads = mine.get_indexer(asked)
    kinds = table["kind"].unique().tolist()
    if heads is None:
        heads = [kind for kind in DEFAULT_KINDS if kind in kinds]
    elif isinstance(heads, str):
        heads = kinds if heads == "all" else [heads]
    heads = np.asarray(heads)
    if heads.dtype.kind in "UO":
        unknown = sorted(set(heads.tolist()) - set(kinds))
        if unknown:
            raise ValueError(f"no heads of kind {unknown}: this model has {', '.join(kinds)}.")
        heads = table["kind"].isin(heads).to_numpy()
    if heads.dtype == bool:
        if len(heads) != len(table):
            raise ValueError(f"a mask of {len(heads)} for {len(table)} heads.")
        heads = np.flatnonzero(heads)
    if len(heads) == 0 or heads.min() < 0 or heads.max() >= len(table):
        raise ValueError(f"heads must be some of 0 to {len(table) - 1}.")
    return table.iloc[heads]


class _Enough(Exception):
    """All head vectors are taken; the rest of the forward pass has nothing to add."""


def read_heads(
    model: nn.Module, heads: pd.DataFrame, frames: torch.Tensor, forward: Callable[[], object]
) -> torch.Tensor:
    """Run `forward()` on `model` and return the head vectors, (B, K, D), float32, on the CPU.

    heads: rows of `find_heads`' table, K of them; vectors shorter than D, the longest, end in
        zeros, which change neither cosines nor norms.
    frames: true encoder frames of each clip, (B,), for the heads that are averaged over them.

    The pass is broken off as soon as the last wanted head has been read; hooks are always
    removed. Raises `RuntimeError` if a wanted layer did not run.
    """
    wanted = heads.assign(place=np.arange(len(heads))).groupby("module", sort=False)
    taken = {}

    def reader(module, rows):
        number, dim, pool = rows["head"].tolist(), rows["dim"].iloc[0], rows["pool"].iloc[0]

        def hook(_, args):
            x = _last(args[0]) if pool == "last" else _mean(args[0], frames)  # (B, H·D)
            taken[module] = x.unflatten(-1, (-1, dim))[:, number]  # (B, k, D)
            if len(taken) == len(wanted):
                raise _Enough

        return hook

    hooks = []
    try:
        for module, rows in wanted:
            projection = model.get_submodule(module)
            hooks.append(projection.register_forward_pre_hook(reader(module, rows)))
        with torch.inference_mode():
            forward()
    except _Enough:
        pass
    finally:
        for hook in hooks:
            hook.remove()
    silent = [module for module, _ in wanted if module not in taken]
    if silent:
        raise RuntimeError(f"these layers did not run in the forward pass: {silent}")
    out = torch.zeros(len(frames), len(heads), heads["dim"].max())
    for module, rows in wanted:
        out[:, rows["place"].tolist(), : rows["dim"].iloc[0]] = taken[module].float().cpu()
    return out


def _last(x: torch.Tensor) -> torch.Tensor:
    """The last position, (B, T, F) → (B, F): prompts are padded on the left."""
    return x[:, -1]


def _mean(x: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """Mean over each clip's true frames, (B,), → (B, F).

    x: (B, T, F), clips padded on the right; or (ΣT, F), clips one after the other,
    and perhaps more that is nobody's.
    """
    if x.ndim == 2:
        clips = x[: frames.sum()].float().split(frames.tolist())
        return torch.stack([clip.mean(0) for clip in clips])
    frames = frames.to(x.device)
    true = torch.arange(x.shape[1], device=x.device) < frames[:, None]  # (B, T)
    return torch.einsum("btf,bt->bf", x.float(), true.float()) / frames[:, None]
