import numpy as np
import pytest

from ccsav_lab import plot


def a_figure():
    return plot.posterior_by_temperature(np.ones(1), np.ones((1, 1)), ["a"])


def test_the_same_figure_is_the_same_file(tmp_path):
    files = [plot.save_figure(a_figure(), tmp_path / name) for name in "ab"]
    for a, b in zip(*files, strict=True):
        assert a.read_bytes() == b.read_bytes()
    assert [f.suffix for f in files[0]] == [".png", ".svg"]


def test_show_writes_and_displays(tmp_path, monkeypatch):
    monkeypatch.setenv("CCSAV_FIGURES", str(tmp_path / "figures"))
    figure = a_figure()
    shown = plot.show(figure, "99-x", alt="one point")
    assert {f.name for f in (tmp_path / "figures").iterdir()} == {"99-x.png", "99-x.svg"}
    data, metadata = shown._repr_mimebundle_()
    assert data["image/png"]
    assert metadata["image/png"]["alt"] == "one point"
    assert metadata["image/png"]["width"] == pytest.approx(100 * figure.get_size_inches()[0], 1)


def test_a_rerun_writes_beside_the_notebook(tmp_path, monkeypatch):
    monkeypatch.delenv("CCSAV_FIGURES", raising=False)
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    monkeypatch.chdir(notebooks)
    plot.show(a_figure(), "99-x")
    assert {f.name for f in (notebooks / "figures").iterdir()} == {"99-x.png", "99-x.svg"}
    assert [f.name for f in tmp_path.iterdir()] == ["notebooks"]
