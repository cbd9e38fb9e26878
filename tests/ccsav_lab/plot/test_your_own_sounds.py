import numpy as np
import pandas as pd

from ccsav_lab import plot


def test_class_probabilities():
    proba = pd.DataFrame([[0.9, 0.1], [0.3, 0.7]], index=["one", "two"], columns=["x", "y"])
    ax, scale = plot.class_probabilities(proba).axes
    np.testing.assert_allclose(ax.collections[0].get_array().ravel(), [90, 10, 30, 70])
    assert [text.get_text() for text in ax.texts] == ["90", "10", "30", "70"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["one", "two"]
    assert scale.get_ylabel() == "probability (%)"
