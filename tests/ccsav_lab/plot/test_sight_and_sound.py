import numpy as np
import pandas as pd

from ccsav_lab import plot

HEADS = pd.DataFrame({"layer": [0, 0, 1, 1], "head": [0, 1, 0, 1], "kind": "decoder"})
SCORES = pd.DataFrame({"hears": [0.9, 0.1, 0.2, 0.5], "sees": [0.1, 0.8, 0.2, 0.5]}).assign(
    gain=[0.0, -0.1, 0.1, 0.3], interval=0.1, interval_of_all=0.2
)


def test_accuracy_by_kind():
    index = pd.MultiIndex.from_product(
        [["sound", "both"], ["audio", "video"]], names=["kind", "modality"]
    )
    table = pd.DataFrame({"mean": [0.9, 0.3, 0.5, 0.4], "interval": 0.05}, index=index)
    expected = pd.DataFrame({"audio": [1.0, 0.5], "video": [0.25, 0.5]}, index=["sound", "both"])
    figure = plot.accuracy_by_kind(table, expected, 0.1, ["audio", "video"])
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_xticklabels()] == ["told by sound", "told by both"]
    heights = [list(bars[0].get_ydata()) for bars in ax.containers]
    np.testing.assert_allclose(heights, [[90, 50], [30, 40]])
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["a perfect sense, guessing the rest", "given audio", "given video"]
    levels = [lines.get_segments() for lines in ax.collections if lines.get_linewidth() == 2]
    np.testing.assert_allclose([[x[0][1] for x in each] for each in levels], [[100, 50], [25, 50]])


def test_sense_maps():
    figure = plot.sense_maps(SCORES, HEADS)
    hears, sees, gain = [ax.collections[0] for ax in figure.axes[:3]]
    np.testing.assert_allclose(hears.get_array().ravel(), [90, 10, 20, 50])
    assert hears.get_clim() == sees.get_clim() == (0, 90)
    assert gain.get_clim() == (-30, 30)  # white at zero
    assert [text.get_text() for text in figure.axes[2].texts] == ["+0", "-10", "+10", "+30"]


def test_hearing_and_seeing():
    figure = plot.hearing_and_seeing(SCORES, HEADS["layer"], 0.25)
    left, right = figure.axes[:2]
    points = np.asarray(left.collections[0].get_offsets())
    np.testing.assert_allclose(points, 100 * SCORES[["hears", "sees"]].to_numpy())
    assert left.get_xlim() == left.get_ylim() == (0, 100)
    gains = right.containers[-1][0].get_ydata().astype(float)
    np.testing.assert_allclose(gains, [30, 10, 0, -10])
    assert [text.get_text() for text in right.get_legend().get_texts()] == [
        "95 % of studies, all 4 heads", "95 %, one head",
    ]  # fmt: skip


def test_weights_by_modality():
    rng = np.random.default_rng(0)
    weights = {name: rng.dirichlet(np.ones(4), 3).T for name in ("audio", "video")}  # (K, C)
    labels, kinds = ["hop", "owl", "rise"], ["sight", "sound", "sight"]
    figure = plot.weights_by_modality(weights, labels, kinds, HEADS)
    above, below = figure.axes[:2]
    names = [text.get_text() for text in above.get_yticklabels()]
    assert names == ["owl (sound)", "hop (sight)", "rise (sight)"]
    np.testing.assert_allclose(above.images[0].get_array(), 100 * weights["audio"].T[[1, 0, 2]])
    assert above.images[0].get_clim() == below.images[0].get_clim()
    assert [text.get_text() for text in below.get_xticklabels()] == ["0", "1"]


def test_right_by_silence():
    right = {
        q: pd.DataFrame({"intact": [True] * 4, "hearing heads": [share] * 2 + [True] * 2})
        for q, share in (("sound?", False), ("motion?", True))
    }
    (ax,) = plot.right_by_silence(right).axes
    np.testing.assert_allclose(
        [list(bars[0].get_xdata()) for bars in ax.containers], [[100, 50], [100, 100]]
    )
    assert [text.get_text() for text in ax.get_yticklabels()] == ["intact", "hearing heads"]


def test_accuracy_by_step():
    kinds = pd.DataFrame({"told by sound": [0.9, 0.8], "told by sight": [0.9, 0.1]}, index=[1, 0])
    heads = pd.DataFrame({"all heads": [0.9, 0.5]}, index=[1, 0])
    tables = {"light": {"recall": kinds, "accuracy": heads}, "noise": {"recall": kinds}}
    tables["noise"]["accuracy"] = heads
    figure = plot.accuracy_by_step(tables, 0.1)
    assert len(figure.axes) == 4
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata(), [90, 10])
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["1", "0"]
    assert figure.axes[2].get_ylabel() == "accuracy (%)"


def test_winning_sense():
    shares = pd.DataFrame({"as seen": [0.5], "as heard": [0.25], "neither": [0.25]}, ["vote"])
    figure = plot.winning_sense(shares, 8)
    (ax,) = figure.axes
    assert [bar.get_width() for bar in ax.patches] == [50, 25, 25]
    assert [bar.get_x() for bar in ax.patches] == [0, 50, 75]
    assert [text.get_text() for text in ax.texts] == ["50", "25", "25"]
    assert "8 mismatched" in ax.get_xlabel()
