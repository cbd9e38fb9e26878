import numpy as np
import pytest

from ccsav import episodes


def check(y, groups, drawn, shots):
    for support, query in drawn:
        assert set(groups[support]).isdisjoint(groups[query])
        assert len(set(support)) == len(support)
        labels, counts = np.unique(y[support], return_counts=True)
        assert labels.tolist() == np.unique(y).tolist()
        assert set(counts) == {shots}
        assert set(y[query]) == set(y)


def test_groups_that_cross_classes():
    """Like ESC-10's folds: every class in every group."""
    y, groups = np.repeat(np.arange(4), 30), np.tile(np.arange(5), 24)
    drawn = list(episodes(y, groups, shots=7, n_episodes=20))
    assert len(drawn) == 20
    check(y, groups, drawn, 7)
    assert len({tuple(sorted(set(groups[s]))) for s, _ in drawn}) > 3
    assert all(len(query) == 24 * (5 - len(set(groups[s]))) for s, query in drawn)


def test_groups_within_classes():
    """Like source recordings: a group belongs to one class, and groups are small."""
    y = np.repeat(np.arange(5), 12)
    groups = np.arange(60) // 2
    check(y, groups, list(episodes(y, groups, shots=9, n_episodes=10)), 9)


def test_without_groups_every_other_clip_is_a_query():
    y = np.repeat(["a", "b"], 10)
    for support, query in episodes(y, shots=3, n_episodes=5):
        assert sorted([*support, *query]) == list(range(20))


def test_seeds():
    y = np.repeat(np.arange(3), 10)

    def first(seed):
        return next(iter(episodes(y, shots=2, n_episodes=1, seed=seed)))[0].tolist()

    assert first(1) == first(1) != first(2)


def test_impossible_requests_say_what_is_short():
    y = np.array([*"aaaaaaaaaa", *"bbb"])
    with pytest.raises(
        ValueError, match=r"3 shots .* class 'b' has 3 clips in 3 groups.* at most 2"
    ):
        list(episodes(y, shots=3, n_episodes=1))
    groups = np.array([0] * 5 + [1] * 5 + [0, 0, 0])
    with pytest.raises(
        ValueError, match=r"1 shots .* class 'b' has 3 clips in 1 groups, so at most 0"
    ):
        list(episodes(y, groups, shots=1, n_episodes=1))
    with pytest.raises(ValueError, match="must both be at least 1"):
        list(episodes(y, shots=0, n_episodes=1))
    with pytest.raises(ValueError, match="2 entries for 13 clips"):
        list(episodes(y, [0, 1], shots=1, n_episodes=1))


def test_impossible_only_together():
    """Each class alone has enough, but they need the same groups."""
    y = np.array([*"aaaabbbb"])
    groups = np.array([0, 0, 0, 1, 0, 1, 1, 1])
    with pytest.raises(ValueError, match="no division of the 2 groups leaves every class a query"):
        list(episodes(y, groups, shots=3, n_episodes=1))
