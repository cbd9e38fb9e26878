from typing import ClassVar

import numpy as np
import pytest

from ccsav import CCSAVClassifier, SAVClassifier, episodes, evaluate
from ccsav.evaluation.comparison import class_recalls, compare, summary


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


@pytest.fixture
def results():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 20)
    X = rng.normal(size=(60, 6, 4)) + np.eye(4)[y][:, None] * 2
    groups = np.tile(np.arange(4), 15)
    methods = {"SAV": SAVClassifier(n_heads=3), "paper": CCSAVClassifier.paper()}
    return evaluate(methods, X, y, groups, shots=[1, 4], n_episodes=6, progress=False)


def test_evaluate(results):
    assert len(results) == 2 * 2 * 6
    assert results.groupby("shots")["accuracy"].mean().is_monotonic_increasing
    assert results["accuracy"].between(1 / 3, 1).all()


def test_summary_and_paired_differences(results):
    table = summary(results)
    values = results.query("method == 'SAV' and shots == 4")["accuracy"]
    row = table.loc[("SAV", 4)]
    assert row["mean"] == pytest.approx(values.mean())
    assert row["interval"] == pytest.approx(2.5706 * values.std() / np.sqrt(6), rel=1e-4)
    assert row["episodes"] == 6
    difference = compare(results, "SAV")
    assert difference.index.tolist() == [("paper", 1), ("paper", 4)]
    expected = table.loc[("paper", 1), "mean"] - table.loc[("SAV", 1), "mean"]
    assert difference.loc[("paper", 1), "mean"] == pytest.approx(expected)
    # pairing takes out what the episodes have in common
    wide = results.query("shots == 1").pivot(index="episode", columns="method", values="accuracy")
    spread = (wide["paper"] - wide["SAV"]).std()
    half = difference.loc[("paper", 1), "interval"]
    assert half == pytest.approx(2.5706 * spread / np.sqrt(6), rel=1e-4)
    row = difference.loc[("paper", 1)]
    signs = np.sign(wide["paper"] - wide["SAV"])
    assert (row["win"], row["tie"], row["loss"]) == tuple((signs == v).sum() for v in (1, 0, -1))
    assert summary(results, "macro_f1").loc[("SAV", 4), "mean"] == pytest.approx(
        results.query("method == 'SAV' and shots == 4")["macro_f1"].mean()
    )


def test_groups_are_told_to_those_who_listen():
    class Listener(CCSAVClassifier):
        told: ClassVar = []

        def fit(self, X, y, groups=None):
            self.told.append(groups)
            return super().fit(X, y)

    rng = np.random.default_rng(0)
    y, groups = np.repeat([0, 1], 20), np.tile(np.arange(4), 10)
    X = rng.normal(size=(40, 3, 4))
    for tell in (True, False):
        evaluate(
            {"listener": Listener(), "SAV": SAVClassifier()}, X, y, groups,
            shots=[2], n_episodes=1, progress=False, tell_groups=tell,
        )  # fmt: skip
    assert Listener.told[0].shape == (4,) and Listener.told[1] is None


def test_recall_by_class_is_averaged_over_episodes():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 12)
    X = rng.normal(size=(36, 2, 4)) + 3 * np.eye(4)[y][:, None]
    X[y == 2] = rng.normal(size=(12, 2, 4))  # hardly to be told
    options = {"shots": 3, "n_episodes": 4, "seed": 1}
    found = class_recalls({"SAV": SAVClassifier(1)}, X, y, **options)
    by_hand = np.zeros(3)
    for support, query in episodes(y, **options):
        said = SAVClassifier(1).fit(X[support], y[support]).predict(X[query])
        by_hand += [np.mean(said[y[query] == c] == c) / 4 for c in range(3)]
    np.testing.assert_allclose(found["SAV"], by_hand)
    assert found.index.tolist() == [0, 1, 2]
