"""Ridge regression of head vectors onto the classes: one for each head, or one for all heads."""

import torch
from torch import Tensor

from ccsav.weights.arrays import chunks, same_size
from ccsav.weights.readout import unit


def ridge_readout(
    X: Tensor, y: Tensor, n_classes: int, penalty: float, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Ridge regression of unit head vectors onto the classes, one per head; classes weigh the same.

    X: (N, K, D); penalty: λ, not on the intercept; groups: (N,), or None to leave nothing out.
    Returns coef (K, D, C), intercept (K, C) and scores of X itself, (N, K, C), by regressions made
    without the clip's group: with H the hat matrix and I the rows of the group, the residuals are
    (1 - H_II)⁻¹ (Y - H Y)_I. Solved in D or N dimensions, whichever are fewer.
    """
    return regression(X, *_balanced(y, n_classes, X.dtype), penalty, groups)


def regression(
    X: Tensor, root: Tensor, Y: Tensor, mean: Tensor, penalty: float, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """The same onto any targets, (N, C): Y is their difference to `mean`, (C,), times `root`, the
    root of each clip's weight, (N, 1).
    """
    Z, centre = _centred(X, root)  # (K, N, D), (K, 1, D)
    short = Z if len(X) <= X.shape[2] else Z.mT  # the shorter side first
    eye = penalty * torch.eye(short.shape[1], dtype=X.dtype, device=X.device)
    solver = torch.linalg.solve(short @ short.mT + eye, short)
    solver = solver.mT if short is Z else solver  # (K, D, N)
    coef = solver @ Y  # (K, D, C)
    fitted = Z @ coef  # (K, N, C)
    if groups is not None:
        back = solver.mT  # (K, N, D)
        fitted = _without_groups(
            Y, fitted, lambda rows: Z[:, rows] @ back[:, rows].mT, root, groups
        )
    return coef, mean - (centre @ coef)[:, 0], (fitted / root + mean).transpose(0, 1)


def joint_ridge(
    X: Tensor,
    y: Tensor,
    n_classes: int,
    heads: Tensor,
    share: Tensor,
    penalty: float,
    groups: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """One ridge regression on k of the heads together; a larger share makes vectors longer.

    As `ridge_readout`, but unit vectors of heads, (k,), are multiplied by the root of their share,
    (k,), positive, sum 1, and the scores (N, C) are sums over them. coef is (k, D, C). A few heads
    at a time: O(N² k D + N³) time, and the memory of two matrices (N, N).
    """
    root, Y, _ = _balanced(y, n_classes, torch.float32)
    n, D, parts = len(X), X.shape[2], list(chunks(len(heads), len(X) * X.shape[2]))
    gram = torch.zeros((n, n), device=X.device)
    for part in parts:
        Z, _ = _centred(X[:, heads[part]].float(), root)
        Z = (share[part, None, None].sqrt() * Z).transpose(0, 1).flatten(1)  # (N, k D)
        gram.addmm_(Z, Z.T)
    gram.diagonal().add_(penalty)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram, out=gram))
    del gram
    dual = inverse @ Y  # (N, C)
    coef = torch.empty((len(heads), D, n_classes), device=X.device)
    intercept = torch.empty((len(heads), n_classes), device=X.device)
    for part in parts:
        Z, centre = _centred(X[:, heads[part]].float(), root)
        coef[part] = share[part, None, None] * (Z.mT @ dual)
        intercept[part] = -(centre @ coef[part])[:, 0]
    fitted = Y - penalty * dual  # the hat matrix is 1 - λ inverse
    if groups is not None:

        def hat(rows):
            own = torch.eye(rows.shape[1], device=X.device)
            return (own - penalty * inverse[rows[:, :, None], rows[:, None]])[None]

        fitted = _without_groups(Y, fitted[None], hat, root, groups)[0]
    return coef, intercept, fitted / root


def joint_scores(U: Tensor, coef: Tensor, intercept: Tensor) -> Tensor:
    """Scores of a joint ridge regression, (N, K, D) unit vectors, (K, D, C), (K, C) → (N, C)."""
    return U.flatten(1) @ coef.flatten(0, 1) + intercept.sum(0)


def _balanced(y, n_classes, dtype):
    """Roots of clip weights, (N, 1), with the same sum for each class; the classes as one-hot rows,
    centred and multiplied by the roots, (N, C); the weighted mean of those rows, (C,).
    """
    Y = torch.nn.functional.one_hot(y, n_classes).to(dtype)
    weight = 1 / torch.bincount(y, minlength=n_classes)[y].to(dtype)
    root = (weight * len(y) / weight.sum()).sqrt()[:, None]
    mean = (root.square() * Y).mean(0)
    return root, root * (Y - mean), mean


def _centred(X, root):
    """Unit vectors less their weighted mean, times the roots, (K, N, D); that mean, (K, 1, D)."""
    U = unit(X).transpose(0, 1)
    centre = (root.square() * U).mean(1, keepdim=True)
    return root * (U - centre), centre


def _without_groups(Y, fitted, block, root, groups):
    """Fit to Y without the clip's group, from the fit of all clips, (K, N, C), and the hat matrix
    without intercept, which adds root rootᵀ / N: block(rows), (K, G, n, n) of G groups of n clips.
    """
    residuals = Y - fitted
    outside = torch.empty_like(residuals)
    for rows in same_size(groups):  # (G, n)
        hat = block(rows) + root[rows] * root[rows].mT / len(groups)
        left = residuals[:, rows]  # (K, G, n, C)
        if rows.shape[1] == 1:
            outside[:, rows] = left / (1 - hat).clamp(min=1e-6)
        else:
            eye = (1 + 1e-6) * torch.eye(rows.shape[1], dtype=hat.dtype, device=hat.device)
            outside[:, rows] = torch.linalg.solve(eye - hat, left)
    return Y - outside
