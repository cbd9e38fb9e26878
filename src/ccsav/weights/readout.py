"""Scores and posteriors of every head: prototypes, cosines, temperatures, the weighted vote."""

import math

import torch
from torch import Tensor

from ccsav.weights.arrays import same_size

MIN_TAU, MAX_TAU = 0.01, 1.0  # limits of a fitted temperature
NEWTON_STEPS = 8
MAX_CLIPS = 500  # clips, evenly spaced, that a temperature is fitted to


def prototypes(X: Tensor, y: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
    """Class means μ of head vectors, and clips per class: (N, K, D), (N,) → (C, K, D), (C,)."""
    total = X.new_zeros(n_classes, *X.shape[1:]).index_add_(0, y, X)
    counts = torch.bincount(y, minlength=n_classes)
    return total / counts.clamp(min=1)[:, None, None], counts


def directions(mu: Tensor) -> Tensor:
    """Unit prototypes with the classes last, for multiplication, (C, K, D) → (K, D, C)."""
    return unit(mu).permute(1, 2, 0).contiguous()


def class_scores(U: Tensor, coef: Tensor, intercept: Tensor) -> Tensor:
    """A readout's scores, (N, K, D) unit vectors, (K, D, C), (K, C) → (N, K, C)."""
    return torch.baddbmm(intercept[:, None], U.transpose(0, 1), coef).transpose(0, 1)


def cosines(X: Tensor, coef: Tensor) -> Tensor:
    """Cosine of head vectors with unit prototypes, (N, K, D), (K, D, C) → (N, K, C)."""
    return (unit(X).transpose(0, 1) @ coef).transpose(0, 1)


def nearest_prototype(
    X: Tensor, y: Tensor, n_classes: int, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """CALM's readout, cosines with class means: coef (K, D, C), intercept 0 (K, C), and scores.

    The scores are those of X (N, K, D) itself, (N, K, C), by prototypes made without the clip's
    group; groups: (N,), or None to leave nothing out.
    """
    mu, counts = prototypes(X, y, n_classes)
    coef = directions(mu)
    cos = cosines(X, coef)
    if groups is not None and len(groups.unique()) == len(groups):
        cos = leave_one_out(cos, X, y, mu, counts)
    elif groups is not None:
        cos = leave_group_out(cos, X, y, mu, counts, groups)
    return coef, coef.new_zeros(coef.shape[0], n_classes), cos


def leave_one_out(cos: Tensor, X: Tensor, y: Tensor, mu: Tensor, counts: Tensor) -> Tensor:
    """Cosines of support clips with prototypes made without them, (N, K, C).

    cos: cosines of X (N, K, D), y (N,), part of the support set, with mu (C, K, D), counts (C,) of
    the whole. Without clip i the mean of its class is (n μ - h_i) / (n - 1), and a cosine does not
    depend on the scale. A class of one clip has no prototype without it: cosine 0.
    """
    without = counts[y, None, None] * mu[y] - X  # (N, K, D)
    own = (unit(X) * unit(without)).sum(-1) * (counts[y, None] > 1)  # (N, K)
    return cos.scatter(2, y[:, None, None].expand(-1, cos.shape[1], 1), own[..., None])


def leave_group_out(
    cos: Tensor, X: Tensor, y: Tensor, mu: Tensor, counts: Tensor, groups: Tensor
) -> Tensor:
    """The same by prototypes made without the clip's group; groups (N,), the whole support set."""
    cos = cos.clone()
    for rows in same_size(groups):  # (G, n): G groups of n clips
        x, own = X[rows], y[rows]  # (G, n, K, D), (G, n)
        same = (own[:, :, None] == own[:, None]).to(X.dtype)  # (G, n, n): of one class
        without = counts[own][..., None, None] * mu[own] - torch.einsum("gij,gjkd->gikd", same, x)
        outside = torch.einsum("gmkd,gikd->gmki", unit(x), unit(without))
        outside = outside * (counts[own] > same.sum(-1))[:, None, None]
        clips = rows[:, :, None, None]
        heads = torch.arange(X.shape[1], device=X.device)[:, None]
        cos[clips, heads, own[:, None, None]] = outside
    return cos


def temperatures(scores: Tensor, y: Tensor, uniform_clips: float = 0.0) -> Tensor:
    """The temperature at which each head's posteriors are likeliest, (N, K, C), (N,) → (K,).

    Minimises the mean over classes of -log softmax(scores / τ) at the true class, convex in 1/τ,
    by Newton's method. uniform_clips: how many clips to add for which all classes are equally true;
    without them a head that is always right gets MIN_TAU.
    """
    stride = math.ceil(len(y) / MAX_CLIPS)
    scores, y = scores[::stride], y[::stride]
    share = 1 / torch.bincount(y)[y].to(scores.dtype)
    share = (share / share.sum())[:, None]  # (N, 1)
    own = y[:, None, None].expand(-1, scores.shape[1], 1)
    uniform = uniform_clips / (len(y) + uniform_clips)
    true = (1 - uniform) * scores.gather(2, own)[..., 0] + uniform * scores.mean(-1)  # (N, K)
    true = (share * true).sum(0)
    inverse = torch.full_like(true, 10.0)
    for _ in range(NEWTON_STEPS):
        p = torch.softmax(scores * inverse[:, None], dim=-1)
        mean = (p * scores).sum(-1)  # (N, K)
        variance = (p * scores.square()).sum(-1) - mean.square()
        step = (true - (share * mean).sum(0)) / (share * variance).sum(0).clamp(min=1e-9)
        inverse = torch.maximum(torch.minimum(inverse + step, 3 * inverse), inverse / 3)
        inverse = inverse.clamp(1 / MAX_TAU, 1 / MIN_TAU)
    return 1 / inverse


def posteriors(scores: Tensor, tau: float | Tensor) -> Tensor:
    """Softmax over classes of score / τ, (N, K, C); tau: one temperature, or one per head, (K,)."""
    tau = tau[:, None] if isinstance(tau, Tensor) else tau
    return torch.softmax(scores / tau, dim=-1)


def weighted_vote(scores: Tensor, tau: Tensor, weights: Tensor) -> Tensor:
    """Σ_k w_kc · p_k(c | x), scores (N, K, C), tau (K,), weights (K, C) → (N, C)."""
    return torch.einsum("nkc,kc->nc", posteriors(scores, tau), weights)


def unit(x: Tensor) -> Tensor:
    """Vectors of length 1 along the last axis; zero vectors stay zero."""
    return torch.nn.functional.normalize(x, dim=-1, eps=1e-12)
