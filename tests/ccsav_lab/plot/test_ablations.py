import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from ccsav_lab import plot

NAMES = ["tau = 0.03", "tau = 0.2", "alpha = 0", "alpha = 10"]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def table(rows):
    index = pd.MultiIndex.from_tuples([(name, 5) for name in rows], names=["method", "shots"])
    return pd.DataFrame(list(rows.values()), index, columns=["mean", "interval"])


def points(ax, marker):
    """Of all series with this marker: (filled, [[x, y], …])."""
    lines = [line for line in ax.lines if line.get_marker() == marker]
    return [(line.get_markerfacecolor() != "white", line.get_xydata().tolist()) for line in lines]


def test_variant_differences():
    first = table({"tau = 0.03": (-0.1, 0.02), "alpha = 10": (0.01, 0.03)})
    second = table({"alpha = 10": (0.2, 0.01), "tau = 0.2": (0, 0.1), "alpha = 0": (0.3, 0.4)})
    left, right = plot.variant_differences({"CCSAV": first, "CALM": second}, NAMES).axes
    assert [t.get_text() for t in left.get_yticklabels()] == NAMES
    at = dict(zip(NAMES, left.get_yticks(), strict=True))
    np.testing.assert_allclose(np.diff(list(at.values())), [1, 1.7, 1])  # options stand apart
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim()[0] > left.get_ylim()[1]  # the first row on top
    assert points(left, "|")[0][1] == [[0, at["tau = 0.2"]], [0, at["alpha = 0"]]]
    (_, clear), (_, unclear) = sorted(points(left, "o"), reverse=True)
    assert clear == [[-10, at["tau = 0.03"]]]
    assert unclear == [[1, at["alpha = 10"]]]
    (filled, clear), (empty, unclear) = sorted(points(right, "o"), reverse=True)
    assert (filled, empty) == (True, False)
    assert clear == [[20, at["alpha = 10"]]]
    assert unclear == [[0, at["tau = 0.2"]], [30, at["alpha = 0"]]]


def test_accuracy_by_head_count():
    rows = {f"{way} {k}": (0.01 * k + i / 10, 0.02) for i, way in enumerate("ab") for k in (20, 5)}
    panels = {"one": table(rows), "two": table(rows)}
    figure = plot.accuracy_by_head_count(panels, "x", "y", {"chance": 0.25})
    left, right = figure.axes
    assert [t.get_text() for t in left.get_xticklabels()] == ["5", "20"]
    drawn = {c.get_label(): c.lines[0].get_ydata(orig=False) for c in right.containers}
    np.testing.assert_allclose(drawn["a"], [5, 20])
    np.testing.assert_allclose(drawn["b"], [15, 30])
    assert left.get_ylabel() == "y"
    assert right.get_xlabel() == "x"
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a", "b"]
    assert [t.get_text() for t in left.texts] == ["chance"]
    assert left.texts[0].xy == (1, 25)


def test_change_maps():
    changes = np.array([[-0.5, 0.1], [np.nan, -0.2]])
    figure = plot.change_maps({"vote": changes, "words": changes / 2}, np.array(["dog", "rain"]))
    vote, words, scale = figure.axes
    np.testing.assert_allclose(vote.images[0].get_array().filled(np.nan), 100 * changes)
    assert vote.images[0].get_clim() == words.images[0].get_clim() == (-50, 10)
    assert [t.get_text() for t in vote.get_yticklabels()] == ["dog", "rain"]
    assert [t.get_text() for t in words.get_xticklabels()] == ["dog", "rain"]
    np.testing.assert_allclose([p.get_center() for p in vote.patches], [[0, 0], [1, 1]])
    assert scale.get_ylabel() == "change in recall (points)"
    only_gains = plot.change_maps({"": np.full((2, 2), 0.1)}, np.array(["a", "b"]))
    assert only_gains.axes[0].images[0].get_clim() == (0, 10)


def test_silenced_layers():
    weight = pd.Series([0.1, 0.9], [0, 1])
    right = {"zeros": pd.Series([0.2, 1.0], [0, 1]), "means": pd.Series([0.0, 0.9], [0, 1])}
    above, below = plot.silenced_layers(weight, right, 0.95).axes
    assert [p.get_height() for p in above.patches] == [10, 90]
    drawn = {line.get_label(): line.get_ydata() for line in below.lines}
    np.testing.assert_allclose(drawn["zeros"], [20, 100])
    np.testing.assert_allclose(drawn["means"], [0, 90])
    np.testing.assert_allclose(drawn["intact"], [95, 95])
    assert below.get_ylim() == (0, 108)
