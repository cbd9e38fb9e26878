"""Figures of lesson 03 show the numbers that they are given."""

import numpy as np
import pandas as pd

from ccsav_lab import plot

rng = np.random.default_rng(0)


def test_head_planes():
    X, y = rng.normal(size=(6, 2, 2)), np.array([0, 0, 1, 1, 2, 2])
    mu = np.stack([X[y == c].mean(0) for c in range(3)])
    figure = plot.head_planes(X, y, ["a", "b", "c"], mu)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["head 0", "head 1"]
    points = figure.axes[1].collections[2].get_offsets()
    np.testing.assert_allclose(points, X[4:, 1])
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a", "b", "c"]
    tips = [note.xy for note in figure.axes[0].texts]
    np.testing.assert_allclose(tips, mu[:, 0])


def test_posterior_by_temperature():
    p = rng.dirichlet(np.ones(2), size=5)
    ax = plot.posterior_by_temperature(np.geomspace(0.1, 1, 5), p, ["a", "b"]).axes[0]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), 100 * p[:, 1])
    assert ax.get_xscale() == "log"
    assert ax.lines[2].get_ydata()[0] == 50  # chance


def test_estimates_against_truth():
    truth, one = rng.random(5), rng.random(5)
    figure = plot.estimates_against_truth({"x": one, "y": truth}, truth, "accuracy")
    np.testing.assert_allclose(figure.axes[0].collections[0].get_offsets(), np.c_[truth, one])
    assert figure.axes[0].get_xlabel() == "accuracy on queries"


def test_temperature_by_spread():
    spread, tau = rng.random(4), rng.random(4)
    ax = plot.temperature_by_spread(spread, tau, ["p", "q", "p", "q"], 0.07).axes[0]
    offsets = ax.collections[1].get_offsets()
    np.testing.assert_allclose(offsets, np.c_[spread, tau][[1, 3]])
    assert ax.lines[0].get_ydata()[0] == 0.07


def test_recall_by_method_names_those_that_change_most():
    recalls = pd.DataFrame({"m": np.full(9, 0.5), "n": np.linspace(0.3, 0.7, 9)}, list("abcdefghi"))
    ax = plot.recall_by_method(recalls, label=2).axes[0]
    assert {t.get_text() for t in ax.texts} == {"a", "b", "h", "i", "mean"}
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), [50, 50])
    heights = sorted(t.xy[1] for t in ax.texts if t.get_text() != "mean")
    low, high = ax.get_ylim()
    assert np.diff(heights).min() > 0.039 * (high - low)


def test_recall_by_method_of_few_classes_names_all():
    recalls = pd.DataFrame({"m": [0.5, 0.6], "n": [0.7, 0.4]}, ["up", "down"])
    ax = plot.recall_by_method(recalls).axes[0]
    assert {t.get_text() for t in ax.texts} == {"up", "down", "mean"}
    assert ax.lines[0].get_linestyle() == "-"
    assert ax.lines[1].get_linestyle() == "--"
