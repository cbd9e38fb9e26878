"""Head vectors given by a user: checked, converted to tensors, and processed in chunks."""

import math
import warnings
from collections.abc import Callable, Iterator
from functools import wraps

import numpy as np
import torch

CHUNK = 2**24  # numbers in memory at once: 64 MB of float32
SIZES = (1e-12, 1e15)  # of the largest number, so that lengths of vectors are exact in float32


def check_head_vectors(X) -> torch.Tensor:
    """Head vectors as a tensor, (N, K, D), without gradients.

    Raises `ValueError` for what is not real numbers, for another shape, for NaN, and for numbers so
    large or so small that their squares are beyond float32.
    """
    X = X.detach() if isinstance(X, torch.Tensor) else _as_tensor(X)
    if X.is_complex():
        raise ValueError("X is complex: head vectors are real numbers.")
    if X.ndim != 3 or 0 in X.shape:
        raise ValueError(f"X must be head vectors, (clips, heads, numbers), but is {(*X.shape,)}.")
    X = X if X.is_floating_point() else X.float()
    bad = sum(int((~torch.isfinite(X[rows])).sum()) for rows in chunks(len(X), X[0].numel()))
    if bad:
        raise ValueError(f"X has {bad} numbers that are NaN or infinite.")
    largest = max(float(X[rows].abs().amax()) for rows in chunks(len(X), X[0].numel()))
    if largest and not SIZES[0] < largest < SIZES[1]:
        raise ValueError(
            f"X has numbers of up to {largest:.0e}, beyond float32 once squared: scale X, only the "
            "directions of head vectors count."
        )
    return X


def _as_tensor(X) -> torch.Tensor:
    """Anything that NumPy takes as numbers, as a tensor."""
    try:
        X = np.asarray(X)
        X = X.astype(float if X.dtype == object else X.dtype.newbyteorder("="), copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"X is no array of numbers (clips, heads, numbers): {error}.") from None
    if X.dtype.kind not in "biufc":
        raise ValueError(f"X holds {X.dtype}, not numbers: give head vectors.")
    with warnings.catch_warnings():  # a read-only array is safe: X is never written to
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.as_tensor(np.ascontiguousarray(X))


def in_parts(votes: Callable) -> Callable:
    """Let a method of X (N, K, D) read an array on disk a few clips at a time."""

    @wraps(votes)
    def method(self, X):
        if isinstance(X, np.ndarray | torch.Tensor) or len(getattr(X, "shape", ())) != 3:
            return votes(self, X)
        parts = chunks(len(X), math.prod(X.shape[1:]))
        return np.concatenate([votes(self, np.asarray(X[rows])) for rows in parts])

    return method


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
