"""Baselines for clips with several labels: SAV with a detector per class, and ridge on all heads.

Shapes: N clips, K heads, D numbers per head, C classes. Conventions as of
`ccsav.MultiLabelCCSAVClassifier`: Y is an indicator matrix, (N, C), array or table.
"""

from collections.abc import Sequence

import numpy as np
import scipy.special
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ccsav.weights import readout
from ccsav.weights.arrays import check_head_vectors, chunks
from ccsav.weights.multilabel import detectors
from ccsav.weights.ridge import regression


class _Detectors(ClassifierMixin, BaseEstimator):
    """What both baselines share: scikit-learn's tags, and the checks of X and Y."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = False, True
        tags.classifier_tags.multi_label = tags.target_tags.multi_output = True
        return tags

    def _checked(self, X, Y):
        """Set the classes; return X in float32, and Y as a tensor of 0 and 1."""
        X, names = check_head_vectors(X).float(), getattr(Y, "columns", None)
        Y = np.asarray(Y)
        if Y.ndim != 2 or len(Y) != len(X) or not np.isin(Y, (0, 1)).all():
            raise ValueError(f"Y must be 0 or 1 for each clip and class, ({len(X)}, classes).")
        self.classes_ = np.arange(Y.shape[1]) if names is None else np.asarray(names)
        constant = self.classes_[Y.min(axis=0) == Y.max(axis=0)].tolist()
        if constant:
            raise ValueError(
                f"Y: no clip, or every clip, has {constant}: give clips of both kinds."
            )
        self.n_heads_in_ = X.shape[1]
        return X, torch.as_tensor(Y.astype(np.float32), device=X.device)

    def _checked_again(self, X):
        """X in float32, with the heads that `fit` was given."""
        check_is_fitted(self)
        X = check_head_vectors(X).float()
        if X.shape[1] != self.n_heads_in_:
            raise ValueError(f"X has {X.shape[1]} heads, not the {self.n_heads_in_} of `fit`.")
        return X


class MultiLabelSAVClassifier(_Detectors):
    """SAV for clips with several labels: for each class, the best heads cast one vote each.

    A head decides that a clip has a class if its vector has a larger cosine with the mean of the
    support clips that have the class than with the mean of those that lack it. This is a
    `SAVClassifier` per class, fitted for all classes at once.

    Parameters
    ----------
    n_heads : number of heads that vote for each class: those whose decisions are right for the most
        support clips; ties go to the head of lower index.

    Attributes
    ----------
    classes_ : (C,) names of the columns of Y, or their numbers. success_ : (K, C) number of right
    decisions. heads_ : (n_heads, C), the voters of each class, best first.
    coef_ : (K, D, C); a head decides for a class where its unit vector times coef_ is above 0.

    Examples
    --------
    >>> Y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    >>> X = np.c_[Y, np.ones(4)][:, None]  # 4 clips, 1 head, 3 numbers
    >>> MultiLabelSAVClassifier(n_heads=1).fit(X, Y).predict(X).tolist()
    [[1, 0], [0, 1], [1, 1], [0, 0]]
    """

    def __init__(self, n_heads: int = 20):
        self.n_heads = n_heads

    def fit(self, X, Y) -> "MultiLabelSAVClassifier":
        """X: (N, K, D) head vectors; Y: (N, C), 0 or 1. `ValueError` for n_heads below 1."""
        if self.n_heads < 1:
            raise ValueError(f"n_heads={self.n_heads}: choose at least 1.")
        X, Y = self._checked(X, Y)
        has, lacks = (
            readout.directions(torch.einsum("nc,nkd->ckd", member / member.sum(0), X))
            for member in (Y, 1 - Y)
        )
        coef = has - lacks  # (K, D, C)
        right = sum(
            ((readout.cosines(X[rows], coef) > 0) == (Y[rows, None] > 0)).sum(0)
            for rows in chunks(len(X), coef[:, 0].numel())
        )
        self.success_, self.coef_ = right.cpu().numpy(), coef.cpu().numpy()
        order = np.argsort(-self.success_, axis=0, kind="stable")
        self.heads_ = order[: self.n_heads]
        return self

    def decision_function(self, X) -> np.ndarray:
        """Number of heads that vote for each class, X (N, K, D) → (N, C)."""
        X = self._checked_again(X)
        coef = torch.as_tensor(self.coef_, device=X.device)
        voters = torch.zeros_like(coef[:, 0])  # (K, C)
        voters.scatter_(0, torch.as_tensor(self.heads_, device=X.device), 1.0)
        votes = [
            ((readout.cosines(X[rows], coef) > 0) * voters).sum(1).cpu()
            for rows in chunks(len(X), voters.numel())
        ]
        return torch.cat(votes).numpy()

    def predict(self, X) -> np.ndarray:
        """Indicator matrix, X (N, K, D) → (N, C): 1 where more than half of the voters vote."""
        return (self.decision_function(X) > len(self.heads_) / 2).astype(int)


class MultiLabelRidgeClassifier(_Detectors):
    """One ridge regression of all heads together onto the classes.

    The regression is on the concatenated head vectors, each of unit length. Thresholds are
    calibrated on scores of support clips by regressions made without them.

    Parameters
    ----------
    penalties : λ to choose from, by the squared error of left-out clips. A head vector has length
        1 / √K here, so that λ means the same for any number of heads.

    Attributes
    ----------
    classes_ : (C,) names of the columns of Y, or their numbers. penalty_ : the λ chosen.
    coef_, intercept_ : (K D, C), (C,). slope_, shift_ : (C,), of the log odds of `predict_proba`.

    Examples
    --------
    >>> Y = np.tile([[1, 0], [0, 1], [1, 1], [0, 0]], (5, 1))  # 20 clips, 2 classes
    >>> noise = np.random.default_rng(0).normal(size=(20, 4, 3)) / 9  # 4 heads, 3 numbers
    >>> X = np.c_[Y, np.ones(20)][:, None] + noise
    >>> MultiLabelRidgeClassifier().fit(X, Y).predict(X[:4]).tolist()
    [[1, 0], [0, 1], [1, 1], [0, 0]]
    """

    def __init__(self, penalties: Sequence[float] = (0.01, 0.03, 0.1, 0.3, 1.0)):
        self.penalties = penalties

    def fit(self, X, Y) -> "MultiLabelRidgeClassifier":
        """X: (N, K, D) head vectors; Y: (N, C), 0 or 1. `ValueError` for a penalty of 0 or less."""
        if not len(self.penalties) or min(self.penalties) <= 0:
            raise ValueError(f"penalties={self.penalties}: choose one or more numbers > 0.")
        X, Y = self._checked(X, Y)
        mean, ones = Y.mean(0), torch.ones_like(Y[:, :1])
        singly = torch.arange(len(Y), device=Y.device)
        least = np.inf
        for penalty in self.penalties:
            coef, intercept, scores = regression(
                self._flat(X), ones, Y - mean, mean, penalty, singly
            )
            error = (scores[:, 0] - Y).square().mean().item()
            if error < least:
                least, self.penalty_, best = error, penalty, (coef[0], intercept[0], scores)
        self.coef_, self.intercept_ = (a.cpu().numpy() for a in best[:2])
        slope, shift = detectors(best[2], Y)
        prior = ((Y.sum(0) + 0.5) / (len(Y) - Y.sum(0) + 0.5)).log()
        self.slope_, self.shift_ = slope[0].cpu().numpy(), (shift[0] + prior).cpu().numpy()
        return self

    def decision_function(self, X) -> np.ndarray:
        """Score of each class, about 1 where a clip has it and 0 where not, (N, K, D) → (N, C)."""
        flat = self._flat(self._checked_again(X))[:, 0]
        return flat.cpu().numpy() @ self.coef_ + self.intercept_

    def predict_proba(self, X) -> np.ndarray:
        """Probability that a clip has each class, X (N, K, D) → (N, C)."""
        return scipy.special.expit(self.decision_function(X) * self.slope_ + self.shift_)

    def predict(self, X) -> np.ndarray:
        """Indicator matrix, X (N, K, D) → (N, C): 1 where a class is likelier than not."""
        return (self.predict_proba(X) > 0.5).astype(int)

    def _flat(self, X):
        """All heads as one, (N, 1, K D), of unit length."""
        return readout.unit(readout.unit(X).flatten(1))[:, None]
