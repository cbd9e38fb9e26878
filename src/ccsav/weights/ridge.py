"""Ridge regression of head vectors onto the classes: one for each head, or one for all heads.

Shapes: N clips, K heads, D numbers per head vector, C classes. Arrays are torch tensors.
"""

import torch
from torch import Tensor

from ccsav.weights.arrays import chunks
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
    root, Y, mean = _balanced(y, n_classes, X.dtype)
    Z, centre = _centred(unit(X).transpose(0, 1), root)  # (K, N, D), (K, 1, D)
    side = min(Z.shape[1:])
    eye = penalty * torch.eye(side, dtype=X.dtype, device=X.device)
    if side == len(X):
        solver = torch.linalg.solve(Z @ Z.mT + eye, Z).mT  # (K, D, N)
    else:
        solver = torch.linalg.solve(Z.mT @ Z + eye, Z.mT)
    coef = solver @ Y  # (K, D, C)
    fitted = Z @ coef  # (K, N, C)
    if groups is not None:
        diagonal = (Z * solver.mT).sum(-1)  # of the hat matrix, (K, N)
        residuals = _without_groups(
            Y - fitted, diagonal, lambda rows: Z[:, rows] @ solver[:, :, rows], root, groups
        )
        fitted = Y - residuals
    scores = fitted / root + mean
    return coef, mean - (centre @ coef)[:, 0], scores.transpose(0, 1)


def joint_ridge(
    X: Tensor, y: Tensor, n_classes: int, share: Tensor, penalty: float, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """One ridge regression on all heads together; a head's larger share makes its vectors longer.

    As `ridge_readout`, but unit vectors are multiplied by the root of share (K,), positive, sum 1,
    and the scores (N, C) are sums over heads. A few heads at a time: O(N² K D + N³) time.
    """
    root, Y, _ = _balanced(y, n_classes, torch.float32)
    (n, K, D), parts = X.shape, list(chunks(X.shape[1], len(X) * X.shape[2]))
    gram = torch.zeros((n, n), device=X.device)
    for heads in parts:
        Z, _ = _centred(unit(X[:, heads].float()).transpose(0, 1), root)
        Z = (share[heads, None, None].sqrt() * Z).transpose(0, 1).flatten(1)  # (N, k D)
        gram.addmm_(Z, Z.T)
    eye = torch.eye(n, device=X.device)
    inverse = torch.linalg.inv(gram + penalty * eye)
    dual, hat = inverse @ Y, gram @ inverse  # (N, C), (N, N)
    coef = torch.empty((K, D, n_classes), device=X.device)
    intercept = torch.empty((K, n_classes), device=X.device)
    for heads in parts:
        Z, centre = _centred(unit(X[:, heads].float()).transpose(0, 1), root)
        coef[heads] = share[heads, None, None] * (Z.mT @ dual)
        intercept[heads] = -(centre @ coef[heads])[:, 0]
    fitted = hat @ Y
    if groups is not None:
        residuals = _without_groups(
            (Y - fitted)[None], hat.diagonal()[None], lambda rows: hat[rows][:, rows], root, groups
        )
        fitted = Y - residuals[0]
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


def _centred(U, root):
    """Vectors (K, N, D) less their weighted mean, multiplied by the roots; the mean, (K, 1, D)."""
    centre = (root.square() * U).mean(1, keepdim=True)
    return root * (U - centre), centre


def _without_groups(residuals, diagonal, block, root, groups):
    """Residuals without the clip's group, from those of all clips, (K, N, C), and the hat matrix
    without intercept, which adds root rootᵀ / N: diagonal (K, N), block(rows) (K, n, n) of a group.
    """
    n = len(groups)
    if len(groups.unique()) == n:
        hat = diagonal + root[:, 0].square() / n
        return residuals / (1 - hat).clamp(min=1e-6)[..., None]
    outside = torch.empty_like(residuals)
    for group in groups.unique():
        rows = (groups == group).nonzero()[:, 0]
        hat = block(rows) + root[rows] * root[rows].T / n
        eye = (1 + 1e-6) * torch.eye(len(rows), dtype=hat.dtype, device=hat.device)
        outside[:, rows] = torch.linalg.solve(eye - hat, residuals[:, rows])
    return outside
