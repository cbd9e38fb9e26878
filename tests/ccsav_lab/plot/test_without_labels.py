"""Figures of the lesson on labels from the model's answers show the numbers they are given."""

import numpy as np
import pandas as pd
import pytest

from ccsav_lab import plot


def triples(*means):
    return pd.DataFrame([{"low": m - 0.1, "mean": m, "high": m + 0.05} for m in means])


def test_accuracies():
    table = triples(0.5, 0.7).set_axis(["x", "y"])
    ax = plot.accuracies(table.assign(chance=[0.1, 0.25]), "right (%)").axes[0]
    drawn = ax.containers[0]
    np.testing.assert_allclose(np.asarray(drawn.lines[0].get_xdata(), float), [50, 70])
    reach = [part[:, 0].tolist() for part in drawn.lines[2][0].get_segments()]
    np.testing.assert_allclose(reach, [[40, 55], [60, 75]])
    np.testing.assert_allclose(np.asarray(ax.lines[-1].get_xdata(), float), [10, 25])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["x", "y"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first line on top
    assert plot.accuracies(table).axes[0].get_legend() is None


def test_shares_by_threshold():
    table = pd.concat({"kept": triples(0.9, 0.6), "right": triples(0.5, 0.8)}, axis=1)
    ax = plot.shares_by_threshold(table.set_axis([0.5, 1.0])).axes[0]
    np.testing.assert_allclose(ax.lines[1].get_xydata(), [[0.5, 50], [1, 80]])
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((50, 95))
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["kept", "right"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.5", "1"]


def test_kept_by_class():
    kept = pd.DataFrame([[1, 0.5], [0.9, 0.25]], ["dog", "rain"], [0.2, 1.0])
    ax = plot.kept_by_class(kept).axes[0]
    np.testing.assert_allclose(ax.collections[0].get_array().reshape(2, 2), 100 * kept)
    assert [t.get_text() for t in ax.texts] == ["100", "50", "90", "25"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["dog", "rain"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.2", "1"]


def test_accuracy_by_wrong_labels():
    index = pd.MultiIndex.from_product([["x", "y"], [0.0, 0.5]], names=["method", "shots"])
    table = pd.DataFrame({"mean": [0.9, 0.6, 0.8, 0.7], "interval": 0.02}, index)
    ax = plot.accuracy_by_wrong_labels(table, n_classes=4).axes[0]
    x, y = (np.asarray(part, float) for part in ax.containers[1].lines[0].get_data())
    np.testing.assert_allclose(y, [80, 70])
    np.testing.assert_allclose(x, [0, 50], atol=1)
    assert 25 in np.ravel([line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 2])
    assert ax.get_ylim() == (0, 100)


def test_before_and_after():
    rng = np.random.default_rng(0)
    pairs = {name: (rng.random(5), rng.random(5)) for name in ("hit", "others")}
    ax = plot.before_and_after(pairs, "first", "second").axes[0]
    for cloud, pair in zip(ax.collections, pairs.values(), strict=True):
        np.testing.assert_allclose(cloud.get_offsets(), np.transpose(pair))
    assert ax.get_xlim() == ax.get_ylim()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("first", "second")
