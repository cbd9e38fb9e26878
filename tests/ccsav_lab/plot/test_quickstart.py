import numpy as np

from ccsav_lab import plot

LABELS = np.array(["a", "b", "c"])


def test_clips_with_votes():
    waves = [np.sin(np.arange(8000) * k) for k in (0.1, 1.0)]
    votes = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]])
    figure = plot.clips_with_votes(waves, 16_000, np.array([1, 2]), votes, LABELS, "votes (%)")
    titles = [ax.get_title(loc="left") for ax in figure.axes[:2]]
    assert titles == ["✓ b", "✗ c"]
    bars = [bar.get_width() for bar in figure.axes[3].patches]
    np.testing.assert_allclose(bars, 100 * votes[1])
    assert [bool(bar.get_hatch()) for bar in figure.axes[3].patches] == [False, False, True]
    assert figure.axes[2].get_xlabel() == "votes (%)"
