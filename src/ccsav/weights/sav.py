"""SAV: the best heads each cast one vote."""

from numbers import Integral

import numpy as np
import torch

from ccsav.weights.arrays import chunks, in_parts
from ccsav.weights.base import HeadClassifier
from ccsav.weights.readout import cosines, directions, prototypes


class SAVClassifier(HeadClassifier):
    """Sparse attention vectors: the best heads each cast one vote for their nearest prototype.

    Parameters
    ----------
    n_heads : number of heads that vote: those for which most support clips are nearest to the
        prototype of their own class; ties go to the head of lower index.

    Attributes
    ----------
    classes_ : (C,) labels. prototypes_ : (C, K, D). heads_ : (n_heads,) voters, best first.
    success_ : (K,) number of support clips nearest to the prototype of their own class.

    References
    ----------
    SAV: Mitra et al. 2024, section 3, arXiv 2412.00142.

    Examples
    --------
    >>> from ccsav import SAVClassifier
    >>> X = [[[1, 0], [1, 1]], [[0, 1], [1, 1]]]  # 2 clips, 2 heads, 2 numbers
    >>> sav = SAVClassifier(n_heads=1).fit(X, ["cat", "dog"])
    >>> sav.success_, sav.heads_  # the second head gives the same vector for both clips
    (array([2, 1]), array([0]))
    >>> sav.predict([[[2, 1], [1, 1]]]).item()
    'cat'
    >>> sav.class_votes([[[2, 1], [1, 1]]])
    array([[1.5, 0. ]], dtype=float32)
    """

    def __init__(self, n_heads: int = 20):
        self.n_heads = n_heads

    def fit(self, X, y) -> "SAVClassifier":
        """Choose the heads that vote: X (N, K, D) head vectors, NumPy or torch; y (N,) labels.

        Raises `ValueError` for NaN, a wrong shape, fewer than two classes, or n_heads below 1.
        """
        if not isinstance(self.n_heads, Integral) or self.n_heads < 1:
            raise ValueError(f"n_heads={self.n_heads!r}: choose a whole number, at least 1.")
        X, y = self._check_fit(X, y)
        mu, _ = prototypes(X.float(), y, len(self.classes_))
        self.prototypes_ = mu.cpu().numpy()
        coef = directions(mu)
        hits = torch.zeros(X.shape[1], dtype=torch.long, device=X.device)
        for rows in chunks(len(X), mu.shape[0] * mu.shape[1]):
            votes = cosines(X[rows].float(), coef).argmax(-1)  # (n, K)
            hits += (votes == y[rows, None]).sum(0)
        self.success_ = hits.cpu().numpy()
        self.heads_ = np.argsort(-self.success_, kind="stable")[: self.n_heads]
        return self

    @in_parts
    def class_votes(self, X) -> np.ndarray:
        """Number of votes for each class, X (N, K, D) → (N, C).

        Up to half a vote is added, more for a better best head: a tie goes to the class with that.
        """
        X = self._check_fitted(X)
        coef = directions(torch.as_tensor(self.prototypes_[:, self.heads_], device=X.device))
        n_voters, _, n_classes = coef.shape
        scores = np.empty((len(X), n_classes), dtype=np.float32)
        for rows in chunks(len(X), n_voters * n_classes):
            votes = cosines(X[rows][:, self.heads_].float(), coef).argmax(-1)  # (n, voters)
            cast = torch.nn.functional.one_hot(votes, n_classes)  # (n, voters, C)
            first = torch.arange(n_voters, 0, -1, device=X.device)[:, None] * cast
            tie_break = first.amax(1) / (2 * n_voters)  # below 1, larger the earlier the vote
            scores[rows] = (cast.sum(1) + tie_break).cpu().numpy()
        return scores
