import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ccsav_lab import plot


@pytest.fixture
def heads():
    rows = [(layer, kind) for kind in ("decoder", "encoder") for layer in (0, 0, 1, 1)]
    return pd.DataFrame(rows, columns=["layer", "kind"])


@pytest.fixture
def table():
    values = np.random.default_rng(0).uniform(size=(8, 3))
    return pd.DataFrame(values, columns=["ant", "bat", "cat"])


def test_selectivity_ranks():
    rng = np.random.default_rng(0)
    reference = rng.uniform(size=(50, 4))
    values = pd.Series([0.3, 0.1, 0.9, 0.2], index=["a", "b", "c", "d"])
    figure = plot.selectivity_ranks(values, {"made up": reference})
    points, middle = figure.axes[0].lines
    np.testing.assert_allclose(points.get_ydata(), [0.1, 0.2, 0.3, 0.9])
    np.testing.assert_allclose(middle.get_ydata(), np.median(np.sort(reference, 1), 0))
    band = figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose(band.max(), np.quantile(reference.max(1), 0.975))
    assert [t.get_text() for t in figure.axes[0].texts] == ["c"]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["heads", "made up"]


def test_class_matrix():
    names = ["ant", "bat", "cat"]
    alike = pd.DataFrame([[1, 0.5, -0.2], [0.5, 1, 0.1], [-0.2, 0.1, 1]], names, names)
    families = pd.Series({"cat": "felines", "ant": "insects", "bat": "felines"})
    figure = plot.class_matrix(alike, families)
    ax, scale = figure.axes
    drawn = ax.images[0].get_array()
    assert np.ma.getmaskarray(np.ma.masked_invalid(drawn)).diagonal().all()
    assert drawn[0, 2] == -0.2 and ax.images[0].get_clim() == (-0.2, 0.5)
    assert [t.get_text() for t in ax.texts] == ["a", "b", "b"]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a  insects", "b  felines"]
    assert [t.get_text() for t in ax.get_yticklabels()] == names
    assert scale.get_ylabel() == "correlation"
    assert not plot.class_matrix(alike).legends


def test_depth_profile(heads, table):
    recall, picky = table.mean(axis=1), table.max(axis=1)
    figure = plot.depth_profile({"recall": recall, "selectivity": picky}, heads)
    assert len(figure.axes) == 4
    points, mean = figure.axes[3].lines  # selectivity of encoder heads
    np.testing.assert_allclose(points.get_ydata(), picky[4:])
    np.testing.assert_allclose(mean.get_ydata(), [picky[4:6].mean(), picky[6:].mean()])
    assert figure.axes[2].get_ylabel() == "selectivity"
    assert figure.axes[3].get_xlabel() == "layer"


def test_depth_map(heads, table):
    figure = plot.depth_map(table, heads)
    decoder, encoder, scale = figure.axes
    expected = 100 * np.array([table[4:6].mean(), table[6:].mean()])
    np.testing.assert_allclose(encoder.images[0].get_array(), expected.T)
    np.testing.assert_array_equal(encoder.lines[0].get_xdata(), expected.argmax(0))
    assert decoder.images[0].get_clim() == encoder.images[0].get_clim()
    assert [t.get_text() for t in decoder.get_yticklabels()] == ["ant", "bat", "cat"]
    assert scale.get_ylabel() == "mean recall (%)"


def test_tuning_curves():
    rng = np.random.default_rng(0)
    rows = [(v, i, k, rng.uniform()) for v in (100, 1000) for i in range(5) for k in (3, 8)]
    table = pd.DataFrame(rows, columns=["value", "clip", "head", "response"])
    figure = plot.tuning_curves(
        table, {8: "good", 3: "bad"}, "pitch (Hz)", chance=0.1, own=(200, 500)
    )
    ax = figure.axes[0]
    line, _, (bars,) = ax.containers[0]
    own = table[(table["head"] == 8) & (table["value"] == 1000)]["response"]
    np.testing.assert_allclose(line.get_ydata()[1], 100 * own.mean())
    low, high = bars.get_segments()[1][:, 1]
    expected = stats.t.interval(0.95, 4, own.mean(), stats.sem(own))
    np.testing.assert_allclose([low, high], 100 * np.array(expected))
    legend = {t.get_text() for t in figure.legends[0].get_texts()}
    assert legend == {"the class's own range", "good", "bad", "chance"}
    assert ax.get_xscale() == "log" and ax.get_xlabel() == "pitch (Hz)"
    plain = plot.tuning_curves(table, {3: "a"}, "x", scale=1, log=False, ylabel="cosine").axes[0]
    assert plain.get_xscale() == "linear" and plain.get_ylabel() == "cosine"
    assert plain.get_ylim()[1] < 3
