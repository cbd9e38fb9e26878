import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from ccsav_lab import plot


@pytest.fixture
def heads():
    rows = [
        (k, layer, head) for k in ("decoder", "encoder") for layer in (0, 1) for head in range(3)
    ]
    return pd.DataFrame(rows, columns=["kind", "layer", "head"])


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_leave_one_out_gap():
    curves = pd.DataFrame({"a, in": [0.9, 0.8], "a, out": [0.2, 0.4]}, index=[2, 10])
    (ax,) = plot.leave_one_out_gap(curves, chance=0.25).axes
    inside, outside, chance = ax.lines
    np.testing.assert_allclose(outside.get_ydata(), [20, 40])
    assert inside.get_linestyle() != outside.get_linestyle()
    assert list(chance.get_ydata()) == [25, 25]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["2", "10"]


def test_class_maps(heads):
    recalls = pd.DataFrame({"bell": np.linspace(0, 1, 12), "dog": 0.5})
    *panels, scale = plot.class_maps(recalls, heads).axes
    assert [ax.get_title(loc="left") for ax in panels] == ["bell", "dog", "", ""]
    encoder = panels[2].collections[0]
    np.testing.assert_allclose(np.ravel(encoder.get_array()), 100 * recalls["bell"].iloc[6:])
    assert all(ax.collections[0].get_clim() == (0, 100) for ax in panels)
    assert scale.get_ylabel() == "recall (%)"
    assert panels[0].get_ylim() == (0, 2)  # layer 0 at the bottom


def test_permutation_test(heads):
    rng = np.random.default_rng(0)
    accuracy, null = rng.uniform(0.2, 0.9, 12), rng.normal(0.25, 0.02, (200, 12))
    above, below = plot.permutation_test(accuracy, null, heads, chance=0.25).axes
    chance, threshold = (line.get_xdata()[0] for line in above.lines)
    assert chance == 25
    assert np.mean(100 * null.max(axis=1) > threshold) == pytest.approx(0.05)
    assert sum(patch.get_height() for patch in above.patches[:-1]) == pytest.approx(100)
    drawn = np.concatenate([points.get_offsets()[:, 0] for points in below.collections])
    np.testing.assert_allclose(drawn, 100 * accuracy)


def test_accuracy_by_layer(heads):
    accuracy = np.linspace(0.1, 0.9, 12)
    decoder, encoder = plot.accuracy_by_layer(accuracy, heads, chance=0.1).axes
    np.testing.assert_allclose(encoder.collections[0].get_offsets()[:, 1], 100 * accuracy[6:])
    mean, chance = (line.get_ydata() for line in decoder.lines)
    np.testing.assert_allclose(mean, 100 * accuracy[:6].reshape(2, 3).mean(axis=1))
    assert list(chance) == [10, 10]
    assert decoder.get_ylim() == (0, 100)
