"""Class names as a prior: what the model itself makes of the names, mixed into a few-shot vote."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ccsav.evaluation.comparison import fit_with_groups
from ccsav.weights.arrays import check_head_vectors
from ccsav.weights.ccsav import CCSAVClassifier

SHARPEST = 10.0  # largest factor of the log-likelihoods
UNKNOWN_CLIPS = 0.5  # added in fits, where it may be that no name was wrong
LEAST_GAIN = 1.92  # nats, a likelihood-ratio test at 5 %: half the 95 % quantile of χ² with 1 d.f.
FOLDS = 5
STEPS = np.linspace(0, 1, 21)  # weights that are tried, as shares of the largest


class NamePrior(ClassifierMixin, BaseEstimator):
    """A classifier of head vectors, and the model's own likelihoods of the class names.

    p(c | x) is proportional to the classifier's p(c | x) times exp(w β ℓ(c | x)), with ℓ the
    log-likelihood of the name. β makes the names alone explain the support labels best, which ℓ
    does not depend on. The weight w is 0 if they explain them no better than chance does, by a
    likelihood-ratio test. Else it is the one, from 0 to `weight`, at which the labels of support
    clips are likeliest by classifiers fitted without them, in 5 folds; where no class has two
    clips, `weight` itself.

    Parameters
    ----------
    classifier : with `predict_proba`, fitted as a clone; default: CCSAV. Its probabilities should
        be calibrated.
    weight : of the names with one clip per class, and the largest with more, from 0 to 1.
    seed : of the folds.

    Attributes
    ----------
    classes_, classifier_ : after `fit`.
    weight_, sharpness_ : w and β.
    gain_ : log-likelihood of the support labels by the names alone less that by chance, in nats.

    Examples
    --------
    >>> X, y = np.eye(2)[[0, 0, 1, 1]][:, None], ["cat", "cat", "dog", "dog"]  # one head
    >>> likelihoods = np.log([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9]])
    >>> fitted = NamePrior().fit(X, y, prior=likelihoods)
    >>> fitted.predict(X, prior=likelihoods).tolist()
    ['cat', 'cat', 'dog', 'dog']
    """

    def __init__(self, classifier=None, weight: float = 1.0, seed: int = 0):
        self.classifier = classifier
        self.weight = weight
        self.seed = seed

    def fit(self, X, y, prior, groups=None) -> "NamePrior":
        """Fit the classifier, then β and the weight of the names.

        Parameters
        ----------
        X, y : (N, K, D) head vectors of the support set, and (N,) labels.
        prior : (N, C) log-likelihoods of the class names for each clip, classes in sorted order,
            such as those of `zero_shot.rankings`.
        groups : (N,), passed to the classifier if its `fit` takes them.

        Raises
        ------
        ValueError
            For a prior of another shape or not finite, or a weight out of range.
        """
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight={self.weight!r}: choose a number from 0 to 1.")
        X, y = check_head_vectors(X), np.asarray(y)
        classifier = CCSAVClassifier() if self.classifier is None else self.classifier
        self.classifier_ = fit_with_groups(classifier, X, y, groups)
        self.classes_, codes = np.unique(y, return_inverse=True)
        prior = self._check_prior(prior, len(X))
        self.sharpness_, self.gain_ = _names_alone(prior, codes)
        fold = _folds(codes, self.seed)  # (N,)
        if self.gain_ <= LEAST_GAIN:
            self.weight_ = 0.0
        elif fold.max() < 0:
            self.weight_ = float(self.weight)
        else:
            self.weight_ = self._left_out_weight(classifier, X, y, codes, prior, groups, fold)
        return self

    def predict_proba(self, X, prior) -> np.ndarray:
        """Probability of each class, X (N, K, D), prior (N, C) → (N, C)."""
        check_is_fitted(self)
        proba = self.classifier_.predict_proba(X)
        prior = self._check_prior(prior, len(proba))
        return softmax(_log(proba) + self.weight_ * self.sharpness_ * prior, axis=1)

    def predict(self, X, prior) -> np.ndarray:
        """Class of each clip, X (N, K, D), prior (N, C) → (N,)."""
        return self.classes_[self.predict_proba(X, prior).argmax(axis=1)]

    def _left_out_weight(self, classifier, X, y, codes, prior, groups, fold):
        """The weight at which the clips' labels are likeliest by classifiers without them."""
        proba = np.empty((len(X), len(self.classes_)))
        for i in range(fold.max() + 1):
            rest, out = np.flatnonzero(fold != i), np.flatnonzero(fold == i)
            known = None if groups is None else np.asarray(groups)[rest]
            fitted = fit_with_groups(classifier, X[rest], y[rest], known)
            proba[out] = fitted.predict_proba(X[out])
        left = fold >= 0
        own, names = _log(proba[left]), self.sharpness_ * prior[left]
        weights = self.weight * STEPS
        losses = [_loss(own + w * names, codes[left]) for w in weights]
        return float(weights[np.argmin(losses)])

    def _check_prior(self, prior, n):
        """The prior as an array; raises `ValueError` unless it is (N, C) and finite."""
        prior, shape = np.asarray(prior, float), (n, len(self.classes_))
        if prior.shape != shape or not np.isfinite(prior).all():
            raise ValueError(
                f"prior must be finite log-likelihoods, one per clip and class, {shape}, but has "
                f"shape {prior.shape} and {np.sum(~np.isfinite(prior))} that are not finite."
            )
        return prior


def _names_alone(prior, y):
    """The factor β ≥ 0 of log-likelihoods at which y is likeliest, and the gain over chance."""
    fitted = minimize_scalar(lambda beta: _loss(beta * prior, y), bounds=(0, SHARPEST))
    return float(fitted.x), float(_loss(0 * prior, y) - fitted.fun)


def _loss(scores, y):
    """Negative log-likelihood of y, (N,), by a softmax of scores, (N, C), in nats.

    Half a clip whose class is unknown is added, so that no scores are too sharp.
    """
    log = log_softmax(scores, axis=1)
    return -log[np.arange(len(y)), y].sum() - UNKNOWN_CLIPS * log.mean()


def _log(proba):
    """Logarithm of probabilities, at least of 1e-12."""
    return np.log(np.maximum(proba, 1e-12))


def _folds(y, seed):
    """The fold in which each clip is left out, (N,); -1, never, for the only clip of a class."""
    fold, rng = np.full(len(y), -1), np.random.default_rng(seed)
    for c in np.unique(y):
        clips = np.flatnonzero(y == c)
        if len(clips) > 1:
            fold[rng.permutation(clips)] = np.arange(len(clips)) % FOLDS
    return fold
