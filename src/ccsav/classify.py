"""Two scikit-learn classifiers of head vectors, (N, K, D): a uniform and a weighted vote."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ccsav import readout
from ccsav import reliability as rel
from ccsav.arrays import chunks, head_vectors


class HeadClassifier(ClassifierMixin, BaseEstimator):
    """What both classifiers share: checks, prototypes, and prediction by the largest score."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def predict(self, X) -> np.ndarray:
        """Class of each clip, X (N, K, D) → (N,), in the labels that `fit` was given."""
        scores = self.decision_function(X)
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X) -> np.ndarray:
        """Each class's share of the score, X (N, K, D) → (N, C); rows sum to 1, uncalibrated."""
        scores = self.decision_function(X)
        return scores / scores.sum(axis=1, keepdims=True)

    def _fit_prototypes(self, X, y):
        """Check X and y, keep classes and prototypes; return them as tensors, y as indices."""
        X = head_vectors(X)
        y = np.asarray(y)
        if y.shape != (len(X),):
            raise ValueError(f"y must have one label per clip, ({len(X)},), but has {y.shape}.")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y holds one class only, {self.classes_.tolist()}: at least two are needed."
            )
        y = torch.as_tensor(codes, device=X.device)
        self.n_heads_in_, self.head_dim_ = X.shape[1:]
        mu, counts = readout.prototypes(X.float(), y, len(self.classes_))
        self.prototypes_ = mu.cpu().numpy()
        return X, y, mu, counts

    def _check_fitted(self, X) -> torch.Tensor:
        check_is_fitted(self)
        X = head_vectors(X)
        if X.shape[1:] != (self.n_heads_in_, self.head_dim_):
            raise ValueError(
                f"X has (heads, numbers) = {tuple(X.shape[1:])}, but the classifier was fitted "
                f"on {(self.n_heads_in_, self.head_dim_)}: extract the same heads."
            )
        return X


class SAVClassifier(HeadClassifier):
    """Sparse attention vectors: the best heads each cast one vote for their nearest prototype.

    n_heads: how many heads vote, those with most support clips nearest to their own class's
        prototype; ties go to the head of lower index.

    After `fit`: `classes_` (C,), `prototypes_` (C, K, D), `success_` (K,) hits on the support
    set, `heads_` (n_heads,) the voters, best first. (Mitra et al. 2024, arXiv 2412.00142.)
    """

    def __init__(self, n_heads: int = 20):
        self.n_heads = n_heads

    def fit(self, X, y) -> "SAVClassifier":
        """Choose the voters. X: (N, K, D) head vectors, NumPy or torch; y: (N,) labels.

        Raises `ValueError` on NaN, wrong shapes, or fewer than two classes.
        """
        if self.n_heads < 1:
            raise ValueError(f"n_heads={self.n_heads}: choose at least 1.")
        X, y, mu, _ = self._fit_prototypes(X, y)
        where = readout.directions(mu)
        hits = torch.zeros(X.shape[1], dtype=torch.long, device=X.device)
        for rows in chunks(len(X), mu.shape[0] * mu.shape[1]):
            votes = readout.cosines(X[rows].float(), where).argmax(-1)  # (n, K)
            hits += (votes == y[rows, None]).sum(0)
        self.success_ = hits.cpu().numpy()
        self.heads_ = np.argsort(-self.success_, kind="stable")[: self.n_heads]
        return self

    def decision_function(self, X) -> np.ndarray:
        """Votes for each class, X (N, K, D) → (N, C). A tie goes to the class voted first."""
        X = self._check_fitted(X)
        voters = torch.as_tensor(self.heads_, device=X.device)
        where = readout.directions(torch.as_tensor(self.prototypes_, device=X.device)[:, voters])
        n_voters, _, n_classes = where.shape
        scores = np.empty((len(X), n_classes), dtype=np.float32)
        for rows in chunks(len(X), n_voters * n_classes):
            votes = readout.cosines(X[rows][:, voters].float(), where).argmax(-1)  # (n, voters)
            cast = torch.nn.functional.one_hot(votes, n_classes)  # (n, voters, C)
            first = torch.arange(n_voters, 0, -1, device=X.device)[:, None] * cast
            tie_break = first.amax(1) / (2 * n_voters)  # below 1, larger the earlier the vote
            scores[rows] = (cast.sum(1) + tie_break).cpu().numpy()
        return scores


