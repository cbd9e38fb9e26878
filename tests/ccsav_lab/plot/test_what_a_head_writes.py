import numpy as np
import pandas as pd

from ccsav_lab import plot

HEADS = pd.DataFrame({"layer": [0, 0, 1, 1], "head": [0, 1, 0, 1], "kind": "decoder"})


def test_attention_under_sound_shares_the_axis_of_time():
    wave = np.random.default_rng(0).normal(0, 0.1, 32_000)
    edges = np.array([0.0, 0.5, 1.0, 2.0])
    profiles = {"a": np.array([0.1, 0.2, 0.0]), "b": np.array([0.0, 0.4, 0.1])}
    picture, *below = plot.attention_under_sound(wave, 16_000, edges, profiles).axes
    assert len(below) == 2
    for ax, profile in zip(below, profiles.values(), strict=True):
        np.testing.assert_allclose(ax.patches[0].get_data().values, 100 * profile)
        np.testing.assert_allclose(ax.patches[0].get_data().edges, edges)
        assert ax.get_xlim() == picture.get_xlim() == (0, 2)
        assert ax.get_ylim() == below[0].get_ylim()


def test_attention_by_layer_stacks_to_one():
    masses = pd.DataFrame({"audio": [0.5, 0.2, 0.9, 1.0], "padding": 0.0})
    masses["question"] = 1 - masses["audio"]
    (ax,) = plot.attention_by_layer(masses, HEADS).axes
    assert len(ax.patches) == 8  # no bars for padding
    tops = [bar.get_y() + bar.get_height() for bar in ax.patches[4:]]
    np.testing.assert_allclose(tops, 100)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1"]


def test_two_measures():
    x, y = np.arange(4.0), np.arange(4.0)[::-1]
    left, right, _ = plot.two_measures(
        {"a": (x, y), "b": (y, y)}, [0, 0, 1, 1], "z", equal=True
    ).axes
    np.testing.assert_allclose(left.collections[0].get_offsets(), np.stack([x, y], 1))
    np.testing.assert_allclose(right.collections[0].get_offsets(), np.stack([y, y], 1))
    np.testing.assert_allclose(left.lines[0].get_xydata(), [[0, 0], [3, 3]])


def test_written_by_depth():
    parts = {"heads": np.array([1.0, 2.0]), "MLPs": np.array([0.0, -1.0])}
    left, right = plot.written_by_depth(parts, np.array([0.1, 0.5, 0.9]), 0.25).axes
    assert [bar.get_height() for bar in left.patches] == [1, 2, 0, -1]
    np.testing.assert_allclose(right.lines[0].get_ydata(), [10, 50, 90])
    np.testing.assert_allclose(right.lines[1].get_ydata(), 25)


def test_patch_map_colours_only_what_passes():
    table = pd.DataFrame({"change": [1.0, -2.0, 3.0, 0.5], "p_corrected": [0.01, 0.2, 0.05, 0.9]})
    (ax, _) = plot.patch_map({"x": table}, HEADS, "change").axes
    shown = np.ma.masked_invalid(ax.images[0].get_array())
    np.testing.assert_array_equal(shown.mask, [[False, True], [False, True]])
    np.testing.assert_allclose(shown[:, 0], [1, 3])
    assert ax.images[0].get_clim() == (-3, 3)
    two = HEADS.assign(kind=["decoder", "decoder", "cross", "cross"], layer=0)
    (ax, _) = plot.patch_map({"x": table}, two, "change").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["decoder 0", "cross 0"]


def test_patched_layers():
    index = pd.MultiIndex.from_tuples([("decoder", 0), ("decoder", 1)])
    (ax,) = plot.patched_layers({"last": pd.Series([0.1, 0.5], index)}).axes
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [10, 50])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "1"]
