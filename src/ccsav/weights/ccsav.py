"""Class-conditional sparse attention vectors: every head votes, weighted by class."""

import copy

import numpy as np
import scipy.special
import torch
from sklearn.utils.validation import check_is_fitted

from ccsav.weights import readout as read
from ccsav.weights import reliability as rel
from ccsav.weights.arrays import chunks
from ccsav.weights.base import HeadClassifier
from ccsav.weights.left_out import Judged, leave_out
from ccsav.weights.ridge import joint_ridge, ridge_readout

READOUTS = {"prototype": ("prototype",), "ridge": ("ridge",), "both": ("prototype", "ridge")}
ONE_SHOT_TAU = 0.04  # of cosines, where no clip can be left out to fit one
ONE_SHOT_TAU_GROUPS = 0.06  # the same where groups were told: strong heads may then count for more
DOUBT = 0.5  # clips that calibration adds, of any class: the left-out ones may all have been right


class CCSAVClassifier(HeadClassifier):
    """Class-conditional sparse attention vectors: heads weighted by their reliability per class.

    tau: temperature of the posteriors, softmax over classes of score / tau; "per-head" fits one to
        each head's scores of the support clips that were left out.
    readout: what scores the classes: "prototype" (cosine with the class mean, as published),
        "ridge" (a ridge regression of the unit head vector) or "both", each head voting twice.
    penalty: of the ridge regressions, their λ.
    joint: share of the vote that goes to one ridge regression on all heads together, each scaled
        by the root of its mean weight; 0: none, as published.
    reliability: what makes a head reliable for a class: "margin_clamped" (mean of max(0, margin);
        weights are r^(1/tau_w)), or "margin_softmax", "prob_softmax", "brier_softmax" (mean
        margin, true posterior or Brier skill; weights are a softmax of r / tau_w).
    estimate: "leave-one-out" (each support clip is judged by readouts made without it; without its
        group, where `fit` is given groups) or "resubstitution" (by readouts that it helped to
        make, as published; flatters). Unused where `fit` is given validation clips.
    alpha: shrinkage of reliabilities, in clips: a class of alpha clips is pulled half way;
        infinite: no class-conditional weights at all.
    shrink_to: "head" (each head's mean over classes) or "all" (the mean over everything).
    tau_w: temperature of the weights; smaller is sharper.
    top_k: heads kept per class, the most reliable; None: all.
    calibrate: sharpen or soften `predict_proba` to fit the left-out support clips.

    After `fit`: `classes_` (C,); `reliability_` (K, C) after shrinkage and `weights_` (K, C), which
    sum to 1 over heads for each class: mean and sum over the R readouts, whose own weights are
    `votes_` (R, K, C). The readouts are `coef_` (R, K, D, C), `intercept_` (R, K, C) and `tau_`
    (R, K), that of all heads together `joint_coef_` (K, D, C), `joint_intercept_` (K, C) and
    `joint_tau_`. `heads_` (K,): the heads they are of, as places in the X of `fit`.
    `calibration_`: the power that `predict_proba` raises scores to.

    Leave-one-out needs two clips of a class: a class of one clip gets its heads' mean reliability
    over the other classes. Where every class has one clip, nothing can be left out: prototypes
    alone vote, at one temperature for all, weighted by how far each head keeps them apart and,
    given groups, by how little it goes by those (`reliability.group_trust`); probabilities are
    not calibrated.

    Time: O(N K C D) to fit and to predict, O(N K D min(N, D)) for the ridge readouts and
    O(N² K D + N³) for the joint one. Memory beside X and the readouts: a few heads' (N, C) scores
    at a time, and (N, N) for the joint readout.
    (Mehta et al. 2026, arXiv 2602.07077; the published settings are `CCSAVClassifier.paper()`.)
    """

    def __init__(
        self,
        tau: float | str = "per-head",
        *,
        readout: str = "both",
        penalty: float = 0.05,
        joint: float = 1 / 3,
        reliability: str = "margin_clamped",
        estimate: str = "leave-one-out",
        alpha: float = 10.0,
        shrink_to: str = "head",
        tau_w: float = 0.25,
        top_k: int | None = None,
        calibrate: bool = True,
    ):
        self.tau = tau
        self.readout = readout
        self.penalty = penalty
        self.joint = joint
        self.reliability = reliability
        self.estimate = estimate
        self.alpha = alpha
        self.shrink_to = shrink_to
        self.tau_w = tau_w
        self.top_k = top_k
        self.calibrate = calibrate

    @classmethod
    def paper(
        cls, tau: float = 0.07, *, alpha: float = 0.0, tau_w: float = 1.0, top_k: int | None = None
    ) -> "CCSAVClassifier":
        """The published method: prototypes alone, one temperature, resubstitution, and shrinkage
        to the mean over everything.
        """
        return cls(
            tau,
            readout="prototype",
            joint=0.0,
            estimate="resubstitution",
            alpha=alpha,
            shrink_to="all",
            tau_w=tau_w,
            top_k=top_k,
            calibrate=False,
        )

    def fit(self, X, y, X_val=None, y_val=None, groups=None) -> "CCSAVClassifier":
        """Make every head's readouts, and weigh every head for every class.

        X: (N, K, D) head vectors of the support set, NumPy or torch; y: (N,) labels.
        X_val, y_val: (M, K, D), (M,) clips to estimate reliabilities on, in place of X and y.
        groups: (N,) source of each support clip (speaker, recording): whole groups are then left
            out in place of single clips, where enough is left to judge by (see `leave_out`); with
            one clip per class, heads that go by the group count for less.

        Raises `ValueError` on NaN, wrong shapes, fewer than two classes, or unknown options.
        """
        self._check_options()
        X, y = self._check_fit(X, y)
        if (X_val is None) != (y_val is None):
            raise ValueError("give X_val and y_val together.")
        if groups is not None and np.shape(groups) != (len(y),):
            raise ValueError(f"groups has shape {np.shape(groups)} for {len(y)} clips.")
        if X_val is not None:
            judged = Judged(*self._check_validation(X_val, y_val, X.device))
        elif self.estimate == "resubstitution":
            judged = Judged(X, y)
        else:
            judged = leave_out(X, y, groups)
        self.readouts_ = ("prototype",) if judged.one_shot else READOUTS[self.readout]
        self._fit_votes(X, y, judged)
        self.joint_share_ = 0.0
        together = 0.0 if judged.one_shot or not self.joint else self._fit_joint(X, y, judged)
        self._keep(self.top_k)
        self.calibration_ = 1.0
        if self.calibrate and not judged.one_shot:
            self.calibration_ = self._calibration(X, y, judged, together)
        return self

    def decision_function(self, X) -> np.ndarray:
        """Score of each class, s = Σ_k w_kc · p_k(c | x), X (N, K, D) → (N, C), from 0 to 1.

        With a joint vote, the mean of s and its posterior, by its share. Heads that no class gives
        any weight are not computed.
        """
        X = self._check_fitted(X)
        voting = self.votes_.any(axis=(0, 2))
        voting = slice(None) if voting.all() else np.flatnonzero(voting)
        coef, intercept, tau, votes = (
            torch.as_tensor(array[:, voting], device=X.device)
            for array in (self.coef_, self.intercept_, self.tau_, self.votes_)
        )
        scores = np.empty((len(X), len(self.classes_)), dtype=np.float32)
        for rows in chunks(len(X), votes[0].numel()):
            x = read.unit(X[rows][:, voting].float())
            total = self._joint_vote(x, voting) if self.joint_share_ else 0.0
            for i in range(len(self.readouts_)):
                p = read.posteriors(read.scores(x, coef[i], intercept[i]), tau[i])  # (n, K, C)
                votes_of_all = torch.einsum("nkc,kc->nc", p, votes[i])
                total = total + (1 - self.joint_share_) * votes_of_all
            scores[rows] = total.cpu().numpy()
        return scores

    def predict_proba(self, X) -> np.ndarray:
        """Probability of each class, X (N, K, D) → (N, C); rows sum to 1.

        The score to the power `calibration_`, as a share of all classes'.
        """
        log = self.calibration_ * np.log(np.maximum(self.decision_function(X), 1e-30))
        return scipy.special.softmax(log, axis=1)

    def prune(self, k: int) -> "CCSAVClassifier":
        """A smaller classifier with the k most reliable heads of each class, and only those.

        It answers as one fitted with `top_k=k` would, from X with the heads `heads_` alone,
        X[:, heads_]: `extract(..., heads=acts.heads.iloc[pruned.heads_])` takes no others, and the
        model runs no deeper than the last of them. `calibration_` is kept, not fitted anew.
        Raises `ValueError` for k below 1.
        """
        check_is_fitted(self)
        if k < 1:
            raise ValueError(f"k={k}: keep at least 1 head per class.")
        pruned = copy.copy(self).set_params(top_k=k)
        pruned._keep(k)
        used = np.flatnonzero(pruned.votes_.any(axis=(0, 2)))
        names = ["coef_", "intercept_", "tau_", "votes_"]
        for name in names:
            setattr(pruned, name, getattr(pruned, name)[:, used])
        names = ["weights_", "reliability_", "heads_"]
        names += ["joint_coef_", "joint_intercept_"] if self.joint_share_ else []
        for name in names:
            setattr(pruned, name, getattr(pruned, name)[used])
        pruned.n_heads_in_ = len(used)
        pruned.head_dim_ = 1 + int(np.flatnonzero(pruned.coef_.any(axis=(0, 1, 3))).max())
        pruned.coef_ = pruned.coef_[:, :, : pruned.head_dim_]  # the rest is padding
        if self.joint_share_:
            pruned.joint_coef_ = pruned.joint_coef_[:, : pruned.head_dim_]
        return pruned

    def _keep(self, k):
        """Take the vote from all but the k most reliable heads of each class; None: from none."""
        if k is not None:
            self._take_vote(rel.top_heads(torch.as_tensor(self.reliability_), k).numpy())
        self.weights_ = self.votes_.sum(0)

    def _take_vote(self, kept):
        """Let only these heads vote, (K, C) bool; a class without voters gets equal ones.

        What the heads that are left contribute to the joint vote is scaled up to the whole.
        """
        votes = np.where(kept, self.votes_, 0)
        votes = np.where(votes.sum(axis=(0, 1)) > 0, votes, kept)
        if self.joint_share_:
            share = self.votes_.sum(axis=(0, 2)) / self.votes_.sum()
            used = kept.any(axis=1)
            self.joint_tau_ = self.joint_tau_ * (float(share[used].sum()) or 1.0)
            self.joint_coef_ = self.joint_coef_ * used[:, None, None]
            self.joint_intercept_ = self.joint_intercept_ * used[:, None]
        self.votes_ = (votes / votes.sum(axis=(0, 1))).astype(np.float32)
        self.weights_ = self.votes_.sum(0)

    def _fit_votes(self, X, y, judged):
        """Make every head's readouts, temperatures, reliabilities and votes."""
        R, (K, D), C = len(self.readouts_), X.shape[1:], len(self.classes_)
        self.heads_ = np.arange(K)
        self.coef_ = np.empty((R, K, D, C), np.float32)
        self.intercept_ = np.empty((R, K, C), np.float32)
        self.tau_ = np.empty((R, K), np.float32)
        score, weigh = rel.KINDS[self.reliability]
        r = X.new_empty((R, K, C), dtype=torch.float32)
        for at, coef, intercept, scores in self._read(X, y, judged):
            self.coef_[at], self.intercept_[at] = coef.cpu(), intercept.cpu()
            if self.tau != "per-head":
                tau = scores.new_full(scores.shape[1:2], self.tau)
            elif judged.one_shot:
                told = judged.groups is not None
                one = ONE_SHOT_TAU_GROUPS if told else ONE_SHOT_TAU
                tau = scores.new_full(scores.shape[1:2], one)
            else:
                tau = read.temperatures(scores, judged.y)
            self.tau_[at] = tau.cpu()
            r[at], counts = rel.class_means(
                score(read.posteriors(scores, tau), judged.y), judged.y, C
            )
            if judged.groups is not None:
                r[at] *= rel.group_trust(X[:, at[1]].float(), y, judged.groups)[:, None]
        r = rel.shrink(r.flatten(0, 1), counts, self.alpha, self.shrink_to)  # (R K, C)
        votes = weigh(r, self.tau_w, torch.ones_like(r, dtype=torch.bool))
        self.votes_ = votes.view(R, K, C).cpu().numpy()
        self.reliability_ = r.view(R, K, C).mean(0).cpu().numpy()

    def _fit_joint(self, X, y, judged):
        """Make the readout of all heads together; its share of the judged clips' votes, (M, C)."""
        share = torch.as_tensor(self.votes_.sum(axis=(0, 2)) / self.votes_.sum(), device=X.device)
        coef, intercept, scores = joint_ridge(
            X, y, len(self.classes_), share, self.penalty, judged.left_out
        )
        self.joint_coef_, self.joint_intercept_ = coef.cpu().numpy(), intercept.cpu().numpy()
        if judged.X is not X:
            scores = self._joint_scores(read.unit(judged.X.float()))
        scores = scores[judged.fair]
        self.joint_tau_ = float(read.temperatures(scores[:, None], judged.y))
        self.joint_share_ = self.joint
        return self.joint * torch.softmax(scores / self.joint_tau_, dim=-1)

    def _calibration(self, X, y, judged, together):
        """The power of the scores at which the judged clips' classes are likeliest."""
        votes = (1 - self.joint_share_) * torch.as_tensor(self.votes_, device=X.device)
        pooled = torch.zeros((len(judged.y), len(self.classes_)), device=X.device) + together
        for at, _, _, scores in self._read(X, y, judged):
            p = read.posteriors(scores, torch.as_tensor(self.tau_[at], device=X.device))
            pooled += torch.einsum("nkc,kc->nc", p, votes[at])
        pooled = pooled.clamp(min=1e-30).log()[:, None]
        return 1 / float(read.temperatures(pooled, judged.y, DOUBT))

    def _joint_scores(self, U, heads=slice(None)):
        """Unit vectors of the heads given, (N, k, D) → (N, C); the others weigh nothing."""
        coef = torch.as_tensor(self.joint_coef_[heads], device=U.device).flatten(0, 1)
        offset = torch.as_tensor(self.joint_intercept_[heads], device=U.device).sum(0)
        return U.flatten(1) @ coef + offset

    def _joint_vote(self, U, heads):
        """Its share of the posterior of all heads together, (N, k, D) → (N, C)."""
        scores = self._joint_scores(U, heads)
        return self.joint_share_ * torch.softmax(scores / self.joint_tau_, dim=-1)

    def _read(self, X, y, judged):
        """Every readout of a few heads at a time: (place, coef, intercept, scores (M, k, C)).

        The scores are those of the judged clips.
        """
        n_classes = len(self.classes_)
        for heads in chunks(X.shape[1], len(X) * (n_classes + X.shape[2])):
            x = X[:, heads].float()
            for i, kind in enumerate(self.readouts_):
                if kind == "ridge":
                    made = ridge_readout(x, y, n_classes, self.penalty, judged.left_out)
                else:
                    made = read.nearest_prototype(x, y, n_classes, judged.left_out)
                coef, intercept, scores = made
                if judged.X is not X:
                    scores = read.scores(read.unit(judged.X[:, heads].float()), coef, intercept)
                yield (i, heads), coef, intercept, scores[judged.fair]

    def _check_validation(self, X_val, y_val, device):
        X_val, y_val = self._check_fitted(X_val).to(device), np.asarray(y_val)
        unknown = np.setdiff1d(y_val, self.classes_)
        if len(unknown):
            raise ValueError(f"y_val has classes that y has not: {unknown.tolist()}.")
        if len(y_val) != len(X_val):
            raise ValueError(f"{len(y_val)} labels y_val for {len(X_val)} clips X_val.")
        return X_val, torch.as_tensor(np.searchsorted(self.classes_, y_val), device=device)

    def _check_options(self):
        choices = {
            "readout": tuple(READOUTS),
            "reliability": tuple(rel.KINDS),
            "estimate": ("leave-one-out", "resubstitution"),
            "shrink_to": ("head", "all"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}={getattr(self, name)!r}: choose one of {allowed}.")
        if self.tau != "per-head" and (isinstance(self.tau, str) or self.tau <= 0):
            raise ValueError(f"tau={self.tau!r}: choose a positive number, or 'per-head'.")
        if self.penalty <= 0 or self.tau_w <= 0 or self.alpha < 0:
            raise ValueError("penalty and tau_w must be positive, and alpha at least 0.")
        if not 0 <= self.joint < 1:
            raise ValueError(f"joint={self.joint!r}: choose a share from 0 to below 1.")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k={self.top_k}: choose at least 1, or None for all heads.")
