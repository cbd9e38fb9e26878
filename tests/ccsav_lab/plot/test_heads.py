import numpy as np
import pandas as pd
import pytest

from ccsav_lab import plot, specialise


@pytest.fixture
def heads():
    rows = [
        (layer, head, kind)
        for kind in ("decoder", "encoder")
        for layer in (0, 1)
        for head in range(3)
    ]
    return pd.DataFrame(rows, columns=["layer", "head", "kind"])


def test_weight_heatmap(heads):
    weights = np.random.default_rng(0).dirichlet(np.ones(12), size=3).T  # (K, C)
    figure = plot.weight_heatmap(weights, np.array(["a", "b", "c"]), heads)
    decoder, encoder, scale = figure.axes
    np.testing.assert_allclose(encoder.images[0].get_array(), 100 * weights[6:].T)
    assert [t.get_text() for t in decoder.get_yticklabels()] == ["a", "b", "c"]
    assert [t.get_text() for t in decoder.get_xticklabels()] == ["0", "1"]
    assert decoder.images[0].get_clim() == encoder.images[0].get_clim() == (0, 100 * weights.max())
    assert scale.get_ylabel() == "weight (%)"


def test_specialisation_map(heads):
    rng = np.random.default_rng(0)
    recalls = pd.DataFrame(rng.uniform(size=(12, 3)), columns=["ant", "bat", "cat"])
    recalls.iloc[7] = 1 / 3  # a head at chance for all classes
    decoder, encoder, scale = plot.specialisation_map(recalls, heads).axes
    points = 100 * specialise.interaction(recalls.drop(index=7))
    order = specialise.order(specialise.similarity(points))
    assert [t.get_text() for t in decoder.get_yticklabels()] == order
    shown = np.hstack([ax.images[0].get_array().filled(np.nan) for ax in (decoder, encoder)])
    np.testing.assert_allclose(np.delete(shown, 7, axis=1), points[order].T)
    assert np.isnan(shown[:, 7]).all()
    low, high = decoder.images[0].get_clim()
    assert -low == high == points.abs().to_numpy().max()
    assert encoder.images[0].get_clim() == (low, high)
    assert scale.get_ylabel() == "recall above what head and\nclass alone give (points)"


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


def test_only_pairs_that_pass_are_coloured():
    rng = np.random.default_rng(0)
    heads = pd.DataFrame({"layer": [0, 0, 1, 1], "head": [0, 1, 0, 1], "kind": "decoder"})
    recalls = pd.DataFrame(rng.uniform(size=(4, 3)), columns=list("abc"))
    index = pd.MultiIndex.from_product([range(4), list("abc")], names=["head", "class"])
    tested = pd.DataFrame({"excess": 0.1, "p_corrected": 0.9}, index)
    tested.loc[(2, "b")] = [0.3, 0.01]
    ax, _ = plot.specialisation_map(recalls, heads, tested).axes
    shown = np.ma.masked_invalid(ax.images[0].get_array())
    assert shown.count() == 1
    row = [label.get_text() for label in ax.get_yticklabels()].index("b")
    assert shown[row, 2] == 30
    tested["p_corrected"] = 0.9  # none passes: an empty map
    ax, _ = plot.specialisation_map(recalls, heads, tested).axes
    assert np.ma.masked_invalid(ax.images[0].get_array()).count() == 0
