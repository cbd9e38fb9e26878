"""Sparse attention vectors: the uniform vote of the best heads."""

import numpy as np
import torch

from ccsav.weights import readout
from ccsav.weights.arrays import chunks
from ccsav.weights.base import HeadClassifier


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
