"""What one head says of a clip, for all heads at once: prototypes, scores, posteriors.

Shapes: N clips, K heads, D numbers per head vector, C classes. Arrays are torch tensors. A readout
scores the classes by unit(h) · coef + intercept: here by cosines with class means, in `ridge` by
regression. It also says how it would have scored a support clip that it had not seen.
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


def scores(U: Tensor, coef: Tensor, intercept: Tensor) -> Tensor:
    """What a readout gives each class, (N, K, D) unit vectors, (K, D, C), (K, C) → (N, K, C)."""
    return torch.baddbmm(intercept[:, None], U.transpose(0, 1), coef).transpose(0, 1)


def cosines(X: Tensor, directions: Tensor) -> Tensor:
    """Cosine of every head vector with every prototype, (N, K, D), (K, D, C) → (N, K, C)."""
    return (unit(X).transpose(0, 1) @ directions).transpose(0, 1)


def nearest_prototype(
    X: Tensor, y: Tensor, n_classes: int, groups: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """The published readout, cosines with class means: coef (K, D, C), intercept 0, (K, C), and
    the scores of X (N, K, D) itself, (N, K, C), with each clip's group (N,) left out, if any.
    """
    mu, counts = prototypes(X, y, n_classes)
    coef = directions(mu)
    cos = cosines(X, coef)
    if groups is not None:
        alone = len(groups.unique()) == len(groups)
        cos = (
            leave_one_out(cos, X, y, mu, counts)
            if alone
            else leave_group_out(cos, X, y, mu, counts, groups)
        )
    return coef, coef.new_zeros(coef.shape[0], n_classes), cos


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


def leave_group_out(
    cos: Tensor, X: Tensor, y: Tensor, mu: Tensor, counts: Tensor, groups: Tensor
) -> Tensor:
    """The same without any clip of the clip's group; groups (N,), of the whole support set."""
    cos = cos.clone()
    for group in groups.unique():
        rows = (groups == group).nonzero()[:, 0]
        out, gone = prototypes(X[rows], y[rows], len(mu))
        touched = gone.nonzero()[:, 0]  # classes that lose clips
        left = counts[touched] - gone[touched]
        without = counts[touched, None, None] * mu[touched]
        without -= gone[touched, None, None] * out[touched]
        scores = cosines(X[rows], directions(without)) * (left > 0)
        cos[rows[:, None], :, touched] = scores.transpose(1, 2)
    return cos


COLDEST, WARMEST = 0.01, 1.0  # temperatures that are ever fitted
NEWTON_STEPS = 8
ENOUGH = 2000  # clips, evenly picked, that a temperature is fitted to


def temperatures(scores: Tensor, y: Tensor, doubt: float = 0.0) -> Tensor:
    """The temperature at which each head's posteriors are likeliest, (N, K, C), (N,) → (K,).

    Minimises the mean over classes of -log softmax(scores / τ) at the true class, convex in 1/τ,
    by Newton's method, within COLDEST and WARMEST. doubt: so many clips more, of which any class
    is as true as any other, keep heads that were always right from being sure.
    """
    step = -(-len(y) // ENOUGH)
    scores, y = scores[::step], y[::step]
    share = 1 / torch.bincount(y)[y].to(scores.dtype)
    share = (share / share.sum())[:, None]  # (N, 1)
    own = y[:, None, None].expand(-1, scores.shape[1], 1)
    doubt = doubt / (len(y) + doubt)
    true = (1 - doubt) * scores.gather(2, own)[..., 0] + doubt * scores.mean(-1)  # (N, K)
    true = (share * true).sum(0)
    inverse = torch.full_like(true, 10.0)
    for _ in range(NEWTON_STEPS):
        p = torch.softmax(scores * inverse[:, None], dim=-1)
        mean = (p * scores).sum(-1)  # (N, K)
        spread = (p * scores.square()).sum(-1) - mean.square()
        step = (true - (share * mean).sum(0)) / (share * spread).sum(0).clamp(min=1e-9)
        inverse = torch.maximum(torch.minimum(inverse + step, 3 * inverse), inverse / 3)
        inverse = inverse.clamp(1 / WARMEST, 1 / COLDEST)
    return 1 / inverse


def posteriors(scores: Tensor, tau: float | Tensor) -> Tensor:
    """Each head's own belief: p(c | x) = softmax over c of score / τ, (N, K, C).

    tau: one temperature, or one per head, (K,). For cosines this is the paper's posterior.
    """
    if isinstance(tau, Tensor):
        tau = tau[:, None]
    return torch.softmax(scores / tau, dim=-1)


def unit(x: Tensor) -> Tensor:
    """Vectors of length 1 along the last axis; zero vectors stay zero."""
    return torch.nn.functional.normalize(x, dim=-1, eps=1e-12)
