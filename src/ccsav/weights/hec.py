"""HEC: the heads whose discriminant analysis fits the support set best vote with equal weights."""

import numpy as np
import torch
from torch import Tensor

from ccsav.weights import readout, reliability
from ccsav.weights.arrays import chunks
from ccsav.weights.voting import VotingClassifier

ESTIMATES = ("resubstitution", "leave-one-out")
NO_SCATTER = 1e-7  # trace of S below which a head gives the clips of a class one vector


class HECClassifier(VotingClassifier):
    """Head ensemble classifier: linear discriminant analysis of each head, the best heads averaged.

    For a head with unit vectors u, class means μ_c, and S the sum of the outer products of u - μ_y
    over the N support clips, the precision is P = D (S + λ I)⁻¹ with λ = penalty tr(S) / (N - 1).
    Posteriors are the softmax over classes of (-½ (u - μ_c)ᵀ P (u - μ_c) + log n_c / N) / τ. The
    `top_k` heads with the largest mean posterior of the true class vote, each with the same
    weight. With one clip per class S is 0, and P = D I.

    Parameters
    ----------
    top_k : number of heads that vote; of equal ones, those with the lower index.
    tau : temperature of the posteriors.
    penalty : weight of the trace in the covariance.
    estimate : how heads are chosen: "resubstitution" (posteriors of the clips that the analysis was
        made of, as published) or "leave-one-out" (by analyses made without the clip).

    Attributes
    ----------
    classes_ : (C,) labels. heads_ : (K,) indices of the heads in the X of `fit`.
    success_ : (K,) mean posterior of the true class.
    weights_ : (K, C), one over the number of voters for heads that vote, else 0.
    coef_, intercept_, tau_ : of the discriminants, (1, K, D, C), (1, K, C), (1, K).

    References
    ----------
    HEC-V: de Senneville et al. 2026, arXiv 2603.24181, written for vision-language models.

    Examples
    --------
    >>> from ccsav import HECClassifier
    >>> X = [[[3, 1], [1, 1]], [[2, 1], [1, 2]], [[1, 3], [1, 1]], [[1, 2], [1, 2]]]
    >>> hec = HECClassifier(top_k=1).fit(X, ["cat", "cat", "dog", "dog"])  # 4 clips, 2 heads
    >>> hec.weights_[:, 0], hec.predict([[[4, 1], [1, 1]]]).item()
    (array([1., 0.], dtype=float32), 'cat')
    """

    def __init__(
        self,
        top_k: int = 20,
        *,
        tau: float = 10.0,
        penalty: float = 1.0,
        estimate: str = "resubstitution",
    ):
        self.top_k, self.tau = top_k, tau
        self.penalty, self.estimate = penalty, estimate

    def fit(self, X, y) -> "HECClassifier":
        """Fit every head, choose the heads that vote: X (N, K, D), NumPy or torch; y (N,) labels.

        Raises `ValueError` for NaN, a wrong shape, fewer than two classes, or options out of range.
        """
        for name, lowest in (("top_k", 1), ("tau", 1e-6), ("penalty", 1e-6)):
            if not getattr(self, name) >= lowest:
                raise ValueError(f"{name}={getattr(self, name)}: choose at least {lowest}.")
        if self.estimate not in ESTIMATES:
            raise ValueError(f"estimate={self.estimate!r}: choose one of {ESTIMATES}.")
        X, y = self._check_fit(X, y)
        (K, D), C = X.shape[1:], len(self.classes_)
        self.readouts_, self.joint_share_, self.calibration_ = ("discriminant",), 0.0, 1.0
        self.heads_ = np.arange(K)
        self.coef_ = np.empty((1, K, D, C), np.float32)
        self.intercept_ = np.empty((1, K, C), np.float32)
        self.tau_ = np.full((1, K), self.tau, np.float32)
        true = X.new_empty(K, dtype=torch.float32)
        left_out = self.estimate == "leave-one-out" and torch.bincount(y).max() > 1
        for heads in chunks(K, max(len(X) * (C + D), D * D)):
            coef, intercept, scores = discriminants(
                X[:, heads].float(), y, C, self.penalty, left_out
            )
            self.coef_[0, heads], self.intercept_[0, heads] = coef.cpu(), intercept.cpu()
            p = readout.posteriors(scores, self.tau)
            true[heads] = reliability.true_posteriors(p, y).mean(0)
        self.success_ = true.cpu().numpy()
        self._choose_voters(C)
        return self

    def _choose_voters(self, n_classes: int) -> None:
        """Give the heads with the largest `success_` equal weights."""
        best = np.argsort(-self.success_, kind="stable")[: self.top_k]
        self.reliability_ = np.repeat(self.success_[:, None], n_classes, axis=1)
        self.weights_ = np.zeros_like(self.reliability_)
        self.weights_[best] = 1 / len(best)
        self.votes_ = self.weights_[None]


