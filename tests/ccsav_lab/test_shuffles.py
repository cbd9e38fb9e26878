"""Shuffled labels keep the classes' sizes, and groups together."""

import numpy as np

from ccsav_lab.shuffles import shuffled_labels


def test_groups_of_one_class_move_as_a_whole():
    y, groups = np.repeat([0, 1, 2], 8), np.arange(24) // 4
    shuffled = shuffled_labels(y, groups, n=50, seed=0)
    assert shuffled.shape == (50, 24)
    for group in range(6):
        own = shuffled[:, groups == group]
        assert (own == own[:, :1]).all()
    assert (np.sort(shuffled, axis=1) == np.sort(y)).all()
    assert len(np.unique(shuffled, axis=0)) > 20


def test_groups_of_several_classes_are_shuffled_within():
    y, groups = np.tile([0, 0, 1, 2], 5), np.arange(20) // 4
    shuffled = shuffled_labels(y, groups, n=50, seed=0)
    for group in range(5):
        assert (np.sort(shuffled[:, groups == group], axis=1) == [0, 0, 1, 2]).all()
    assert (shuffled != y).any(axis=0).all()


def test_the_seed_decides():
    y, groups = np.repeat([0, 1], 4), np.arange(8)
    first, again, other = (shuffled_labels(y, groups, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
