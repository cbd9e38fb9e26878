"""A disk that is full: the error names the file, which is as it was before."""

import resource
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.disk.writing import write_whole
from ccsav_lab.first_run import update_results
from ccsav_lab.paper.kept import add_rows, keep_settings
from ccsav_lab.paper.miniature import write_clip
from ccsav_lab.videos import render_video, save_video

ROOM = 300  # bytes that a file can take


def save(path):
    X = np.random.default_rng(0).normal(size=(12, 6, 9))
    ccsav.save_classifier(ccsav.SAVClassifier().fit(X, np.arange(12) % 3), path)


WRITERS = {
    "clf.safetensors": save,
    "rows.csv": lambda path: add_rows(pd.DataFrame({"a": range(500)}), path),
    "settings.json": lambda path: keep_settings(path.parent, {"a": "x" * 500}),
    "clip.wav": lambda path: write_clip(path, np.zeros(8_000), 8_000),
    "video.mp4": lambda path: save_video(render_video("owl", 1, seconds=0.5), path),
    "results.json": lambda path: update_results(path, "study", {"a": "x" * 500}),
    "any": lambda path: write_whole(path, lambda partial: partial.write_bytes(bytes(500))),
}


@contextmanager
def full_disk():
    """No file can be longer than `ROOM` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", WRITERS)
def test_errors_name_the_file(tmp_path, name):
    path = tmp_path / name
    before = b"a\n" if name == "rows.csv" else b"{}"
    if name != "settings.json":
        path.write_bytes(before)
    with full_disk(), pytest.raises(OSError) as error:
        WRITERS[name](path)
    assert str(path) in str(error.value) and "cannot be written" in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ([] if name == "settings.json" else [name])
    if path.exists():
        assert path.read_bytes() == before
        path.unlink()
    if name == "results.json":
        path.write_text("{}")
    WRITERS[name](path)
    assert path.stat().st_size > ROOM
