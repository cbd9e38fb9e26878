"""From posteriors to weights: how reliable each head is for each class."""

import torch
from torch import Tensor

from ccsav.weights.readout import prototypes, unit

GROUP_COST = 0.4  # a head with a Cohen's d of 1 between groups keeps e^-0.4 of its reliability


def true_posteriors(p: Tensor, y: Tensor) -> Tensor:
    """Posterior of the true class, (N, K, C), (N,) → (N, K)."""
    return p.gather(2, y[:, None, None].expand(-1, p.shape[1], 1))[..., 0]


def margins(p: Tensor, y: Tensor) -> Tensor:
    """Posterior of the true class minus the best other class, (N, K, C), (N,) → (N, K)."""
    true = torch.nn.functional.one_hot(y, p.shape[2])[:, None].bool()  # (N, 1, C)
    return true_posteriors(p, y) - p.masked_fill(true, -1.0).amax(-1)


def clamped_margins(p: Tensor, y: Tensor) -> Tensor:
    """max(0, margin), 0 for every wrong answer, (N, K, C), (N,) → (N, K)."""
    return margins(p, y).clamp(min=0)


def briers(p: Tensor, y: Tensor) -> Tensor:
    """Brier skill 2 p_true - Σ_c p_c², (N, K, C), (N,) → (N, K)."""
    return 2 * true_posteriors(p, y) - p.square().sum(-1)


def class_means(scores: Tensor, y: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
    """Mean score of each head over each class's clips, r (K, C), and clips per class, (C,).

    scores: (N, K); y: (N,). A class without clips gets each head's mean over the other classes.
    """
    r, counts = prototypes(scores[:, :, None], y, n_classes)  # (C, K, 1)
    r[counts == 0] = r[counts > 0].mean(0)
    return r[:, :, 0].T.contiguous(), counts


def group_trust(X: Tensor, y: Tensor, groups: Tensor) -> Tensor:
    """Factor, (K,), that lowers the reliability of heads whose vectors depend on the group.

    X: (N, K, D); y, groups: (N,). e^(-GROUP_COST d), where d is Cohen's d, up to ±3, of the cosines
    of two clips of different classes within a group against across groups; 1 without such pairs.
    """
    other = y[:, None] != y
    same, apart = (other & (groups[:, None] == groups)), (other & (groups[:, None] != groups))
    if not same.any() or not apart.any():
        return torch.ones(X.shape[1], device=X.device)
    U = unit(X).transpose(0, 1)
    cos = U @ U.mT  # (K, N, N)
    within, across = cos[:, same], cos[:, apart]
    n, m = within.shape[1], across.shape[1]
    spread = ((n * within.var(1, correction=0) + m * across.var(1, correction=0)) / (n + m)).sqrt()
    d = (within.mean(1) - across.mean(1)) / spread.clamp(min=1e-5)
    return torch.exp(-GROUP_COST * d.clamp(-3, 3))


def shrink(r: Tensor, counts: Tensor, alpha: float, toward: str = "head") -> Tensor:
    """Pull reliabilities of classes with few clips toward a mean: n/(n+α) r + α/(n+α) mean.

    r: (K, C); counts: (C,) clips per class; alpha: the n at which the mean counts for a half.
    toward: "head" (each head's mean over classes) or "all" (mean of the whole matrix, as in CALM).
    """
    mean = {"head": r.mean(1, keepdim=True), "all": r.mean()}[toward]
    trust = torch.ones_like(r[0]) if alpha == 0 else counts / (counts + alpha)  # (C,)
    return trust * r + (1 - trust) * mean


def power_weights(r: Tensor, tau_w: float) -> Tensor:
    """r^(1/τ_w) normalised over heads, (K, C) → (K, C); equal weights if no head is reliable."""
    top = r.amax(0).clamp(min=torch.finfo(r.dtype).tiny)
    w = (r.clamp(min=0) / top) ** (1 / tau_w)  # scaled: no underflow
    w = torch.where(w.sum(0) > 0, w, 1.0)
    return w / w.sum(0)


def softmax_weights(r: Tensor, tau_w: float) -> Tensor:
    """Softmax of r/τ_w over heads, (K, C) → (K, C)."""
    return torch.softmax(r / tau_w, dim=0)


def top_heads(r: Tensor, k: int) -> Tensor:
    """Mask of the k most reliable heads of each class, (K, C) → bool."""
    best = r.topk(min(k, len(r)), dim=0).indices
    return torch.zeros_like(r, dtype=torch.bool).scatter_(0, best, True)


# The four reliabilities of CALM's code: the score of a clip, and the weights from its class means.
KINDS = {
    "margin_clamped": (clamped_margins, power_weights),
    "margin_softmax": (margins, softmax_weights),
    "prob_softmax": (true_posteriors, softmax_weights),
    "brier_softmax": (briers, softmax_weights),
}
