"""What the classifiers of head vectors share: checks of X and y, and prediction from votes."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ccsav.weights.arrays import check_head_vectors


class HeadClassifier(ClassifierMixin, BaseEstimator):
    """A scikit-learn classifier of head vectors; it predicts the class with most of the votes.

    Subclasses have `class_votes`, X (N, K, D) → (N, C), none of them negative.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def predict(self, X) -> np.ndarray:
        """Class of each clip, X (N, K, D) → (N,), one of the labels that `fit` was given."""
        votes = self.class_votes(X)
        return self.classes_[votes.argmax(axis=1)]

    def decision_function(self, X) -> np.ndarray:
        """The votes, (N, C); for two classes those of the second less those of the first, (N,)."""
        votes = self.class_votes(X)
        return votes[:, 1] - votes[:, 0] if len(self.classes_) == 2 else votes

    def predict_proba(self, X) -> np.ndarray:
        """Each class's share of the votes, X (N, K, D) → (N, C); rows sum to 1."""
        votes = self.class_votes(X)
        return votes / votes.sum(axis=1, keepdims=True)

    def _check_fit(self, X, y) -> tuple[torch.Tensor, torch.Tensor]:
        """Check X and y, set the classes; return X as a tensor and y as indices of classes."""
        X = check_head_vectors(X)
        y = np.asarray(y)
        if y.shape != (len(X),):
            raise ValueError(f"y must have one label per clip, ({len(X)},), but has {y.shape}.")
        missing = [i for i, label in enumerate(y) if label is None or label != label]
        if missing:
            raise ValueError(f"y has no label for {len(missing)} clips: {missing[:5]}.")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class only, {self.classes_.tolist()}: give two or more.")
        self.n_heads_in_, self.head_dim_ = X.shape[1:]
        return X, torch.as_tensor(codes, device=X.device)

    def _check_fitted(self, X) -> torch.Tensor:
        """Check that X has the heads that `fit` was given; return it as a tensor."""
        check_is_fitted(self)
        X = check_head_vectors(X)
        if X.shape[2] > self.head_dim_ and not X[:, :, self.head_dim_ :].any():
            X = X[:, :, : self.head_dim_]  # shorter vectors end in zeros
        if X.shape[1:] != (self.n_heads_in_, self.head_dim_):
            raise ValueError(
                f"X has (heads, numbers) = {tuple(X.shape[1:])}, but the classifier was fitted "
                f"on {(self.n_heads_in_, self.head_dim_)}: extract the same heads."
            )
        return X
