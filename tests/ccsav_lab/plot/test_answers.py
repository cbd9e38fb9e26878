import numpy as np
import pandas as pd

from ccsav_lab import plot

LABELS = np.array(["a", "b", "c"])


def test_guesses():
    waves = [np.sin(np.arange(8000) * k) for k in (0.1, 1.0)]
    votes = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]])
    figure = plot.guesses(waves, 16_000, np.array([1, 2]), votes, LABELS, "votes (%)")
    titles = [ax.get_title(loc="left") for ax in figure.axes[:2]]
    assert titles == ["✓ b", "✗ c"]
    bars = [bar.get_width() for bar in figure.axes[3].patches]
    np.testing.assert_allclose(bars, 100 * votes[1])
    assert [bool(bar.get_hatch()) for bar in figure.axes[3].patches] == [False, False, True]
    assert figure.axes[2].get_xlabel() == "votes (%)"


def test_confusion():
    true, said = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 2, 1, 2])
    ax = plot.confusion(true, said, LABELS).axes[0]
    counts = [[2, 0, 1], [0, 1, 0], [0, 0, 1]]
    share = ax.collections[0].get_array().reshape(3, 3)
    np.testing.assert_allclose(share, 100 * np.array(counts) / [[3], [1], [1]])
    assert [t.get_text() for t in ax.texts] == [str(n) for row in counts for n in row]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("answer", "true class")


def test_differences():
    index = pd.MultiIndex.from_product([["x", "y"], ["1 shot", "5 shots"]], names=["task", "n"])
    table = pd.DataFrame({"mean": [0.02, -0.03, 0.01, 0.0], "interval": 0.015}, index=index)
    left, right = plot.differences(table, "paper", group="task").axes
    assert [ax.get_title(loc="left") for ax in (left, right)] == ["x", "y"]
    assert [t.get_text() for t in left.get_yticklabels()] == ["1 shot", "5 shots"]
    assert left.get_xlabel() == "difference to paper (points)"
    filled, open_ = (np.asarray(c.lines[0].get_xdata(), float) for c in left.containers)
    np.testing.assert_allclose(filled, [2, -3])
    assert len(open_) == 0
    drawn = np.asarray(right.containers[1].lines[0].get_xdata(), float)
    np.testing.assert_allclose(drawn, [1, 0])
    assert len(plot.differences(table.droplevel("task"), "paper").axes) == 1
