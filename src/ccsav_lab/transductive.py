"""One clip per class: prototypes that unlabelled clips move, where the answers are clear enough."""

import copy

import numpy as np
import torch
from scipy.stats import entropy

from ccsav.weights.ccsav import CCSAVClassifier
from ccsav.weights.readout import unit

MOST_ENTROPY = 0.78  # of the vote on the clips to classify, 1 for equal scores of all classes


class TransductiveCCSAVClassifier(CCSAVClassifier):
    """CCSAV that also learns from the clips that it is asked about, all together.

    With one clip per class, every head's prototypes become the sum of the support clip and of the
    unlabelled clips, each by its squared share of the vote. Predictions of a clip so depend on the
    others in X. Nothing is changed if a class has several clips, or if the mean entropy of the vote
    is above MOST_ENTROPY of its largest value: there the unlabelled clips form other groups than
    the classes (with speakers as classes, the digits that they say).

    Parameters and attributes as of `CCSAVClassifier`.

    References
    ----------
    Prototype rectification (BD-CSPN): Liu et al. 2020, arXiv 1911.10713.

    Examples
    --------
    >>> y = np.repeat([0, 1], 20)
    >>> X = np.eye(8)[y][:, None] + np.random.default_rng(1).normal(size=(40, 6, 8)) / 2
    >>> one = [0, 20]  # a clip per class
    >>> clf, other = TransductiveCCSAVClassifier().fit(X[one], y[one]), CCSAVClassifier()
    >>> bool(clf.score(X, y) >= other.fit(X[one], y[one]).score(X, y))
    True
    """

    def class_votes(self, X) -> np.ndarray:
        """Score of each class, X (N, K, D) → (N, C), from 0 to 1."""
        scores = super().class_votes(X)
        if self.readouts_ != ("prototype",) or self.joint_share_:
            return scores
        share = scores / scores.sum(axis=1, keepdims=True)
        if entropy(share, axis=1).mean() > MOST_ENTROPY * np.log(scores.shape[1]):
            return scores
        counts = torch.as_tensor(share**2 / (share**2).sum(axis=1, keepdims=True))  # (N, C)
        U = unit(self._check_fitted(X).float()).cpu()
        total = torch.as_tensor(self.coef_[0]) + torch.einsum("nc,nkd->kdc", counts, U)
        moved = copy.copy(self)
        moved.coef_ = unit(total.mT).mT[None].numpy()
        return CCSAVClassifier.class_votes(moved, X)
