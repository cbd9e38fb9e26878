"""Ridge regression of head vectors onto the classes: each head by itself, or all together.

Shapes: N clips, K heads, D numbers per head vector, C classes. Arrays are torch tensors. The scores
of the support clips are those of regressions that have not seen them, in closed form.
"""

import torch
from torch import Tensor

from ccsav.weights.arrays import chunks
from ccsav.weights.readout import unit


def ridge_readout(
    X: Tensor, y: Tensor, n_classes: int, penalty: float, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Ridge regression of unit head vectors onto the classes, one per head, every class as heavy.

    X: (N, K, D); y: (N,); penalty: λ, on the squared coefficients, not on the intercept.
    groups: (N,); which clips are left out together; None: nothing is left out.

    Returns coef (K, D, C), intercept (K, C), and the scores of X itself, (N, K, C): in closed form
    what the regression without a clip's group would have said of it. With H the hat matrix and I
    the rows of a group, the residuals without it are (1 - H_II)⁻¹ (Y - H Y)_I. Solved in D or N
    dimensions, whichever are fewer: O(K N D min(N, D)) time.
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
        residuals = _left_out(
            Y - fitted, diagonal, lambda rows: Z[:, rows] @ solver[:, :, rows], root, groups
        )
        fitted = Y - residuals
    scores = fitted / root + mean
    return coef, mean - (centre @ coef)[:, 0], scores.transpose(0, 1)


def joint_ridge(
    X: Tensor, y: Tensor, n_classes: int, share: Tensor, penalty: float, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """One ridge regression on all heads together, heads of a larger share with longer vectors.

    X: (N, K, D); y, penalty, groups: as for `ridge`; share: (K,), positive, summing to 1: unit
    vectors are scaled by its root. Returns coef (K, D, C), intercept (K, C) and scores (N, C),
    the sum over heads of what `scores` makes of them. Solved in N dimensions, a few heads at a
    time: O(N² K D + N³) time.
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
        residuals = _left_out(
            (Y - fitted)[None], hat.diagonal()[None], lambda rows: hat[rows][:, rows], root, groups
        )
        fitted = Y - residuals[0]
    return coef, intercept, fitted / root


def _balanced(y, n_classes, dtype):
    """Roots of weights that make every class as heavy, (N, 1); the classes as numbers, centred and
    scaled by them, (N, C); and their mean, (C,).
    """
    Y = torch.nn.functional.one_hot(y, n_classes).to(dtype)
    heavy = 1 / torch.bincount(y, minlength=n_classes)[y].to(dtype)
    root = (heavy * len(y) / heavy.sum()).sqrt()[:, None]
    mean = (root.square() * Y).mean(0)
    return root, root * (Y - mean), mean


def _centred(U, root):
    """Vectors (K, N, D) less their weighted mean, scaled by the weights' roots; the mean."""
    centre = (root.square() * U).mean(1, keepdim=True)
    return root * (U - centre), centre


def _left_out(inside, diagonal, block, root, groups):
    """Residuals of every clip without its group, from those with it, (K, N, C).

    The hat matrix, whose diagonal is (K, N) and whose rows and columns of a group are block(rows),
    (K, n, n), is that without intercept; the intercept adds root rootᵀ / N.
    """
    n = len(groups)
    if len(groups.unique()) == n:
        hat = diagonal + root[:, 0].square() / n
        return inside / (1 - hat).clamp(min=1e-6)[..., None]
    outside = torch.empty_like(inside)
    for group in groups.unique():
        rows = (groups == group).nonzero()[:, 0]
        hat = block(rows) + root[rows] * root[rows].T / n
        eye = (1 + 1e-6) * torch.eye(len(rows), dtype=hat.dtype, device=hat.device)
        outside[:, rows] = torch.linalg.solve(eye - hat, inside[:, rows])
    return outside
