"""What if heads leave the vote, or the method one of its settings."""

import copy
import zlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import recall_score
from sklearn.utils.validation import check_is_fitted

from ccsav.weights.arrays import check_head_vectors
from ccsav.weights.base import HeadClassifier
from ccsav.weights.ccsav import CCSAVClassifier


def without(clf: CCSAVClassifier, heads: int | Iterable[int]) -> CCSAVClassifier:
    """A copy of a fitted classifier in which these heads vote no more, for any class.

    clf: stays as it is. heads: their places in the X that `clf` predicts from, or a boolean mask
        (K,). X keeps its shape; what these heads say in it is no longer heard.

    What is left of each class's weights is normalised to 1 again; a class that loses all its voters
    gets equal weights on the heads that are left. What is left of the joint readout is scaled up to
    the whole, as in `prune`. `calibration_` is kept, not fitted anew. Raises `ValueError` for heads
    that are not there, and where nobody is left.
    """
    check_is_fitted(clf)
    kept = ~_mask(heads, clf.n_heads_in_)  # (K,)
    if not kept.any():
        raise ValueError(f"heads: all {len(kept)} are removed and nobody is left to vote.")
    left = copy.copy(clf)
    left._take_vote(np.broadcast_to(kept[:, None], clf.weights_.shape))
    return left


def pick(
    scores: np.ndarray, k: int, which: str = "best", layers: np.ndarray | None = None, seed=0
) -> np.ndarray:
    """Places of k heads: those that score best, and the controls that they are held against.

    scores: (K,), such as mean weights over classes. which: "best", "worst", "random", or "alike":
        random, but from each layer as many as the best have there. layers: (K,) layer of each head,
        for "alike". seed: of the random ones, anything that `numpy.random.default_rng` takes.

    Raises `ValueError` where there are no k heads, or for an unknown `which`.
    """
    if which not in ("best", "worst", "random", "alike"):
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
        return np.concatenate([order[layers[order] == at][:n] for at, n in numbers.items()])
    return {"best": best, "worst": best[::-1], "random": order}[which][:k]


class SomeHeads(HeadClassifier):
    """A classifier that, once fitted, keeps k heads of its own ranking, or loses them.

    For `evaluate`: do the best heads do as well as all (keep them)? Does it take them (lose them)?

    classifier: a `CCSAVClassifier`, fitted as a clone; default: the default one. k: how many heads.
    which: "best" by mean weight over classes, and the controls "worst" and "random", as in `pick`;
    random ones are drawn anew for every support set. lose: whether these heads go, or stay.
    seed: of the random ones.

    After `fit`: `classes_`, `classifier_` (from `without`), `heads_` (k,) the heads picked.
    """

    def __init__(self, classifier=None, k: int = 5, which: str = "best", lose=False, seed: int = 0):
        self.classifier = classifier
        self.k = k
        self.which = which
        self.lose = lose
        self.seed = seed

    def fit(self, X, y, groups=None) -> "SomeHeads":
        """X: (N, K, D) head vectors; y: (N,) labels; groups: as `CCSAVClassifier.fit` takes them.

        Raises `ValueError` as `pick` and `without` do.
        """
        classifier = CCSAVClassifier() if self.classifier is None else clone(self.classifier)
        fitted = classifier.fit(X, y, groups=groups)
        draw = zlib.crc32(np.ascontiguousarray(check_head_vectors(X).float().cpu().numpy()))
        scores = fitted.weights_.mean(axis=1)  # (K,)
        self.heads_ = pick(scores, self.k, self.which, seed=[self.seed, draw])
        chosen = _mask(self.heads_, len(scores))
        self.classifier_ = without(fitted, chosen if self.lose else ~chosen)
        self.classes_ = fitted.classes_
        self.n_heads_in_, self.head_dim_ = fitted.n_heads_in_, fitted.head_dim_
        return self

    def decision_function(self, X) -> np.ndarray:
        """Score of each class by the heads that are left, X (N, K, D) → (N, C)."""
        check_is_fitted(self)
        return self.classifier_.decision_function(X)

    def predict_proba(self, X) -> np.ndarray:
        """Probability of each class by the heads that are left, X (N, K, D) → (N, C)."""
        check_is_fitted(self)
        return self.classifier_.predict_proba(X)


def variant_names(options: Mapping[str, Sequence]) -> list[str]:
    """How `one_at_a_time` names every value of every option, in order: "name = value"."""
    return [_variant_name(name, value) for name, values in options.items() for value in values]


def one_at_a_time(base: BaseEstimator, options: Mapping[str, Sequence]) -> dict[str, BaseEstimator]:
    """Variants of a classifier that differ from it in one option each, for `evaluate`.

    base: comes first, as "base". options: name → values; the value that `base` has is left out.
    Returns "name = value" → unfitted classifier.
    """
    given, variants = base.get_params(), {"base": base}
    for name, values in options.items():
        for value in values:
            if value != given[name]:
                variants[_variant_name(name, value)] = clone(base).set_params(**{name: value})
    return variants


def by_rank(
    base: CCSAVClassifier, sizes: Sequence[int], lose: bool = False, seed: int = 0
) -> dict[str, SomeHeads]:
    """A classifier with its best, random and worst k heads alone (or gone), for `evaluate`.

    base: unfitted. sizes: the k. lose, seed: as in `SomeHeads`. Returns "best 5" → classifier.
    """
    return {
        f"{which} {k}": SomeHeads(base, k, which, lose, seed)
        for which in ("best", "random", "worst")
        for k in sizes
    }


def recall_changes(clf: CCSAVClassifier, X, y, k: int, of: Sequence | None = None) -> np.ndarray:
    """How each class's recall changes when a class's k best heads leave the vote, (C, C).

    clf: fitted. X: (N, K, D) queries; y: (N,) their labels. of: classes whose heads are removed, a
    row each; default: all, in the order of `clf.classes_`.

    Row: the class whose heads, those with its largest weights, are removed for all classes; column:
    the class whose recall changes, from -1 to 1 (NaN: it has no query).
    """
    rows = np.searchsorted(clf.classes_, clf.classes_ if of is None else of)
    removed = [pick(clf.weights_[:, c], k) for c in rows]
    before, *after = (
        recall_score(y, c.predict(X), labels=clf.classes_, average=None, zero_division=np.nan)
        for c in (clf, *(without(clf, heads) for heads in removed))
    )
    return np.array(after) - before


def own_and_other(changes: np.ndarray) -> pd.DataFrame:
    """The diagonal of a matrix of changes against the rest of it, for `ccsav.compare`.

    changes: (E, C, C), one matrix per episode, or (C, C): then each row counts as an episode.
    Returns rows of method ("own class", "other classes"), shots (0), episode, change.
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


def _mask(heads, n_heads):
    """Places of heads, or a mask of them already, as a boolean mask, (K,)."""
    heads = np.atleast_1d(np.asarray(heads))
    if heads.dtype == bool:
        if heads.shape != (n_heads,):
            raise ValueError(f"heads is a mask of shape {heads.shape} for {n_heads} heads.")
        return heads
    if heads.size and (heads.dtype.kind not in "iu" or heads.min() < 0 or heads.max() >= n_heads):
        raise ValueError(f"heads must be whole numbers from 0 to {n_heads - 1}, places in X.")
    return np.isin(np.arange(n_heads), heads)
