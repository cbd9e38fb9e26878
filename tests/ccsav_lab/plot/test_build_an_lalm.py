import numpy as np
import pandas as pd

from ccsav_lab import plot


def test_loss_and_right_names():
    losses, right = np.array([3.0, 2.0, 1.0]), pd.Series([0.0, 0.5], index=[0, 3])
    left, ax = plot.loss_and_right_names(losses, right, 12, 0.25).axes
    np.testing.assert_array_equal(left.lines[0].get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(left.lines[0].get_ydata(), losses)
    assert left.get_ylim()[0] == 0
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0, 3])
    assert ax.get_title(loc="left") == "12 unheard clips"
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0, 50])
    assert list(ax.lines[1].get_ydata()) == [25, 25]
    assert ax.get_ylim() == (0, 100)


def test_heads_by_connector():
    table = pd.DataFrame({"random": [0.5, 0.25], "trained": [0.75, 1.0]}, index=[0, 1])
    figure = plot.heads_by_connector({"these": table, "those": 0.5 * table}, 0.25)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["these", "those"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["random", "trained"]
    drawn = [list(line.get_ydata()) for line in figure.axes[1].lines]
    assert drawn == [[25, 12.5], [37.5, 50], [25, 25]]
