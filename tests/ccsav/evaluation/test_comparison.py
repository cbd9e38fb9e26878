from typing import ClassVar

import numpy as np
import pytest

from ccsav import CCSAVClassifier, SAVClassifier, episodes, evaluate
from ccsav.evaluation.comparison import class_recalls, compare, fit_with_groups, summary


@pytest.fixture
def results():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 20)
    X = rng.normal(size=(60, 6, 4)) + np.eye(4)[y][:, None] * 2
    groups = np.tile(np.arange(4), 15)
    methods = {"SAV": SAVClassifier(n_heads=3), "CALM": CCSAVClassifier.paper()}
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
    assert difference.index.tolist() == [("CALM", 1), ("CALM", 4)]
    expected = table.loc[("CALM", 1), "mean"] - table.loc[("SAV", 1), "mean"]
    assert difference.loc[("CALM", 1), "mean"] == pytest.approx(expected)
    # pairing takes out what the episodes have in common
    wide = results.query("shots == 1").pivot(index="episode", columns="method", values="accuracy")
    spread = (wide["CALM"] - wide["SAV"]).std()
    half = difference.loc[("CALM", 1), "interval"]
    assert half == pytest.approx(2.5706 * spread / np.sqrt(6), rel=1e-4)
    row = difference.loc[("CALM", 1)]
    signs = np.sign(wide["CALM"] - wide["SAV"])
    assert (row["win"], row["tie"], row["loss"]) == tuple((signs == v).sum() for v in (1, 0, -1))
    assert summary(results, "macro_f1").loc[("SAV", 4), "mean"] == pytest.approx(
        results.query("method == 'SAV' and shots == 4")["macro_f1"].mean()
    )


class GroupRecorder(CCSAVClassifier):
    """Keeps the groups that each `fit` was given."""

    given: ClassVar = []

    def fit(self, X, y, groups=None):
        self.given.append(groups)
        return super().fit(X, y)


def test_groups_are_given_to_classifiers_that_take_them():
    rng = np.random.default_rng(0)
    y, groups = np.repeat([0, 1], 20), np.tile(np.arange(4), 10)
    X = rng.normal(size=(40, 3, 4))
    methods = {"recorder": GroupRecorder(), "SAV": SAVClassifier()}
    GroupRecorder.given.clear()
    for tell in (True, False):
        evaluate(
            methods, X, y, groups, shots=[2], n_episodes=1, progress=False, tell_groups=tell
        )  # fmt: skip
    assert GroupRecorder.given[0].shape == (4,) and GroupRecorder.given[1] is None


def test_fitting_with_groups():
    y, groups = np.repeat([0, 1], 4), np.tile([0, 1], 4)
    X = np.random.default_rng(0).normal(size=(8, 3, 4))
    GroupRecorder.given.clear()
    for method in (GroupRecorder(), SAVClassifier(n_heads=2)):
        fitted = fit_with_groups(method, X, y, groups)
        assert fitted is not method and not hasattr(method, "classes_")  # a clone is fitted
        assert fitted.predict(X).shape == (8,)
    fit_with_groups(GroupRecorder(), X, y, None)
    assert GroupRecorder.given[0] is groups and GroupRecorder.given[1] is None


def test_recall_by_class_is_averaged_over_episodes():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 12)
    X = rng.normal(size=(36, 2, 4)) + 3 * np.eye(4)[y][:, None]
    X[y == 2] = rng.normal(size=(12, 2, 4))  # hard to tell apart
    options = {"shots": 3, "n_episodes": 4, "seed": 1}
    found = class_recalls({"SAV": SAVClassifier(1)}, X, y, **options)
    by_hand = np.zeros(3)
    for support, query in episodes(y, **options):
        predicted = SAVClassifier(1).fit(X[support], y[support]).predict(X[query])
        by_hand += [np.mean(predicted[y[query] == c] == c) / 4 for c in range(3)]
    np.testing.assert_allclose(found["SAV"], by_hand)
    assert found.index.tolist() == [0, 1, 2]
