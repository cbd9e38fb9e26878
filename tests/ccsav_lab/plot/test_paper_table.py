import numpy as np
import pandas as pd
import pytest

from ccsav_lab import plot


def drawn_lines(ax):
    """Where the vertical lines of the whole height stand, by label."""
    lines = [line for line in ax.lines if list(line.get_ydata()) == [0, 1]]
    return {line.get_label(): line.get_xdata()[0] for line in lines}


def table(metric="accuracy"):
    rows = {
        ("", "zero-shot, open, rank"): (0.9, np.nan),
        ("", "zero-shot, mcq, rank"): (0.95, np.nan),
    }
    for heads in ("decoder heads", "all heads"):
        rows |= {(heads, "SAV"): (0.7, 0.02), (heads, "CCSAV"): (0.8, 0.01)}
    index = pd.MultiIndex.from_tuples(rows, names=["heads", "method"])
    return pd.DataFrame(list(rows.values()), index, [metric, f"{metric}_interval"])


def test_zero_shot_forms():
    right = {"open": np.array([1, 0, 1, 1], bool), "with options": np.ones(4, bool)}
    figure = plot.zero_shot_forms(right, {"open": 0.02, "with options": 0.25})
    (ax,) = figure.axes
    points = [c.lines[0].get_xydata().tolist() for c in ax.containers]
    assert points == [[[75, 0]], [[100, 1]]]
    whiskers = ax.containers[0].lines[2][0].get_segments()[0][:, 0]
    assert whiskers == pytest.approx([30.06, 95.44], abs=0.01)  # Wilson, 3 of 4
    chances = [line.get_xdata()[0] for line in ax.lines if line.get_color() == "0.4"]
    assert chances == [2, 25]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["open (chance 2 %)", "with options (chance 25 %)"]


def test_accuracy_by_method():
    whole, enlarged = plot.accuracy_by_method(table(), 0.1).axes
    assert drawn_lines(whole) == {
        "zero-shot, open, rank": 90,
        "zero-shot, with options, rank": 95,
        "chance of all classes": 10,
    }
    assert whole.get_xlim() == (-1, 101)
    low, high = enlarged.get_xlim()
    assert 60 < low < 68 and 90 < high < 95  # one line is near the methods, the other is not
    assert [label.get_text() for label in whole.get_yticklabels()] == ["SAV", "CCSAV"]
    for ax in (whole, enlarged):
        assert [c.get_label() for c in ax.containers] == ["decoder heads", "all heads"]
        np.testing.assert_allclose(ax.containers[1].lines[0].get_xydata()[:, 0], [70, 80])


def test_accuracy_by_method_without_answers_or_chance():
    few = table("exact_match").drop(index="", level="heads")
    few["exact_match_interval"] = np.nan  # one episode: no interval
    whole, enlarged = plot.accuracy_by_method(few, None, "exact_match").axes
    assert drawn_lines(whole) == {} == drawn_lines(enlarged)
    assert enlarged.get_xlabel() == "exact match (%)"
    assert enlarged.get_xlim() == (69, 81)


def test_chosen_on_test():
    taus = [0.01, 0.1, 1.0]
    accuracy = np.array([[0.5, 0.7, 0.6], [0.8, 0.8, 0.7], [0.9, 0.9, 0.9]])
    above, below = plot.chosen_on_test(taus, accuracy, 0.1).axes
    np.testing.assert_allclose(above.lines[3].get_ydata(), 100 * accuracy.mean(axis=0))
    heights = [bar.get_height() for bar in below.patches]
    np.testing.assert_allclose(heights, [1 / 2 + 1 / 3, 1 + 1 / 2 + 1 / 3, 1 / 3])
    assert sum(heights) == pytest.approx(len(accuracy))
    assert drawn_lines(above) == {"fixed beforehand": 0.1}


def test_recall_by_sense():
    recall = pd.DataFrame(
        {"audio": [0.5, 0.1, 0.9, 0.4], "video": [0.5, 0.8, 0.2, 0.4], "both": [0.5, 0.7, 1, 0.6]},
        index=["same", "seen", "heard", "bound"],
    )
    ax = plot.recall_by_sense(recall).axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["heard", "bound", "same", "seen"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["audio", "video", "both"]
    assert [t.get_text() for t in ax.texts][:3] == ["90", "20", "100"]
    ax = plot.recall_by_sense(recall, most=2).axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["heard", "seen"]
