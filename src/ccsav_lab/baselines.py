"""Baselines: scikit-learn classifiers of the same head vectors, and CALM on a draw of heads."""

import zlib

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ccsav.weights import readout, reliability
from ccsav.weights.arrays import check_head_vectors
from ccsav.weights.ccsav import CCSAVClassifier

NOISE = 1e-5  # cosines that differ by less count as equal: some heads hardly depend on the clip


class FlatHeads(ClassifierMixin, BaseEstimator):
    """Any scikit-learn classifier, on the concatenated head vectors, each of unit length.

    Parameters
    ----------
    classifier : fitted as a clone.
    heads : "all", or "best": the head that separates the support clips best, see `best_head`.

    Attributes
    ----------
    classes_, classifier_ : after `fit`; for "best" also `head_`, the index of the head.
    """

    def __init__(self, classifier=None, heads: str = "all"):
        self.classifier = classifier
        self.heads = heads

    def fit(self, X, y) -> "FlatHeads":
        """X: (N, K, D) head vectors; y: (N,) labels."""
        if self.heads not in ("all", "best"):
            raise ValueError(f"heads={self.heads!r}: choose 'all' or 'best'.")
        X = check_head_vectors(X)
        if self.heads == "best":
            self.head_ = best_head(X, y)
        self.classifier_ = clone(self.classifier).fit(self._flat(X), y)
        self.classes_ = self.classifier_.classes_
        return self

    def predict(self, X) -> np.ndarray:
        """Class of each clip, X (N, K, D) → (N,)."""
        check_is_fitted(self)
        return self.classifier_.predict(self._flat(check_head_vectors(X)))

    @available_if(lambda self: hasattr(self.classifier, "predict_proba"))
    def predict_proba(self, X) -> np.ndarray:
        """Probability of each class by `classifier_`, X (N, K, D) → (N, C)."""
        check_is_fitted(self)
        return self.classifier_.predict_proba(self._flat(check_head_vectors(X)))

    @available_if(lambda self: hasattr(self.classifier, "decision_function"))
    def decision_function(self, X) -> np.ndarray:
        """Scores by `classifier_`, X (N, K, D) → (N, C), or (N,) for two classes."""
        check_is_fitted(self)
        return self.classifier_.decision_function(self._flat(check_head_vectors(X)))

    def _flat(self, X):
        picked = X if self.heads == "all" else X[:, self.head_ : self.head_ + 1]
        return readout.unit(picked.float()).flatten(1).numpy()


def best_head(X, y) -> int:
    """Index of the head that separates the classes best by itself, X (N, K, D), y (N,).

    The largest share of clips that are nearest to the prototype of their own class, leave-one-out
    if a class has two clips or more; of equal heads, the one with the larger mean cosine margin.
    """
    codes = torch.as_tensor(np.unique(y, return_inverse=True)[1])
    X = check_head_vectors(X).float()
    mu, counts = readout.prototypes(X, codes, int(codes.max()) + 1)
    cos = readout.cosines(X, readout.directions(mu))
    if counts.max() > 1:
        cos = readout.leave_one_out(cos, X, codes, mu, counts)
    margin = reliability.margins(cos, codes)  # (N, K)
    return int(((margin > NOISE).float().mean(0) + 1e-3 * margin.mean(0)).argmax())


class NearestPrototype(ClassifierMixin, BaseEstimator):
    """The class whose mean has the largest cosine. One clip per class is enough for it, unlike for
    scikit-learn's nearest centroid.
    """

    def fit(self, X, y) -> "NearestPrototype":
        """X: (N, features); y: (N,) labels."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.means_ = np.stack([X[codes == c].mean(axis=0) for c in range(len(self.classes_))])
        return self

    def decision_function(self, X) -> np.ndarray:
        """Cosines with the class means, (N, C); with two classes, their difference, (N,)."""
        check_is_fitted(self)
        cosines = cosine_similarity(X, self.means_)
        return cosines[:, 1] - cosines[:, 0] if len(self.classes_) == 2 else cosines

    def predict(self, X) -> np.ndarray:
        """Class of each row, (N,)."""
        check_is_fitted(self)
        return self.classes_[cosine_similarity(X, self.means_).argmax(axis=1)]


class RandomHeads(ClassifierMixin, BaseEstimator):
    """A classifier of head vectors on heads drawn at random, as a control for choosing or weighing.

    Parameters
    ----------
    classifier : of head vectors, fitted as a clone; default: CALM.
    n_heads : number of heads drawn; all heads where there are no more.
    seed : of the draw. Another support set gives another draw too, so that the mean over episodes
        is one over draws; the same seed and support set give the same heads.

    Attributes
    ----------
    classes_, classifier_, heads_ : after `fit`; the indices of the drawn heads, sorted.

    Examples
    --------
    >>> X, y = np.random.default_rng(0).normal(size=(4, 9, 3)), ["cat", "cat", "dog", "dog"]
    >>> fitted = RandomHeads(n_heads=2).fit(X, y)
    >>> len(fitted.heads_), fitted.classifier_.weights_.shape
    (2, (2, 2))
    """

    def __init__(self, classifier=None, n_heads: int = 20, seed: int = 0):
        self.classifier = classifier
        self.n_heads = n_heads
        self.seed = seed

    def fit(self, X, y) -> "RandomHeads":
        """X: (N, K, D) head vectors; y: (N,) labels. `ValueError` for n_heads below 1."""
        if self.n_heads < 1:
            raise ValueError(f"n_heads={self.n_heads}: choose at least 1.")
        X = check_head_vectors(X)
        K = X.shape[1]
        support_set = zlib.crc32(X[:, 0].float().cpu().numpy().tobytes())
        rng = np.random.default_rng([self.seed, support_set])
        self.heads_ = np.sort(rng.permutation(K)[: self.n_heads])
        self.n_heads_in_ = K
        classifier = CCSAVClassifier.calm() if self.classifier is None else self.classifier
        self.classifier_ = clone(classifier).fit(X[:, self.heads_], y)
        self.classes_ = self.classifier_.classes_
        return self

    def predict(self, X) -> np.ndarray:
        """Class of each clip, X (N, K, D) → (N,)."""
        return self.classifier_.predict(self._drawn(X))

    def predict_proba(self, X) -> np.ndarray:
        """Probability of each class by `classifier_`, X (N, K, D) → (N, C)."""
        return self.classifier_.predict_proba(self._drawn(X))

    def decision_function(self, X) -> np.ndarray:
        """Scores by `classifier_`, X (N, K, D) → (N, C), or (N,) for two classes."""
        return self.classifier_.decision_function(self._drawn(X))

    def _drawn(self, X):
        check_is_fitted(self)
        X = check_head_vectors(X)
        if X.shape[1] != self.n_heads_in_:
            raise ValueError(f"X has {X.shape[1]} heads, not the {self.n_heads_in_} of `fit`.")
        return X[:, self.heads_]


CLASSIFIERS = {
    "logistic regression": LogisticRegression(max_iter=1000),
    "ridge": RidgeClassifier(),
    "discriminant analysis": make_pipeline(  # in the span of the support clips
        PCA(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    ),
    "nearest prototype": NearestPrototype(),
    "nearest neighbour": KNeighborsClassifier(1),
}
BASELINES = {
    f"{name}, {what}": FlatHeads(classifier, heads)
    for heads, what in (("all", "all heads"), ("best", "best head"))
    for name, classifier in CLASSIFIERS.items()
} | {"CALM, 20 random heads": RandomHeads()}
