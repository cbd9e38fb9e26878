import numpy as np
import pandas as pd
import pytest

from ccsav_lab import plot


@pytest.fixture
def heads():
    rows = [
        (layer, head, kind)
        for kind in ("decoder", "encoder")
        for layer in (0, 1)
        for head in range(3)
    ]
    return pd.DataFrame(rows, columns=["layer", "head", "kind"])


@pytest.fixture
def table():
    index = pd.MultiIndex.from_product(
        [["decoder heads", "all heads"], ["SAV", "paper"], [1, 5]],
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
    assert [t.get_text() for t in right.get_legend().get_texts()] == ["SAV", "paper"]
    assert [25, 25] in [list(line.get_ydata()) for line in left.lines]  # chance
    one = plot.accuracy_by_shots(table.xs("all heads", level="heads"), n_classes=4)
    assert len(one.axes) == 1


def test_weight_heatmap(heads):
    weights = np.random.default_rng(0).dirichlet(np.ones(12), size=3).T  # (K, C)
    figure = plot.weight_heatmap(weights, np.array(["a", "b", "c"]), heads)
    decoder, encoder, scale = figure.axes
    np.testing.assert_allclose(encoder.images[0].get_array(), 100 * weights[6:].T)
    assert [t.get_text() for t in decoder.get_yticklabels()] == ["a", "b", "c"]
    assert [t.get_text() for t in decoder.get_xticklabels()] == ["0", "1"]
    assert decoder.images[0].get_clim() == encoder.images[0].get_clim() == (0, 100 * weights.max())
    assert scale.get_ylabel() == "weight (%)"


def test_head_map(heads):
    values = np.linspace(0.1, 0.9, 12)
    figure = plot.head_map(values, heads, "accuracy (%)", chance=0.25)
    decoder, encoder = figure.axes[:2]
    np.testing.assert_allclose(
        decoder.collections[0].get_array().reshape(2, 3)[1, 2], 100 * values[5]
    )
    assert encoder.collections[0].get_clim() == (25, 90)
    assert decoder.get_ylabel() == "layer"
    assert decoder.get_xlabel() == "head"


def test_spectrogram_page():
    tone = np.log(np.full((50, 16), 1e-6))
    tone[:, 4] = 0
    figure = plot.spectrogram_page(
        {"alarms": {"siren": tone, "bell": tone}, "animals": {"dog": tone}}, 2
    )
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title(loc="left") for ax in drawn] == ["siren", "bell", "dog"]
    np.testing.assert_allclose(drawn[0].images[0].get_array()[4], 0)
    np.testing.assert_allclose(drawn[0].images[0].get_array()[0], -60)
    assert drawn[0].get_ylabel() == "alarms"


def test_the_same_figure_is_the_same_file(table, tmp_path):
    files = [plot.save(plot.accuracy_by_shots(table, 4), tmp_path / name) for name in "ab"]
    for a, b in zip(*files, strict=True):
        assert a.read_bytes() == b.read_bytes()
    assert [f.suffix for f in files[0]] == [".png", ".svg"]
