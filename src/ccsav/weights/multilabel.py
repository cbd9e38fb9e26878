"""Several labels per clip: every head detects every class, and votes by how reliably it does so."""

from dataclasses import KW_ONLY, dataclass

import numpy as np
import scipy.special
import torch
from torch import Tensor

from ccsav.weights import readout, reliability
from ccsav.weights.arrays import check_head_vectors, chunks, in_parts
from ccsav.weights.base import HeadClassifier
from ccsav.weights.ridge import regression

OPTIONS = {
    "readout": ("ridge", "prototype"),
    "estimate": ("leave-one-out", "resubstitution"),
    "shrink_to": ("head", "all"),
}


@dataclass(eq=False, repr=False)
class MultiLabelCCSAVClassifier(HeadClassifier):
    """CCSAV for clips with several labels: a detector for each class and head, weighted by class.

    A head's score of a clip for a class becomes the probability that the clip has the class, if
    having it or not were as likely before. Its reliability for the class is the mean of how far the
    probabilities of left-out clips are on the right side of a half; weights follow from it as in
    `CCSAVClassifier`. The score of a class is the weighted mean of the heads' probabilities. Time:
    O(N K C D).

    Parameters
    ----------
    readout : "ridge" (regression of the unit head vector onto all classes at once), or "prototype"
        (cosine with the mean of the clips that have the class, less that of those that have not).
    penalty : λ of the ridge regressions.
    tau : "per-head" fits the probabilities of each head and class to scores of left-out clips, see
        `detectors`; a number: they are sigmoids of score / tau.
    estimate, alpha, shrink_to, tau_w, top_k : as of `CCSAVClassifier`; an infinite alpha gives
        weights averaged over classes. The number of clips of a class is that of clips that have it.

    Attributes
    ----------
    classes_ : (C,) names of the columns of Y, or their numbers. heads_ : (K,) indices in X.
    reliability_, weights_ : (K, C), after shrinkage; the weights of a class sum to 1.
    coef_, intercept_ : of the detectors' log odds, (K, D, C), (K, C).
    slope_, shift_ : (C,), of the log odds of `predict_proba` from the scores.

    Examples
    --------
    >>> from ccsav import MultiLabelCCSAVClassifier
    >>> Y = np.tile([[1, 0], [0, 1], [1, 1], [0, 0]], (5, 1))  # 20 clips, 2 classes
    >>> noise = np.random.default_rng(0).normal(size=(20, 4, 3)) / 9  # 4 heads, 3 numbers
    >>> X = np.c_[Y, np.ones(20)][:, None] + noise
    >>> clf = MultiLabelCCSAVClassifier().fit(X, Y)
    >>> clf.predict(X[:4]).tolist()
    [[1, 0], [0, 1], [1, 1], [0, 0]]
    """

    readout: str = "ridge"
    _: KW_ONLY
    penalty: float = 0.01
    tau: float | str = "per-head"
    estimate: str = "leave-one-out"
    alpha: float = 10.0
    shrink_to: str = "head"
    tau_w: float = 0.25
    top_k: int | None = None

    @classmethod
    def calm(cls, tau: float = 0.07, *, alpha=0.0, tau_w=1.0, top_k=None):
        """CALM's steps with a detector per class: prototypes, one temperature, resubstitution."""
        published = {"readout": "prototype", "estimate": "resubstitution", "shrink_to": "all"}
        return cls(tau=tau, alpha=alpha, tau_w=tau_w, top_k=top_k, **published)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = tags.target_tags.multi_output = True
        return tags

    def fit(self, X, Y) -> "MultiLabelCCSAVClassifier":
        """Fit every head's detectors, and weigh every head for every class.

        Raises `ValueError` for NaN, wrong shapes, unknown options, and classes that no clip or
        every clip has.

        Parameters
        ----------
        X : (N, K, D) head vectors of the support set, NumPy or torch.
        Y : (N, C) indicator matrix, array or table: 1 where a clip has a class, else 0.
        """
        self._check_options()
        X, Y = self._check_labels(check_head_vectors(X), Y)
        (K, D), C = X.shape[1:], Y.shape[1]
        self.heads_, self.n_heads_in_, self.head_dim_ = np.arange(K), K, D
        self.coef_ = np.empty((K, D, C), np.float32)
        self.intercept_ = np.empty((K, C), np.float32)
        r = X.new_empty((K, C), dtype=torch.float32)
        for heads, coef, intercept, scores in self._readouts(X, Y):
            slope, shift = self._log_odds(scores, Y)
            self.coef_[heads] = (slope[:, None] * coef).cpu()
            self.intercept_[heads] = (slope * intercept + shift).cpu()
            r[heads] = detection_margins(torch.sigmoid(slope[None] * scores + shift), Y)
        r = reliability.shrink(r, Y.sum(0), self.alpha, self.shrink_to)
        weights = reliability.power_weights(r, self.tau_w)
        if self.top_k is not None:
            weights = weights * reliability.top_heads(r, self.top_k)
            weights = weights / weights.sum(0)
        self.reliability_, self.weights_ = r.cpu().numpy(), weights.cpu().numpy()
        self._fit_decision(X, Y, weights)
        return self

    @in_parts
    def decision_function(self, X) -> np.ndarray:
        """Score of each class, the weighted mean of detectors, X (N, K, D) → (N, C), 0 to 1."""
        X = self._check_fitted(X)
        arrays = (self.coef_, self.intercept_, self.weights_)
        coef, intercept, weights = (torch.as_tensor(a, device=X.device) for a in arrays)
        scores = np.empty((len(X), len(self.classes_)), np.float32)
        for rows in chunks(len(X), weights.numel()):
            odds = readout.class_scores(readout.unit(X[rows].float()), coef, intercept)
            scores[rows] = torch.einsum("nkc,kc->nc", torch.sigmoid(odds), weights).cpu()
        return scores

    def predict_proba(self, X) -> np.ndarray:
        """Probability that a clip has each class, X (N, K, D) → (N, C)."""
        odds = self.decision_function(X) * self.slope_ + self.shift_
        return scipy.special.expit(odds)

    def predict(self, X) -> np.ndarray:
        """Indicator matrix, X (N, K, D) → (N, C): 1 where a class is likelier than not."""
        return (self.predict_proba(X) > 0.5).astype(int)

    def _readouts(self, X, Y):
        """Fit a few heads at a time: yields the heads, coef, intercept, scores (N, k, C)."""
        left_out = self.estimate == "leave-one-out"
        for heads in chunks(X.shape[1], len(X) * (Y.shape[1] + X.shape[2])):
            U = readout.unit(X[:, heads].float())
            if self.readout == "prototype":
                yield heads, *contrasts(U, Y, left_out)
            else:
                mean = Y.mean(0)
                singly = torch.arange(len(Y), device=Y.device) if left_out else None
                ones = torch.ones_like(Y[:, :1])
                yield heads, *regression(U, ones, Y - mean, mean, self.penalty, singly)

    def _log_odds(self, scores, Y):
        """Slope and shift of each detector, (k, C), by `detectors` or the fixed temperature."""
        if self.tau == "per-head":
            return detectors(scores, Y)
        return torch.full_like(scores[0], 1 / self.tau), torch.zeros_like(scores[0])

    def _fit_decision(self, X, Y, weights):
        """Fit the log odds of each class to the scores of clips that are left out."""
        total = torch.zeros_like(Y)
        for heads, _, _, scores in self._readouts(X, Y):
            slope, shift = self._log_odds(scores, Y)
            p = torch.sigmoid(slope[None] * scores + shift)
            total += torch.einsum("nkc,kc->nc", p, weights[heads])
        slope, shift = detectors(total[:, None], Y)
        prior = ((Y.sum(0) + 0.5) / (len(Y) - Y.sum(0) + 0.5)).log()
        self.slope_, self.shift_ = slope[0].cpu().numpy(), (shift[0] + prior).cpu().numpy()

    def _check_labels(self, X, Y):
        """Set the classes; return X, and Y as a tensor of 0 and 1."""
        names = getattr(Y, "columns", None)
        Y = np.asarray(Y)
        if Y.ndim != 2 or len(Y) != len(X) or not np.isin(Y, (0, 1)).all():
            raise ValueError(f"Y must be 0 or 1 for each clip and class, ({len(X)}, classes).")
        self.classes_ = np.arange(Y.shape[1]) if names is None else np.asarray(names)
        have = Y.sum(0)
        constant = self.classes_[(have == 0) | (have == len(Y))].tolist()
        if constant:
            raise ValueError(
                f"Y: no clip, or every clip, has {constant}: give clips of both kinds."
            )
        return X, torch.as_tensor(Y.astype(np.float32), device=X.device)

    def _check_options(self):
        """Raise `ValueError` for the first option with an unknown value."""
        number = not isinstance(self.tau, str)
        rules = {name: (getattr(self, name) in known, known) for name, known in OPTIONS.items()} | {
            "tau": (self.tau > 0 if number else self.tau == "per-head", "a number > 0, 'per-head'"),
            "penalty": (self.penalty > 0, "a number > 0"),
            "alpha": (self.alpha >= 0, "a number >= 0"),
            "tau_w": (self.tau_w > 0, "a number > 0"),
            "top_k": (self.top_k is None or self.top_k >= 1, "a whole number >= 1, None"),
        }
        for name, (valid, allowed) in rules.items():
            if not valid:
                raise ValueError(f"{name}={getattr(self, name)!r}: choose one of: {allowed}.")


