"""CCSAV and CALM: every head votes with its posterior, weighted by class."""

import math
from dataclasses import KW_ONLY, dataclass
from functools import partial

import numpy as np
import torch

from ccsav.weights import readout, reliability
from ccsav.weights.arrays import chunks
from ccsav.weights.left_out import Estimation, leave_out
from ccsav.weights.ridge import joint_ridge, joint_scores, ridge_readout
from ccsav.weights.voting import VotingClassifier

READOUTS = {"prototype": ("prototype",), "ridge": ("ridge",), "both": ("prototype", "ridge")}
ESTIMATES, SHRINK_TO = ("leave-one-out", "resubstitution"), ("head", "all")
ONE_SHOT_TAU = 0.04  # of cosines, where no clip can be left out to fit a temperature
ONE_SHOT_TAU_GROUPS = 0.06  # the same given groups, which lower the weight of misleading heads
JOINT_HEADS = 256
KEPT = 2**25  # scores that are kept for calibration: 128 MB of float32
UNIFORM_CLIPS = 0.5  # added in calibration, where it may be that no answer was wrong


@dataclass(eq=False, repr=False)
class CCSAVClassifier(VotingClassifier):
    """Class-conditional sparse attention vectors: heads weighted by their reliability per class.

    If a class has one clip, only prototypes vote, and the class gets each head's mean reliability
    over the others. If all have one, there is one temperature, weights come from the margins of the
    support clips and, given groups, from `reliability.group_trust`, and nothing is calibrated.
    Time: O(N K C D), for ridge O(N K D min(N, D)), for the joint ridge O(256 N² D + N³).

    Parameters
    ----------
    tau : temperature of the posteriors, softmax over classes of score / tau; "per-head" fits one to
        each head's scores of the support clips that are left out.
    readout : "prototype" (cosine with the class mean, as in CALM), "ridge" (ridge regression of the
        unit head vector), or "both", each with votes of its own.
    penalty : λ of the ridge regressions.
    joint : share of the vote of one ridge regression on the 256 heads of largest mean weight, each
        multiplied by the root of it; 0: none, as in CALM.
    reliability : "margin_clamped" (mean of max(0, margin); weights are a power of it), or
        "margin_softmax", "prob_softmax", "brier_softmax" (mean margin, posterior of the true class,
        Brier skill; weights are a softmax of r / tau_w).
    estimate : "leave-one-out" (support clips are scored by readouts made without them or their
        groups) or "resubstitution" (by readouts made of all, as in CALM; reliabilities are then too
        high); not used if `fit` is given validation clips.
    alpha : shrinkage of reliabilities: the clips per class at which the mean counts for a half;
        infinite: the same weights for all classes.
    shrink_to : "head" (each head's mean over classes) or "all" (the mean of all, as in CALM).
    tau_w : temperature of the weights; a lower one concentrates them on the best heads.
    floor : added to reliabilities before they become weights (r + floor)^(1/tau_w), so that weights
        are nearly equal where no head is reliable; 0: none, as in CALM.
    top_k : number of heads kept per class, the most reliable; None: all.
    calibrate : fit `predict_proba` to the support clips that are left out.

    Attributes
    ----------
    classes_ : (C,) labels. heads_ : (K,) indices of the heads in the X of `fit`.
    reliability_ : (K, C) after shrinkage, mean over the R readouts.
    weights_ : (K, C) sum of votes_ (R, K, C) over readouts; the weights of a class sum to 1.
    coef_, intercept_, tau_ : of the readouts, (R, K, D, C), (R, K, C), (R, K).
    joint_coef_, joint_intercept_, joint_tau_ : of the joint ridge, (K, D, C), (K, C), one number.
    calibration_ : the power to which `predict_proba` raises scores.

    Examples
    --------
    >>> from ccsav import CCSAVClassifier
    >>> X = [[[3, 1], [1, 1]], [[2, 1], [1, 2]], [[1, 3], [1, 1]], [[1, 2], [1, 2]]]
    >>> clf = CCSAVClassifier().fit(X, ["cat", "cat", "dog", "dog"])  # 4 clips, 2 heads, 2 numbers
    >>> clf.predict([[[4, 1], [1, 1]]]).item(), clf.predict_proba([[[4, 1], [1, 1]]]).round(2)
    ('cat', array([[1., 0.]], dtype=float32))
    >>> clf.weights_.round(1)  # only the first head tells the classes apart
    array([[1., 1.],
           [0., 0.]], dtype=float32)
    """

    tau: float | str = "per-head"
    _: KW_ONLY
    readout: str = "both"
    penalty: float = 0.05
    joint: float = 1 / 3
    reliability: str = "margin_clamped"
    estimate: str = "leave-one-out"
    alpha: float = 10.0
    shrink_to: str = "head"
    tau_w: float = 0.25
    floor: float = 0.2
    top_k: int | None = None
    calibrate: bool = True

    @classmethod
    def calm(cls, tau: float = 0.07, *, alpha=0.0, tau_w=1.0, top_k=None) -> "CCSAVClassifier":
        """CALM: prototypes alone, one temperature, resubstitution, shrinkage to the mean of all.

        Parameters as for the class. (Mehta et al. 2026, section 3, arXiv 2602.07077.)

        Examples
        --------
        >>> CCSAVClassifier.calm(tau=0.1).readout
        'prototype'
        """
        published = {"readout": "prototype", "joint": 0.0, "floor": 0.0, "calibrate": False}
        published |= {"estimate": "resubstitution", "shrink_to": "all"}
        return cls(tau, alpha=alpha, tau_w=tau_w, top_k=top_k, **published)

    paper = calm  # its name in earlier versions

    def fit(self, X, y, X_val=None, y_val=None, groups=None) -> "CCSAVClassifier":
        """Fit every head's readouts, and weigh every head for every class.

        Raises `ValueError` for NaN, wrong shapes, fewer than two classes, or unknown options.

        Parameters
        ----------
        X, y : (N, K, D) head vectors of the support set, NumPy or torch, and (N,) labels.
        X_val, y_val : (M, K, D), (M,) clips to estimate reliabilities on instead of X and y.
        groups : (N,) source of each clip (speaker, recording). Whole groups are left out together,
            if enough clips remain (see `leave_out`); with one clip per class, heads whose vectors
            depend on the group get less weight. Default: similar clips are left out together.
        """
        self._check_options()
        X, y = self._check_fit(X, y)
        clips = self._estimation_clips(X, y, X_val, y_val, groups)
        single = bool(torch.bincount(y).min() == 1)  # clip of a class: ridge disfavours it
        self.readouts_ = ("prototype",) if single else READOUTS[self.readout]
        r, counts, kept = self._fit_heads(X, y, clips)  # prototype, posterior, margin, reliability
        shrunk = reliability.shrink(r.flatten(0, 1), counts, self.alpha, self.shrink_to)  # (R K, C)
        _, weigh = reliability.KINDS[self.reliability]
        self.reliability_ = shrunk.view(r.shape).mean(0).cpu().numpy()
        self.votes_ = weigh(shrunk + self.floor, self.tau_w).view(r.shape).cpu().numpy()
        self.weights_ = self.votes_.sum(0)
        self.joint_share_ = 0.0 if single else float(self.joint)
        joint_vote = self._fit_joint(X, y, clips) if self.joint_share_ else 0.0
        if self.top_k is not None:
            r = torch.as_tensor(self.reliability_)
            self._keep_votes(reliability.top_heads(r, self.top_k).numpy())
        self.calibration_ = 1.0
        if self.calibrate and not clips.one_shot:
            self._fit_calibration(clips, *kept, joint_vote)
        return self

    def _fit_heads(self, X, y, clips):
        """Reliabilities (R, K, C), clips per class (C,), and scores of some estimation clips."""
        R, (K, D), C = len(self.readouts_), X.shape[1:], len(self.classes_)
        self.heads_ = np.arange(K)
        self.coef_ = np.empty((R, K, D, C), np.float32)
        self.intercept_ = np.empty((R, K, C), np.float32)
        self.tau_ = np.empty((R, K), np.float32)
        r = X.new_empty((R, K, C), dtype=torch.float32)
        kept, some = [], slice(None, None, math.ceil(len(clips.y) * r.numel() / KEPT))
        clip_scores, _ = reliability.KINDS[self.reliability]
        fixed = self.tau
        if fixed == "per-head" and clips.one_shot:
            fixed = ONE_SHOT_TAU if clips.groups is None else ONE_SHOT_TAU_GROUPS
        for i, heads, coef, intercept, scores in self._readouts(X, y, clips):
            self.coef_[i, heads], self.intercept_[i, heads] = coef.cpu(), intercept.cpu()
            if fixed == "per-head":
                tau = readout.temperatures(scores, clips.y)
            else:
                tau = scores.new_full(scores.shape[1:2], fixed)  # (k,)
            self.tau_[i, heads] = tau.cpu()
            margins = clip_scores(readout.posteriors(scores, tau), clips.y)  # (M, k)
            r[i, heads], counts = reliability.class_means(margins, clips.y, C)
            kept.append((i, heads, scores[some].contiguous()))
            if clips.groups is not None:
                trust = reliability.group_trust(X[:, heads].float(), y, clips.groups)
                r[i, heads] *= trust[:, None]
        return r, counts, (some, kept)

    def _readouts(self, X, y, clips):
        """Fit readouts on a few heads at a time: not all (M, K, C) scores are in memory at once.
        Yields the index in `readouts_`, the k heads, coef, intercept, scores (M, k, C).
        """
        ridge = partial(ridge_readout, penalty=self.penalty)
        fit_kind = {"prototype": readout.nearest_prototype, "ridge": ridge}
        C = len(self.classes_)
        for heads in chunks(X.shape[1], len(X) * (C + X.shape[2])):
            x = X[:, heads].float()
            for i, kind in enumerate(self.readouts_):
                coef, intercept, scores = fit_kind[kind](x, y, C, groups=clips.left_out)
                if clips.X_val is not None:
                    U = readout.unit(clips.X_val[:, heads].float())
                    scores = readout.class_scores(U, coef, intercept)
                yield i, heads, coef, intercept, scores[clips.usable]

    def _fit_joint(self, X, y, clips):
        """Fit the joint ridge; returns its share of the vote on the estimation clips, (M, C)."""
        share = self.votes_.sum(axis=(0, 2))  # (K,)
        best = np.sort(np.argsort(-share, kind="stable")[:JOINT_HEADS])
        share = torch.as_tensor(share[best] / share[best].sum(), device=X.device)
        heads = torch.as_tensor(best, device=X.device)
        options = (len(self.classes_), heads, share, self.penalty, clips.left_out)
        coef, intercept, scores = joint_ridge(X, y, *options)
        if clips.X_val is not None:
            scores = joint_scores(readout.unit(clips.X_val[:, best].float()), coef, intercept)
        scores = scores[clips.usable]
        self.joint_coef_ = np.zeros_like(self.coef_[0])
        self.joint_intercept_ = np.zeros_like(self.intercept_[0])
        self.joint_coef_[best], self.joint_intercept_[best] = coef.cpu(), intercept.cpu()
        self.joint_tau_ = float(readout.temperatures(scores[:, None], clips.y))
        return self.joint * torch.softmax(scores / self.joint_tau_, dim=-1)

    def _fit_calibration(self, clips, some, kept, joint_vote):
        """Fit the power of the scores at which the true classes of some clips are likeliest."""
        votes = (1 - self.joint_share_) * torch.as_tensor(self.votes_, device=clips.y.device)
        total = joint_vote[some] if self.joint_share_ else 0.0
        for i, heads, scores in kept:
            tau = torch.as_tensor(self.tau_[i, heads], device=scores.device)
            total = total + readout.weighted_vote(scores, tau, votes[i, heads])
        log = total.clamp(min=1e-30).log()[:, None]
        self.calibration_ = 1 / float(readout.temperatures(log, clips.y[some], UNIFORM_CLIPS))

    def _estimation_clips(self, X, y, X_val, y_val, groups):
        """The clips to estimate reliabilities on: validation clips, or the support set's own."""
        if (X_val is None) != (y_val is None):
            raise ValueError("give X_val and y_val together.")
        if groups is not None and np.shape(groups) != (len(y),):
            raise ValueError(f"groups has shape {np.shape(groups)} for {len(y)} clips.")
        if X_val is None:
            return Estimation(y) if self.estimate == "resubstitution" else leave_out(X, y, groups)
        X_val, y_val = self._check_fitted(X_val).to(X.device), np.asarray(y_val)
        unknown = np.setdiff1d(y_val, self.classes_)
        if len(unknown):
            raise ValueError(f"y_val has classes that y has not: {unknown.tolist()}.")
        if len(y_val) != len(X_val):
            raise ValueError(f"{len(y_val)} labels y_val for {len(X_val)} clips X_val.")
        codes = np.searchsorted(self.classes_, y_val)
        return Estimation(torch.as_tensor(codes, device=X.device), X_val)

    def _check_options(self):
        """Raise `ValueError` for the first option with an unknown value."""
        number = not isinstance(self.tau, str)
        rules = {
            "tau": (self.tau > 0 if number else self.tau == "per-head", "a number > 0, 'per-head'"),
            "readout": (self.readout in READOUTS, tuple(READOUTS)),
            "penalty": (self.penalty > 0, "a number > 0"),
            "joint": (0 <= self.joint < 1, "a number >= 0 and < 1"),
            "reliability": (self.reliability in reliability.KINDS, tuple(reliability.KINDS)),
            "estimate": (self.estimate in ESTIMATES, ESTIMATES),
            "alpha": (self.alpha >= 0, "a number >= 0"),
            "floor": (self.floor >= 0, "a number >= 0"),
            "shrink_to": (self.shrink_to in SHRINK_TO, SHRINK_TO),
            "tau_w": (self.tau_w > 0, "a number > 0"),
            "top_k": (self.top_k is None or self.top_k >= 1, "a whole number >= 1, None"),
        }
        for name, (valid, allowed) in rules.items():
            if not valid:
                raise ValueError(f"{name}={getattr(self, name)!r}: choose one of: {allowed}.")
