"""Figures of gains show the numbers that they are given."""

import numpy as np
import pandas as pd

from ccsav_lab import plot


def test_gain_by_sounds():
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product(
        [["mini, heard", "small, heard"], [1, 2, 3], [60, 240], ["CALM", "CCSAV"]],
        names=["data", "sounds", "support", "method"],
    )
    gains = pd.DataFrame({"gain": rng.normal(size=24) / 50, "interval": 0.01}, index=index)
    gains = gains.reset_index().query("data != 'small, heard' or support != 240")
    figure = plot.gain_by_sounds(gains)
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == ["mini,\nheard", "small,\nheard"]
    labels = [ax.get_ylabel() for ax in figure.axes[::2]]
    assert labels == ["CALM:\ngain (points)", "CCSAV:\ngain (points)"]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == [
        "1 sound", "2 sounds", "3 sounds",
    ]  # fmt: skip
    panels = [(m, d) for m in ("CALM", "CCSAV") for d in ("mini, heard", "small, heard")]
    for ax, panel in zip(figure.axes, panels, strict=True):
        for sounds, drawn in zip((1, 2, 3), ax.containers, strict=True):
            line = gains.set_index(["method", "data", "sounds"]).loc[[(*panel, sounds)]]
            heights = np.asarray(drawn.lines[0].get_ydata(), float)
            np.testing.assert_allclose(heights, 100 * line["gain"])
            assert len(drawn.lines[2][0].get_segments()) == len(line)  # whiskers
