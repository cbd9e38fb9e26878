"""Ablations of the vote: some heads removed, or one option of the method changed."""

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import recall_score
from sklearn.utils.validation import check_is_fitted

from ccsav.weights.arrays import check_head_vectors
from ccsav.weights.base import HeadClassifier
from ccsav.weights.ccsav import CCSAVClassifier

RULES = ("best", "worst", "random", "alike")


def pick(
    scores: np.ndarray, k: int, which: str = "best", layers: np.ndarray | None = None, seed=0
) -> np.ndarray:
    """Choose k heads by their scores, or as a control.

    Parameters
    ----------
    scores : (K,), such as mean weights over classes.
    k : number of heads, from 1 to K.
    which : "best", "worst", "random", or "alike": random, but from each layer as many as the best
        heads have there.
    layers : (K,), the layer of each head; needed for "alike".
    seed : of the random choice, as `numpy.random.default_rng` takes it.

    Returns
    -------
    np.ndarray
        (k,), indices of heads.
    """
    if which not in RULES:
        raise ValueError(f'which={which!r}: choose "best", "worst", "random" or "alike".')
    if not 1 <= k <= len(scores):
        raise ValueError(f"k={k}: choose from 1 to {len(scores)} heads.")
    if which == "alike" and layers is None:
        raise ValueError('which="alike" needs layers, the layer of each head.')
    best = np.argsort(-np.asarray(scores), kind="stable")
    order = np.random.default_rng(seed).permutation(len(scores))
    if which == "alike":
        layers = np.asarray(layers)
        numbers = pd.Series(layers[best[:k]]).value_counts()
        return np.concatenate([order[layers[order] == layer][:n] for layer, n in numbers.items()])
    return {"best": best, "worst": best[::-1], "random": order}[which][:k]


class SomeHeads(HeadClassifier):
    """A classifier that, after fitting, keeps k of its heads, or all but these; for `evaluate`.

    Parameters
    ----------
    classifier : a `CCSAVClassifier`, fitted as a clone; None: with the default options.
    k : number of heads.
    which : "best" by mean weight over classes, or the controls "worst" and "random", as in `pick`;
        random heads are drawn anew for every support set.
    lose : remove these heads, in place of all others.
    seed : of the random heads.

    Attributes
    ----------
    classes_, classifier_, heads_ : after `fit`: the classes, the classifier with the heads that
        are left, and the heads that were picked, (k,).
    """

    def __init__(self, classifier=None, k: int = 5, which: str = "best", lose=False, seed: int = 0):
        self.classifier = classifier
        self.k = k
        self.which = which
        self.lose = lose
        self.seed = seed

    def fit(self, X, y, groups=None) -> "SomeHeads":
        """X: (N, K, D) head vectors; y: (N,) labels; groups: as of `CCSAVClassifier.fit`."""
        classifier = CCSAVClassifier() if self.classifier is None else clone(self.classifier)
        fitted = classifier.fit(X, y, groups=groups)
        draw = zlib.crc32(np.ascontiguousarray(check_head_vectors(X).float().cpu().numpy()))
        scores = fitted.weights_.mean(axis=1)  # (K,)
        self.heads_ = pick(scores, self.k, self.which, seed=[self.seed, draw])
        others = np.setdiff1d(np.arange(len(scores)), self.heads_)
        self.classifier_ = fitted.without(self.heads_ if self.lose else others)
        self.classes_ = fitted.classes_
        self.n_heads_in_, self.head_dim_ = fitted.n_heads_in_, fitted.head_dim_
        return self

    def class_votes(self, X) -> np.ndarray:
        """The votes of the heads that are left, X (N, K, D) → (N, C)."""
        check_is_fitted(self)
        return self.classifier_.class_votes(X)

    def decision_function(self, X) -> np.ndarray:
        """As `CCSAVClassifier.decision_function`, by the heads that are left."""
        check_is_fitted(self)
        return self.classifier_.decision_function(X)

    def predict_proba(self, X) -> np.ndarray:
        """Probability of each class by the heads that are left, X (N, K, D) → (N, C)."""
        check_is_fitted(self)
        return self.classifier_.predict_proba(X)


def variant_names(options: Mapping[str, Sequence]) -> list[str]:
    """The names that `one_at_a_time` gives to all values of all options: "name = value"."""
    return [_variant_name(name, value) for name, values in options.items() for value in values]


def one_at_a_time(base: BaseEstimator, options: Mapping[str, Sequence]) -> dict[str, BaseEstimator]:
    """Variants of a classifier that differ from it in one option each, for `evaluate`.

    Parameters
    ----------
    base : the unchanged classifier, first in the result, as "base".
    options : name → values; the value that `base` has is left out.

    Returns
    -------
    dict
        "name = value" → unfitted classifier.
    """
    unchanged, variants = base.get_params(), {"base": base}
    for name, values in options.items():
        for value in values:
            if value != unchanged[name]:
                variants[_variant_name(name, value)] = clone(base).set_params(**{name: value})
    return variants


def by_rank(
    base: CCSAVClassifier, sizes: Sequence[int], lose: bool = False, seed: int = 0
) -> dict[str, SomeHeads]:
    """A classifier with only its best, random or worst k heads, or without them, for `evaluate`.

    Parameters
    ----------
    base : unfitted.
    sizes : the numbers of heads, k.
    lose, seed : as of `SomeHeads`.

    Returns
    -------
    dict
        "best 5" → unfitted classifier.
    """
    return {
        f"{which} {k}": SomeHeads(base, k, which, lose, seed)
        for which in ("best", "random", "worst")
        for k in sizes
    }


def recall_changes(clf: CCSAVClassifier, X, y, k: int, of: Sequence | None = None) -> np.ndarray:
    """How the recall of each class changes when the k best heads of one class are removed.

    Parameters
    ----------
    clf : fitted.
    X, y : (N, K, D) queries, (N,) their labels.
    k : heads removed: those with the largest weights for the class, and from the vote for all.
    of : c classes whose heads are removed, one after the other; default: `clf.classes_`.

    Returns
    -------
    np.ndarray
        (c, C), from -1 to 1. Row: the class whose heads are removed; column: the class whose recall
        changes, NaN if it has no query.
    """
    rows = np.searchsorted(clf.classes_, clf.classes_ if of is None else of)
    removed = [pick(clf.weights_[:, c], k) for c in rows]
    before, *after = (
        recall_score(y, c.predict(X), labels=clf.classes_, average=None, zero_division=np.nan)
        for c in (clf, *(clf.without(heads) for heads in removed))
    )
    return np.array(after) - before


def own_and_other(changes: np.ndarray) -> pd.DataFrame:
    """Mean change of the class itself and of the other classes, for `ccsav.compare`.

    Parameters
    ----------
    changes : (E, C, C), a matrix per episode, such as from `recall_changes`; or (C, C): then each
        row counts as an episode.

    Returns
    -------
    pd.DataFrame
        Rows of method ("own class": the diagonal; "other classes"), shots (0), episode, change.
    """
    changes = np.asarray(changes)
    own = np.eye(changes.shape[-1], dtype=bool)
    axes = (-2, -1) if changes.ndim == 3 else (-1,)
    means = {
        "own class": np.nanmean(np.where(own, changes, np.nan), axis=axes),
        "other classes": np.nanmean(np.where(own, np.nan, changes), axis=axes),
    }
    tables = [
        pd.DataFrame({"method": name, "shots": 0, "episode": range(len(mean)), "change": mean})
        for name, mean in means.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _variant_name(name, value):
    return f"{name} = {value:.3g}" if isinstance(value, float) else f"{name} = {value}"
