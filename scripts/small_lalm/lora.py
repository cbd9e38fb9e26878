"""Low-rank updates of frozen linear layers (LoRA, Hu et al. 2021, arXiv 2106.09685)."""

import math
from collections.abc import Iterable

import torch
from torch import nn


class LowRank(nn.Module):
    """A frozen linear layer plus a trained update of low rank: W x + B A x.

    B starts at zero, so that the layer starts as it was. A and B are kept in float32.
    """

    def __init__(self, frozen: nn.Linear, rank: int):
        super().__init__()
        self.frozen = frozen
        self.A = nn.Parameter(torch.empty(rank, frozen.in_features))
        self.B = nn.Parameter(torch.zeros(frozen.out_features, rank))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))

    def forward(self, x):
        """The layer's output with the update, in the layer's number format."""
        return self.frozen(x) + (x @ self.A.to(x.dtype).T) @ self.B.to(x.dtype).T


def add_low_rank(model: nn.Module, part: str, names: Iterable[str], rank: int) -> None:
    """Put an update on every linear layer of these names below `part` of a model."""
    inside = model.get_submodule(part)
    for path, layer in list(inside.named_modules()):
        parent, _, name = path.rpartition(".")
        if name in names and isinstance(layer, nn.Linear):
            setattr(inside.get_submodule(parent), name, LowRank(layer, rank))


def updates(model: nn.Module) -> dict[str, torch.Tensor]:
    """The trained updates, as `ccsav_lab.small` reads them: {layer}.A and {layer}.B."""
    found = {}
    for path, layer in model.named_modules():
        if isinstance(layer, LowRank):
            found |= {f"{path}.A": layer.A.detach(), f"{path}.B": layer.B.detach()}
    return found
