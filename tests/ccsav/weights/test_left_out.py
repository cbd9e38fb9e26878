import numpy as np
import pytest
import torch

from ccsav import CCSAVClassifier
from ccsav.weights.left_out import leave_out, similar_clips


def test_a_class_of_one_clip_gets_the_mean_over_the_other_classes(task):
    X, y = task
    few = np.r_[0, 1, 2, 4, 5, 7, 8]  # class 0 once, classes 1 and 2 three times
    r = CCSAVClassifier(alpha=0).fit(X[few], y[few]).reliability_
    np.testing.assert_allclose(r[:, 0], r[:, 1:].mean(1), rtol=1e-5)
    assert not np.allclose(r[:, 1], r[:, 2])


def test_one_shot_falls_back_to_resubstitution(task):
    X, y = task
    one = CCSAVClassifier(0.07, alpha=0, tau_w=1, floor=0).fit(X[:3], y[:3])
    calm = CCSAVClassifier.calm(0.07).fit(X[:3], y[:3])
    np.testing.assert_allclose(one.weights_, calm.weights_, rtol=1e-6)
    assert one.score(X, y) > 0.5


def test_one_shot_with_groups_gives_less_weight_to_heads_that_depend_on_the_group():
    rng = np.random.default_rng(0)
    y, speaker = np.tile(np.arange(8), 20), rng.integers(0, 4, 160)
    noise = rng.normal(size=(160, 10, 16))
    X = noise + 0.6 * rng.normal(size=(8, 10, 16))[y]
    X[:, 5:] = noise[:, 5:] + 2 * rng.normal(size=(4, 5, 16))[speaker]  # these differ by speaker
    one = slice(0, 8)
    grouped = CCSAVClassifier().fit(X[one], y[one], groups=speaker[one])
    ungrouped = CCSAVClassifier().fit(X[one], y[one])
    assert grouped.weights_[5:].sum() < 0.5 * ungrouped.weights_[5:].sum()
    assert grouped.score(X[8:], y[8:]) > ungrouped.score(X[8:], y[8:]) + 0.05


def test_a_class_of_one_clip_is_left_to_the_prototypes(task):
    X, y = task
    few = np.r_[0, np.flatnonzero(y > 0)[:40]]  # class 0 once
    clf = CCSAVClassifier().fit(X[few], y[few])
    assert clf.readouts_ == ("prototype",) and clf.joint_share_ == 0 and clf.calibration_ != 1
    ridge = CCSAVClassifier(readout="ridge", joint=0)
    assert ridge.fit(X[few], y[few]).readouts_ == ("prototype",)


def test_leave_one_out_does_not_overrate_useless_heads(task):
    X, y = task
    left_out = CCSAVClassifier(alpha=0).fit(X[:12], y[:12]).reliability_[6:].mean()
    resubstituted = CCSAVClassifier.calm().fit(X[:12], y[:12]).reliability_[6:].mean()
    assert left_out < 0.6 * resubstituted


@pytest.fixture
def sources(task):
    """Half of the heads only encode the clip's source, which single clips left out do not show."""
    X, y = task
    rng = np.random.default_rng(1)
    source = np.arange(90) // 30
    X = X.copy()
    X[:, 6:] = rng.normal(size=(9, 6, 8))[3 * source + y] + 0.1 * rng.normal(size=(90, 6, 8))
    return X, y, source


def test_groups_are_left_out_where_enough_is_left(sources):
    X, y, source = sources
    singly = CCSAVClassifier().fit(X, y, groups=np.arange(90))
    grouped = CCSAVClassifier().fit(X, y, groups=source)
    assert singly.weights_[6:].sum() > 1
    assert grouped.weights_[6:].sum() < 0.2
    few = np.r_[0:6, 30:36]  # too few clips outside of a group
    a = CCSAVClassifier().fit(X[few], y[few], groups=source[few])
    b = CCSAVClassifier().fit(X[few], y[few])
    np.testing.assert_array_equal(a.weights_, b.weights_)
    with pytest.raises(ValueError, match=r"groups has shape \(2,\) for 90 clips"):
        CCSAVClassifier().fit(X, y, groups=[0, 1])


def test_similar_clips_stand_in_for_groups_that_are_not_given(task):
    X, y = task
    chosen = np.concatenate([np.flatnonzero(y == c)[:9] for c in range(3)])
    recording = np.repeat(np.arange(9), 3)  # three of each class, of three clips each
    X, y, rng = X[chosen].copy(), y[chosen], np.random.default_rng(2)
    X[:, 6:] = rng.normal(size=(9, 6, 8))[recording] + 0.1 * rng.normal(size=(27, 6, 8))
    clusters = similar_clips(torch.as_tensor(X), torch.as_tensor(y))
    pairs = clusters[:, None] == clusters
    np.testing.assert_array_equal(pairs, recording[:, None] == recording)
    singly = CCSAVClassifier().fit(X, y, groups=np.arange(27))
    found = CCSAVClassifier().fit(X, y)
    assert found.weights_[6:].sum() < 0.5 * singly.weights_[6:].sum()


def test_clips_that_are_left_out_together():
    y = torch.tensor([0, 0, 0, 0, 0, 1])
    X = torch.ones(6, 1, 2)
    singly = leave_out(X, y)
    assert singly.usable.tolist() == [True] * 5 + [False]  # class 1 has no other clip
    assert singly.y.tolist() == [0] * 5
    assert len(singly.left_out.unique()) == 6
    y = torch.arange(24) % 2
    assert leave_out(X, y, np.arange(24) // 6).left_out.tolist() == (np.arange(24) // 6).tolist()
    one_shot = leave_out(X, torch.arange(3), ["a", "b", "a"])
    assert one_shot.one_shot
    assert one_shot.groups.tolist() == [0, 1, 0]
