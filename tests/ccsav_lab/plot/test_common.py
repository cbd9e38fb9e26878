import numpy as np
import pandas as pd
import pytest

from ccsav_lab import plot

LABELS = np.array(["a", "b", "c"])


def test_confusion():
    true, predicted = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 2, 1, 2])
    ax = plot.confusion(true, predicted, LABELS).axes[0]
    counts = [[2, 0, 1], [0, 1, 0], [0, 0, 1]]
    share = ax.collections[0].get_array().reshape(3, 3)
    np.testing.assert_allclose(share, 100 * np.array(counts) / [[3], [1], [1]])
    assert [t.get_text() for t in ax.texts] == [str(n) for row in counts for n in row]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("answer", "true class")


def test_differences():
    index = pd.MultiIndex.from_product([["x", "y"], ["1 shot", "5 shots"]], names=["task", "n"])
    table = pd.DataFrame({"mean": [0.02, -0.03, 0.01, 0.0], "interval": 0.015}, index=index)
    figure = plot.differences(table, "CALM", group="task")
    left, right = figure.axes
    assert [ax.get_title(loc="left") for ax in (left, right)] == ["x", "y"]
    assert [t.get_text() for t in left.get_yticklabels()] == ["1 shot", "5 shots"]
    assert figure.get_supxlabel() == "difference to CALM (points)"
    filled, open_ = (np.asarray(c.lines[0].get_xdata(), float) for c in left.containers)
    np.testing.assert_allclose(filled, [2, -3])
    assert len(open_) == 0
    drawn = np.asarray(right.containers[1].lines[0].get_xdata(), float)
    np.testing.assert_allclose(drawn, [1, 0])
    (single,) = plot.differences(table.loc["x"], "CALM").axes
    assert single.get_xlabel() == "difference to CALM (points)"


def test_differences_of_panels_with_different_rows():
    index = pd.MultiIndex.from_tuples(
        [("5", "a"), ("5", "b"), ("20", "b")], names=["shots", "task"]
    )
    table = pd.DataFrame({"mean": [0.01, 0.02, 0.03], "interval": 0.001}, index=index)
    left, right = plot.differences(table, "CALM", group="shots").axes
    assert [t.get_text() for t in left.get_yticklabels()] == ["a", "b"]
    assert list(right.containers[0].lines[0].get_ydata()) == [1]  # in the row of b


@pytest.fixture
def table():
    index = pd.MultiIndex.from_product(
        [["decoder heads", "all heads"], ["SAV", "CALM"], [1, 5]],
        names=["heads", "method", "shots"],
    )
    return pd.DataFrame({"mean": np.linspace(0.3, 0.9, 8), "interval": 0.02}, index=index)


def test_accuracy_by_shots(table):
    figure = plot.accuracy_by_shots(table, n_classes=4)
    left, right = figure.axes
    assert [left.get_title(loc="left"), right.get_title(loc="left")] == [
        "decoder heads",
        "all heads",
    ]
    assert left.get_ylabel() == "accuracy on queries (%)"
    assert left.get_xlabel() == "shots (support clips per class)"
    assert left.get_ylim() == (0, 100)
    drawn = np.asarray(left.containers[0][0].get_ydata(), float)
    np.testing.assert_allclose(drawn, 100 * table["mean"].iloc[:2])
    assert [t.get_text() for t in right.get_legend().get_texts()] == ["SAV", "CALM"]
    assert [25, 25] in [list(line.get_ydata()) for line in left.lines]  # chance
    one = plot.accuracy_by_shots(table.xs("all heads", level="heads"), n_classes=4)
    assert len(one.axes) == 1


def test_score_distributions():
    scores = {"a": np.array([0.0, 0.1, 0.9, 1.0]), "b": np.array([0.95])}
    figure = plot.score_distributions(scores, "score", threshold=0.5, bins=2)
    ax = figure.axes[0]
    drawn = [list(patch.get_data()[0]) for patch in ax.patches]
    assert drawn == [[50, 50], [0, 100]]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["a, 4 clips", "b, 1 clips", "threshold, 0.5"]
    assert ax.get_xlabel() == "score"
    assert ax.get_ylim()[0] == 0
    assert len(plot.score_distributions(scores, "score").axes[0].lines) == 0


def test_gain_by_share():
    settings = pd.DataFrame(
        [["CALM", False, 0.2, 0.01], ["CALM", True, 0.7, 0.2], ["CCSAV", False, 0.9, 0.1]],
        columns=["method", "misled", "share", "gain"],
    ).assign(interval=0.005)
    models = pd.DataFrame(
        [["m", "CALM", 0.3, 0.25, 0.4, 0.005, 0.01], ["m", "CCSAV", 0.3, 0.25, 0.4, -0.002, 0.003]],
        columns=["model", "method", "share", "share_low", "share_high", "gain", "interval"],
    )
    borders = pd.DataFrame(
        {"share": [0.5, None], "low": [0.4, 0.8], "high": [0.6, None]}, ["CALM", "CCSAV"]
    )
    figure = plot.gain_by_share(settings, models, borders)
    above, other, below, _ = figure.axes
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == ["CALM", "CCSAV"]
    for ax in (above, below):
        np.testing.assert_allclose(ax.lines[1].get_xdata(), 50)  # the border
        unsure, misled, model = (c.lines[0].get_xydata() for c in ax.containers)
        np.testing.assert_allclose(unsure, [[20, 1]])
        np.testing.assert_allclose(misled, [[70, 20]])
        np.testing.assert_allclose(model, [[30, 0.5]])
        across, up = (bars.get_segments()[0] for bars in ax.containers[2].lines[2])
        np.testing.assert_allclose(across[:, 0], [25, 40])
        np.testing.assert_allclose(up[:, 1], [-0.5, 1.5])
    assert [text.get_text() for text in other.texts] == ["at no share is the mean gain one point"]
    assert not above.texts and below.get_ylim() == (-3, 3)
    assert "m" in [text.get_text() for text in figure.legends[0].get_texts()]