def contrasts(U: Tensor, Y: Tensor, left_out: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Cosine with the mean of the clips that have the class, less that of those that have not.

    U: (N, K, D) unit vectors; Y: (N, C), 0 or 1. Returns coef (K, D, C), intercept 0 (K, C) and
    scores of U itself, (N, K, C); left_out: by means made without the clip.
    """
    coef, scores = 0.0, 0.0
    for sign, member in ((1, Y), (-1, 1 - Y)):
        total = torch.einsum("nc,nkd->kdc", member, U)
        square = total.square().sum(1)  # (K, C)
        along = (U.transpose(0, 1) @ total).transpose(0, 1)  # (N, K, C)
        own = member[:, None] if left_out else 0.0
        rest = square - own * (2 * along - 1)  # squared length without the clip
        scores = scores + sign * torch.where(rest > 1e-6, (along - own) * rest.rsqrt(), 0.0)
        coef = coef + sign * readout.unit(total.mT).mT
    return coef, torch.zeros_like(square), scores


def detectors(scores: Tensor, Y: Tensor) -> tuple[Tensor, Tensor]:
    """Slope and shift, (K, C), of the log odds that a clip has a class, from scores (N, K, C).

    Clips with and without the class count as equally likely, and their scores as two normal
    distributions of one variance: slope (m₁ - m₀) / σ², zero log odds halfway between the means. A
    head that scores clips with the class lower gets slope 0.
    """
    members = (Y, 1 - Y)
    has, lacks = (torch.einsum("nc,nkc->kc", m / m.sum(0), scores) for m in members)
    square = torch.einsum("nkc->kc", scores.square())
    variance = (square - Y.sum(0) * has**2 - (1 - Y).sum(0) * lacks**2) / len(Y)
    slope = ((has - lacks) / variance.clamp(min=1e-8)).clamp(min=0)
    return slope, -slope * (has + lacks) / 2


def detection_margins(p: Tensor, Y: Tensor) -> Tensor:
    """Reliabilities (K, C): the mean over clips of max(0, 2 p - 1), or max(0, 1 - 2 p) where they
    lack the class; both kinds of clips count for a half. p: (N, K, C), Y: (N, C).
    """
    signed = (2 * p - 1) * (2 * Y[:, None] - 1)
    share = Y / Y.sum(0) + (1 - Y) / (1 - Y).sum(0)
    return torch.einsum("nc,nkc->kc", share / 2, signed.clamp(min=0))
