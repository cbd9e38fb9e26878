import numpy as np

from ccsav_lab import plot


def test_log_mel_picture():
    features = np.zeros((64, 204))
    features[10, 100] = 1
    figure = plot.log_mel_picture(features, 2.04)
    image = figure.axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), features)
    assert tuple(image.get_extent()) == (0, 2.04, 0, 64)
    assert image.origin == "lower"


def test_accuracy_by_position():
    accuracy = np.linspace(0, 1, 12).reshape(6, 2)
    is_audio = np.array([0, 0, 1, 1, 0, 0], bool)
    (ax,) = plot.accuracy_by_position(accuracy, is_audio, 0.25).axes
    lines = [list(line.get_ydata()) for line in ax.lines]
    np.testing.assert_allclose(lines[0], 100 * accuracy.mean(1))
    assert [25, 25] in lines
    box = ax.patches[0].get_bbox()
    assert (box.x0, box.x1) == (1.5, 3.5)
    (without,) = plot.accuracy_by_position(accuracy, np.zeros(6, bool), 0.25).axes
    assert not without.patches
