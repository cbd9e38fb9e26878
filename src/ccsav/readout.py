"""What one head says of a clip: prototypes, cosines and posteriors, for all heads at once.

Shapes: N clips, K heads, D numbers per head vector, C classes. Arrays are torch tensors.
"""

import torch
from torch import Tensor


def prototypes(X: Tensor, y: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
    """Class means of the head vectors, μ (C, K, D), and the clips per class, (C,).

    X: (N, K, D); y: (N,) integers below `n_classes`. (CALM section 3: prototypes.)
    """
    total = X.new_zeros(n_classes, *X.shape[1:]).index_add_(0, y, X)
    counts = torch.bincount(y, minlength=n_classes)
    return total / counts.clamp(min=1)[:, None, None], counts


def directions(mu: Tensor) -> Tensor:
    """Unit prototypes, laid out for multiplication, (C, K, D) → (K, D, C)."""
    return unit(mu).permute(1, 2, 0).contiguous()


def cosines(X: Tensor, directions: Tensor) -> Tensor:
    """Cosine of every head vector with every prototype, (N, K, D), (K, D, C) → (N, K, C)."""
    return (unit(X).transpose(0, 1) @ directions).transpose(0, 1)


def leave_one_out(cos: Tensor, X: Tensor, y: Tensor, mu: Tensor, counts: Tensor) -> Tensor:
    """Cosines of support clips with prototypes that were made without them, (N, K, C).

    cos: their cosines with the prototypes mu (C, K, D) of the whole support set, counts (C,) clips
    per class, of which X (N, K, D) and y (N,) are any part. In closed form: leaving clip i out
    turns its class's mean into (n μ - h_i) / (n - 1), and the cosine does not see the scale. A
    class of one clip has no prototype without it: cosine 0.
    """
    without = counts[y, None, None] * mu[y] - X  # (N, K, D)
    own = (unit(X) * unit(without)).sum(-1)  # (N, K)
    own = torch.where(counts[y, None] > 1, own, torch.zeros_like(own))
    return cos.scatter(2, y[:, None, None].expand(-1, cos.shape[1], 1), own[..., None])


def posteriors(cos: Tensor, tau: float) -> Tensor:
    """Each head's own belief: p(c | x) = softmax over c of cos(h_k(x), μ_ck) / τ, (N, K, C)."""
    return torch.softmax(cos / tau, dim=-1)


def unit(x: Tensor) -> Tensor:
    """Vectors of length 1 along the last axis; zero vectors stay zero."""
    return torch.nn.functional.normalize(x, dim=-1, eps=1e-12)
