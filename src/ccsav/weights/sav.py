"""Sparse attention vectors, the uniform vote, and what all classifiers of head vectors share."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ccsav import readout
from ccsav.arrays import chunks, head_vectors


class HeadClassifier(ClassifierMixin, BaseEstimator):
    """Checks, in scikit-learn's conventions, and prediction by the largest score."""

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
        """Each class's share of the score, X (N, K, D) → (N, C); rows sum to 1."""
        scores = self.decision_function(X)
        return scores / scores.sum(axis=1, keepdims=True)

    def _check_fit(self, X, y) -> tuple[torch.Tensor, torch.Tensor]:
        """Check X and y, keep the classes; return X as a tensor and y as indices of classes."""
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
        self.n_heads_in_, self.head_dim_ = X.shape[1:]
        return X, torch.as_tensor(codes, device=X.device)

    def _check_fitted(self, X) -> torch.Tensor:
        check_is_fitted(self)
        X = head_vectors(X)
        if X.shape[2] > self.head_dim_ and not X[:, :, self.head_dim_ :].any():
            X = X[:, :, : self.head_dim_]  # shorter vectors end in zeros
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
        X, y = self._check_fit(X, y)
        mu, _ = readout.prototypes(X.float(), y, len(self.classes_))
        self.prototypes_ = mu.cpu().numpy()
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
