"""Head vectors given by a user: checked, converted to tensors, and processed in chunks."""

import warnings
from collections.abc import Iterator

import numpy as np
import torch

CHUNK = 2**24  # numbers in memory at once: 64 MB of float32


def check_head_vectors(X) -> torch.Tensor:
    """Head vectors as a tensor, (N, K, D); raises `ValueError` for another shape and for NaN."""
    if not isinstance(X, torch.Tensor):
        with warnings.catch_warnings():  # a read-only array is safe: X is never written to
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            X = torch.as_tensor(np.asarray(X))
    if X.ndim != 3 or 0 in X.shape:
        raise ValueError(f"X must be head vectors, (clips, heads, numbers), but is {(*X.shape,)}.")
    X = X if X.is_floating_point() else X.float()
    bad = sum(int((~torch.isfinite(X[rows])).sum()) for rows in chunks(len(X), X[0].numel()))
    if bad:
        raise ValueError(f"X has {bad} numbers that are NaN or infinite.")
    return X


def chunks(n: int, size: int) -> Iterator[slice]:
    """Slices of 0…n, each with as many rows of `size` numbers as CHUNK holds, at least one row."""
    step = max(1, CHUNK // max(1, size))
    return (slice(start, start + step) for start in range(0, n, step))


def same_size(groups: torch.Tensor) -> Iterator[torch.Tensor]:
    """Groups of equal size together: for each size n that occurs, the indices of clips, (G, n)."""
    order = groups.argsort(stable=True)
    sizes = groups.unique(return_counts=True)[1]
    size_of = sizes.repeat_interleave(sizes)  # of each clip's group, in this order
    return (order[size_of == n].view(-1, int(n)) for n in sizes.unique())