def discriminants(
    X: Tensor, y: Tensor, n_classes: int, penalty: float, leave_out: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Linear discriminant analysis of each head: coef (K, D, C), intercept (K, C), scores.

    X: (N, K, D); y: (N,); penalty as of `HECClassifier`. The scores are those of X itself,
    (N, K, C), log posteriors up to a constant; leave_out: by analyses made without the clip.
    """
    U = readout.unit(X).transpose(0, 1)  # (K, N, D)
    mu, counts = readout.prototypes(U.transpose(0, 1), y, n_classes)
    mu = mu.transpose(0, 1)  # (K, C, D)
    within = U - mu[:, y]
    little = 1e-3 * NO_SCATTER * torch.eye(X.shape[2], dtype=X.dtype, device=X.device)
    values, basis = torch.linalg.eigh(within.mT @ within + little)  # (K, D), (K, D, D)
    values = values.clamp(min=0)
    prior = (counts / len(y)).log()
    scale = precisions(values, penalty, len(y))  # (K, D)
    centre = mu.mean(1, keepdim=True)  # subtracted: P is large where heads hardly vary
    coef = basis @ (scale[..., None] * (basis.mT @ (mu - centre).mT))  # (K, D, C)
    intercept = prior - 0.5 * ((mu + centre).mT * coef).sum(1)
    if not leave_out:
        return coef, intercept, (U @ coef + intercept[:, None]).transpose(0, 1)
    rotated = ((U - centre) @ basis, (mu - centre) @ basis, within @ basis)
    return coef, intercept, _without_clip(*rotated, values, y, counts, penalty).transpose(0, 1)


def precisions(values: Tensor, penalty: float, n_clips: int) -> Tensor:
    """Eigenvalues of the precision D (S + λ I)⁻¹, from those of S, (…, D) → (…, D)."""
    trace = values.sum(-1, keepdim=True)
    shrunk = values + penalty * trace / max(n_clips - 1, 1)
    return values.shape[-1] / torch.where(trace > NO_SCATTER, shrunk, 1.0)


def _without_clip(u, mu, within, values, y, counts, penalty):
    """Scores of clips by discriminants made without them, (K, N, C), in the eigenbasis of S.

    Without clip i of a class of n clips, with e = u - μ_y and a = n / (n - 1), S loses a e eᵀ, so
    (S + λ' I - a e eᵀ)⁻¹ = W + a W e eᵀ W / (1 - a eᵀ W e) with W = (S + λ' I)⁻¹, and the clip
    is a e from the mean of its own class. A class of one clip has prior 0 without it.
    """
    n_clips, D = u.shape[1:]
    a = (counts / (counts - 1).clamp(min=1))[y][:, None]  # (N, 1)
    square = within.square()
    trace = values.sum(-1)[:, None, None] - a * square.sum(-1, keepdim=True)  # (K, N, 1)
    trace = torch.maximum(trace, 1e-3 * values.sum(-1)[:, None, None]).clamp(min=1e-9)
    w = 1 / (values[:, None] + penalty * trace / max(n_clips - 2, 1))  # (K, N, D)
    q = (w * square).sum(-1, keepdim=True)  # eᵀ W e
    rest = (1 - a * q).clamp(min=1e-6)
    straight = (w * u.square()).sum(-1, keepdim=True) - 2 * (w * u) @ mu.mT + w @ mu.square().mT
    along = (w * within * u).sum(-1, keepdim=True) - (w * within) @ mu.mT  # eᵀ W (u - μ_c)
    distance = straight + a * along.square() / rest  # (K, N, C)
    own = torch.nn.functional.one_hot(y, len(counts)).bool()  # (N, C)
    distance = torch.where(own, a.square() * q / rest, distance)
    return ((counts - own.float()) / (n_clips - 1)).log() - 0.5 * D * distance
