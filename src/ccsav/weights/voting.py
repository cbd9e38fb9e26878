"""The weighted vote of fitted heads, with all of them or with some removed."""

import copy
from collections.abc import Iterable
from typing import Self

import numpy as np
import scipy.special
import torch
from sklearn.utils.validation import check_is_fitted

from ccsav.weights.arrays import chunks, in_parts
from ccsav.weights.base import HeadClassifier
from ccsav.weights.readout import class_scores, posteriors, unit, weighted_vote
from ccsav.weights.reliability import top_heads
from ccsav.weights.ridge import joint_scores


class VotingClassifier(HeadClassifier):
    """Prediction of a fitted `CCSAVClassifier`, from all its heads or some of them."""

    @in_parts
    def class_votes(self, X) -> np.ndarray:
        """Score of each class, Σ_k w_kc · p_k(c | x), X (N, K, D) → (N, C), from 0 to 1.

        The posterior of the joint ridge counts by its share. Heads without weight are not computed.
        """
        X = self._check_fitted(X)
        voting = self.votes_.any(axis=(0, 2))
        voting = slice(None) if voting.all() else np.flatnonzero(voting)
        coef, intercept, tau, votes = (
            torch.as_tensor(array[:, voting], device=X.device)
            for array in (self.coef_, self.intercept_, self.tau_, self.votes_)
        )
        if self.joint_share_:
            joint_coef = torch.as_tensor(self.joint_coef_[voting], device=X.device)
            joint_intercept = torch.as_tensor(self.joint_intercept_[voting], device=X.device)
        scores = np.empty((len(X), len(self.classes_)), dtype=np.float32)
        for rows in chunks(len(X), votes[0].numel()):
            U = unit(X[rows][:, voting].float())
            total = 0.0
            if self.joint_share_:
                jointly = joint_scores(U, joint_coef, joint_intercept)
                total = self.joint_share_ * posteriors(jointly, self.joint_tau_)
            for i in range(len(self.readouts_)):
                vote = weighted_vote(class_scores(U, coef[i], intercept[i]), tau[i], votes[i])
                total = total + (1 - self.joint_share_) * vote
            scores[rows] = total.cpu().numpy()
        return scores

    def predict_proba(self, X) -> np.ndarray:
        """Probability of each class, X (N, K, D) → (N, C): score^calibration_, with sum 1."""
        log = self.calibration_ * np.log(np.maximum(self.class_votes(X), 1e-30))
        return scipy.special.softmax(log, axis=1)

    def prune(self, k: int) -> Self:
        """A smaller classifier with the k most reliable heads of each class, and no others.

        It predicts as one fitted with `top_k=k` does (`calibration_` is not fitted again), from
        X[:, heads_]: `extract(..., heads=acts.heads.iloc[pruned.heads_])` extracts only these
        heads and runs the model up to the last of them. Raises `ValueError` for k below 1.

        Examples
        --------
        >>> from ccsav import CCSAVClassifier
        >>> clf = CCSAVClassifier().fit([[[1, 0], [1, 1]], [[0, 1], [1, 1]]], ["cat", "dog"])
        >>> clf.prune(1).heads_
        array([0])
        """
        check_is_fitted(self)
        if k < 1:
            raise ValueError(f"k={k}: keep at least 1 head per class.")
        pruned = copy.copy(self).set_params(top_k=k)
        pruned._keep_votes(top_heads(torch.as_tensor(self.reliability_), k).numpy())
        used = np.flatnonzero(pruned.votes_.any(axis=(0, 2)))
        D = 1 + int(np.flatnonzero(self.coef_[:, used].any(axis=(0, 1, 3))).max())  # less padding
        pruned.n_heads_in_, pruned.head_dim_ = len(used), D
        pruned.coef_ = self.coef_[:, used, :D]
        for name in ("intercept_", "tau_", "votes_"):
            setattr(pruned, name, getattr(pruned, name)[:, used])
        for name in ("weights_", "reliability_", "heads_"):
            setattr(pruned, name, getattr(pruned, name)[used])
        if self.joint_share_:
            pruned.joint_coef_ = pruned.joint_coef_[used, :D]
            pruned.joint_intercept_ = pruned.joint_intercept_[used]
        return pruned

    def without(self, heads: int | Iterable[int]) -> Self:
        """A copy in which these heads have no vote for any class; X keeps its shape.

        heads: indices in X, or a boolean mask (K,). The weights left of a class are normalised to 1
        again; a class that loses all gets equal ones on the other heads. What is left of the joint
        ridge is scaled up to the whole; `calibration_` is not fitted again. Raises `ValueError` for
        heads that do not exist, and if no head is left.

        Examples
        --------
        >>> from ccsav import CCSAVClassifier
        >>> clf = CCSAVClassifier().fit([[[1, 0], [1, 0]], [[0, 1], [0, 1]]], ["cat", "dog"])
        >>> clf.without(0).weights_
        array([[0., 0.],
               [1., 1.]], dtype=float32)
        """
        check_is_fitted(self)
        heads, K = np.atleast_1d(heads), self.n_heads_in_
        if heads.dtype == bool and heads.shape == (K,):
            heads = np.flatnonzero(heads)
        if (heads.size and heads.dtype.kind not in "iu") or ((heads < 0) | (heads >= K)).any():
            raise ValueError(f"heads must be whole numbers from 0 to {K - 1}, or a mask ({K},).")
        kept = ~np.isin(np.arange(K), heads)  # (K,)
        if not kept.any():
            raise ValueError(f"heads: all {K} are removed; leave at least one to vote.")
        left = copy.copy(self)
        left._keep_votes(np.broadcast_to(kept[:, None], self.weights_.shape))
        return left

    def _keep_votes(self, kept):
        """Keep the votes where kept, (K, C) bool; a class that loses all gets equal ones there."""
        votes = np.where(kept, self.votes_, 0)
        votes = np.where(votes.sum(axis=(0, 1)) > 0, votes, kept)
        if self.joint_share_:
            share = self.votes_.sum(axis=(0, 2)) * self.joint_coef_.any(axis=(1, 2))
            used = kept.any(axis=1)
            left = float(share[used].sum() / share.sum())
            self.joint_tau_ = self.joint_tau_ * (left or 1.0)  # scales up
            self.joint_coef_ = self.joint_coef_ * used[:, None, None]
            self.joint_intercept_ = self.joint_intercept_ * used[:, None]
        self.votes_ = (votes / votes.sum(axis=(0, 1))).astype(np.float32)
        self.weights_ = self.votes_.sum(0)
