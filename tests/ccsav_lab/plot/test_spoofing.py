import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from scipy.stats import norm

from ccsav.evaluation.metrics import equal_error_rate
from ccsav_lab import plot


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def ranked():
    """Two bell curves 2 apart: misses are Φ(t - 2) where false alarms are 1 - Φ(t)."""
    rng = np.random.default_rng(0)
    positive = np.arange(8000) < 4000
    return positive, rng.normal(size=8000) + 2 * positive


@pytest.fixture
def heads():
    rows = [(layer, head, "decoder") for layer in (0, 1) for head in range(3)]
    rows += [(layer, head, "encoder") for layer in (0, 1, 2) for head in range(2)]
    return pd.DataFrame(rows, columns=["layer", "head", "kind"])


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_det_curve_of_two_bell_curves_is_a_straight_line(ranked):
    figure = plot.det_curves({"bells": ranked, "none": (ranked[0], -ranked[1])}, "spoof", "real")
    ax = figure.axes[0]
    x, y = ax.lines[0].get_data()
    inside = (np.abs(x) < 2) & (np.abs(y) < 2)
    assert inside.sum() > 100
    np.testing.assert_allclose(x[inside] + y[inside], -2, atol=0.15)
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    (at_x,), (at_y,) = ax.lines[1].get_data()
    assert at_x == at_y == pytest.approx(norm.ppf(equal_error_rate(*ranked)))
    assert at_x == pytest.approx(-1, abs=0.05)
    assert ax.get_xlabel() == "real called spoof (%)"
    assert ax.get_ylabel() == "spoof called real (%)"
    ticks = dict(
        zip([t.get_text() for t in ax.get_xticklabels()], ax.get_xticks().tolist(), strict=True)
    )
    assert ticks["5"] == pytest.approx(-1.645, abs=1e-3)
    assert ticks["95"] == pytest.approx(-ticks["5"])
    rate = 100 * equal_error_rate(*ranked)
    expected = [f"bells: {rate:.1f} %", f"none: {100 - rate:.1f} %", "equal errors", "guessing"]
    assert legend_of(figure) == expected
    guess_x, guess_y = ax.lines[-1].get_data()  # whoever guesses misses 1 - alarms
    np.testing.assert_allclose(norm.cdf(guess_x), 1 - norm.cdf(guess_y))


def test_det_curve_of_a_perfect_ranking_is_drawn(tmp_path):
    positive = np.arange(10) < 5
    for ranking in (positive.astype(float), -positive.astype(float), np.zeros(10)):
        plot.save_figure(plot.det_curves({"it": (positive, ranking)}, "a", "b"), tmp_path / "det")


def test_errors_by_threshold(ranked):
    figure = plot.errors_by_threshold(*ranked, "spoof", "real")
    ax = figure.axes[0]
    threshold, alarms = ax.lines[0].get_data()
    positive, ranking = ranked
    for i in (500, 4000, 7000):
        assert alarms[i] == pytest.approx(100 * np.mean(ranking[~positive] >= threshold[i]))
    misses = ax.lines[1].get_ydata()
    assert misses[4000] == pytest.approx(100 * np.mean(ranking[positive] < threshold[4000]))
    (at,), (rate,) = ax.lines[2].get_data()
    assert rate == pytest.approx(100 * equal_error_rate(*ranked))
    assert at == pytest.approx(1, abs=0.05)
    assert legend_of(figure)[:2] == ["real called spoof", "spoof called real"]
    assert ax.get_ylabel() == "errors (%)"


def test_error_maps(heads):
    rates = pd.DataFrame({"vocoder": np.linspace(0, 0.5, 12), "other": np.linspace(0.4, 0.1, 12)})
    figure = plot.error_maps(rates, heads)
    decoder, decoder_other, encoder, _, scale = figure.axes
    assert [ax.get_title(loc="left") for ax in figure.axes[:4]] == ["vocoder", "other", "", ""]
    shown = decoder.collections[0].get_array().reshape(2, 3)
    np.testing.assert_allclose(shown, 100 * rates["vocoder"].to_numpy()[:6].reshape(2, 3))
    shown = encoder.collections[0].get_array().reshape(3, 2)
    np.testing.assert_allclose(shown, 100 * rates["vocoder"].to_numpy()[6:].reshape(3, 2))
    assert {ax.collections[0].get_clim() for ax in figure.axes[:4]} == {(0, 50)}
    for ax in (decoder, decoder_other, encoder):  # layer 0 at the bottom
        assert ax.get_ylim()[0] < ax.get_ylim()[1]
    assert scale.get_ylabel() == "equal error rate (%)"
    assert decoder.get_ylabel() == "decoder\nlayer"


def test_errors_of_heads(heads):
    rates = pd.DataFrame({"griffin-lim": np.linspace(0.6, 0.1, 12), "vocoder": np.full(12, 0.3)})
    figure = plot.errors_of_heads(rates, heads)
    ax = figure.axes[0]
    np.testing.assert_allclose(ax.collections[0].get_offsets(), 100 * rates.to_numpy()[:6])
    np.testing.assert_allclose(ax.collections[1].get_offsets(), 100 * rates.to_numpy()[6:])
    assert ax.get_xlabel() == "equal error rate, griffin-lim (%)"
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_xlim()[1] > 60
    assert "guessing" in legend_of(figure)
