import numpy as np
import pytest

from ccsav import SAVClassifier


def test_sav_tie_goes_to_the_class_voted_first():
    mu = np.eye(3, dtype=np.float32)
    X = np.stack([mu, mu], axis=1)  # (3 classes, 2 heads, 3 numbers)
    sav = SAVClassifier(n_heads=2).fit(X, ["a", "b", "c"])
    sav.heads_ = np.array([1, 0])
    clip = np.stack([mu[0], mu[2]])[None]  # head 0 votes a, head 1 votes c; head 1 is the better
    assert sav.predict(clip).tolist() == ["c"]
    assert sav.decision_function(clip).argsort()[0].tolist() == [1, 0, 2]


def test_fewer_than_one_voter(task):
    with pytest.raises(ValueError, match="n_heads=0: choose a whole number"):
        SAVClassifier(n_heads=0).fit(*task)