class CCSAVClassifier(HeadClassifier):
    """Class-conditional sparse attention vectors: heads weighted by their reliability per class.

    tau: temperature of the posteriors, softmax over classes of cosine / tau.
    reliability: what makes a head reliable for a class: "margin_clamped" (mean of max(0, margin);
        weights are r^(1/tau_w)), or "margin_softmax", "prob_softmax", "brier_softmax" (mean
        margin, true posterior or Brier skill; weights are a softmax of r / tau_w).
    estimate: "leave-one-out" (each support clip against prototypes made without it) or
        "resubstitution" (against prototypes it helped to make, as published; flatters). Unused
        where `fit` is given validation clips.
    alpha: shrinkage of reliabilities, in clips: a class of alpha clips is pulled half way.
    shrink_to: "head" (each head's mean over classes) or "all" (the mean over everything).
    tau_w: temperature of the weights; smaller is sharper.
    top_k: heads kept per class, the most reliable; None: all.

    After `fit`: `classes_` (C,), `prototypes_` (C, K, D), `reliability_` (K, C) after shrinkage,
    `weights_` (K, C), which sum to 1 over heads for each class. Leave-one-out needs two clips of
    a class: a class of one clip gets its heads' mean reliability over the other classes; where
    every class has one clip, resubstitution takes its place, and says how far each head keeps
    the prototypes apart.

    Fitting and predicting take O(N K C D) time and, beside X and the prototypes, memory for one
    chunk of posteriors (64 MB), whatever N. (Mehta et al. 2026, arXiv 2602.07077; the
    published settings are `CCSAVClassifier.paper()`.)
    """

    def __init__(
        self,
        tau: float = 0.03,
        *,
        reliability: str = "margin_clamped",
        estimate: str = "leave-one-out",
        alpha: float = 10.0,
        shrink_to: str = "head",
        tau_w: float = 0.25,
        top_k: int | None = None,
    ):
        self.tau = tau
        self.reliability = reliability
        self.estimate = estimate
        self.alpha = alpha
        self.shrink_to = shrink_to
        self.tau_w = tau_w
        self.top_k = top_k

    @classmethod
    def paper(
        cls, tau: float = 0.07, *, alpha: float = 0.0, tau_w: float = 1.0, top_k: int | None = None
    ) -> "CCSAVClassifier":
        """The published method: resubstitution, and shrinkage to the mean over everything."""
        return cls(
            tau,
            reliability="margin_clamped",
            estimate="resubstitution",
            alpha=alpha,
            shrink_to="all",
            tau_w=tau_w,
            top_k=top_k,
        )

    def fit(self, X, y, X_val=None, y_val=None) -> "CCSAVClassifier":
        """Make prototypes, and weigh every head for every class.

        X: (N, K, D) head vectors of the support set, NumPy or torch; y: (N,) labels.
        X_val, y_val: (M, K, D), (M,) clips to estimate reliabilities on, in place of X and y.

        Raises `ValueError` on NaN, wrong shapes, fewer than two classes, or unknown options.
        """
        self._check_options()
        if (X_val is None) != (y_val is None):
            raise ValueError("give X_val and y_val together.")
        X, y, mu, counts = self._fit_prototypes(X, y)
        n_classes = len(self.classes_)
        score, weigh = rel.KINDS[self.reliability]
        if X_val is not None:
            X, y = self._check_fitted(X_val).to(mu.device), self._codes(y_val, mu.device)
            if len(y) != len(X):
                raise ValueError(f"{len(y)} labels y_val for {len(X)} clips X_val.")
        leave_one_out = X_val is None and self.estimate == "leave-one-out" and counts.max() > 1
        where = readout.directions(mu)
        scores = torch.empty(X.shape[:2], device=mu.device)  # (N, K)
        for rows in chunks(len(X), mu.shape[0] * mu.shape[1]):
            x = X[rows].float()
            cos = readout.cosines(x, where)
            if leave_one_out:
                cos = readout.leave_one_out(cos, x, y[rows], mu, counts)
            scores[rows] = score(readout.posteriors(cos, self.tau), y[rows])
        used = counts[y] > 1 if leave_one_out else torch.ones_like(y, dtype=torch.bool)
        r, seen = rel.class_means(scores[used], y[used], n_classes)
        r = rel.shrink(r, seen, self.alpha, self.shrink_to)
        weights = weigh(r, self.tau_w, rel.top_heads(r, self.top_k))
        self.reliability_, self.weights_ = r.cpu().numpy(), weights.cpu().numpy()
        return self

    def decision_function(self, X) -> np.ndarray:
        """Score of each class, s = Σ_k w_kc · p_k(c | x), X (N, K, D) → (N, C), from 0 to 1.

        Heads that no class gives any weight are not computed.
        """
        X = self._check_fitted(X)
        voting = torch.as_tensor(np.flatnonzero(self.weights_.any(axis=1)), device=X.device)
        where = readout.directions(torch.as_tensor(self.prototypes_, device=X.device)[:, voting])
        weights = torch.as_tensor(self.weights_, device=X.device)[voting]
        scores = np.empty((len(X), len(self.classes_)), dtype=np.float32)
        for rows in chunks(len(X), weights.numel()):
            cos = readout.cosines(X[rows][:, voting].float(), where)
            p = readout.posteriors(cos, self.tau)  # (n, K, C)
            scores[rows] = torch.einsum("nkc,kc->nc", p, weights).cpu().numpy()
        return scores

    def _codes(self, labels, device):
        """Indices into `classes_` of labels, (M,); raises on labels that `fit` has not seen."""
        labels = np.asarray(labels)
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(f"y_val has classes that y has not: {unknown.tolist()}.")
        return torch.as_tensor(np.searchsorted(self.classes_, labels), device=device)

    def _check_options(self):
        choices = {
            "reliability": tuple(rel.KINDS),
            "estimate": ("leave-one-out", "resubstitution"),
            "shrink_to": ("head", "all"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}={getattr(self, name)!r}: choose one of {allowed}.")
        if self.tau <= 0 or self.tau_w <= 0 or self.alpha < 0:
            raise ValueError("tau and tau_w must be positive, and alpha at least 0.")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k={self.top_k}: choose at least 1, or None for all heads.")
