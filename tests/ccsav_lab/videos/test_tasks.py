"""The few-shot tasks on procedural videos."""

import numpy as np
import pytest

import ccsav
from ccsav_lab.videos import CLASSES, render_video, tasks


@pytest.mark.slow
def test_named_tasks():
    heldout = tasks.videos_heldout(clips=2, progress=False)
    trained = tasks.videos_trained(clips=1, progress=False)
    assert set(heldout.labels) | set(trained.labels) == set(CLASSES.index)
    assert not set(heldout.labels) & set(trained.labels)
    assert (heldout.rate, heldout.fps, len(heldout)) == (16_000, 8.0, 24)
    assert [heldout.seconds(0, m) for m in ("audio", "video", "audio+video")] == [2.0] * 3
    assert heldout.frames(0, 8.0).shape == (16, 56, 56, 3)
    first = heldout.table.iloc[0]
    again = render_video(first["label"], int(first["seed"]))
    assert np.array_equal(heldout.frames(0, 8.0), again.frames)
    assert np.array_equal(heldout.waveform(0, 16_000), again.waveform)
    other = tasks.videos_heldout(clips=2, seed=1, progress=False)
    for modality in ("audio", "video"):
        assert heldout.digest(0, modality) != other.digest(0, modality)


def test_a_task_is_loaded_by_its_name(monkeypatch):
    rendered = []

    def short(name, seed, **options):
        rendered.append((name, seed))
        return render_video(name, seed, **options | {"seconds": 0.5, "size": 16})

    monkeypatch.setattr(tasks, "render_video", short)
    dataset = ccsav.load_dataset("videos-heldout")
    assert dataset.labels.tolist() == sorted(CLASSES.index[CLASSES["held_out"]])
    assert len(dataset) == len(rendered) == 30 * len(dataset.labels)


def test_mp4_files_in_folders(tmp_path):
    folder = tasks.write_videos(["orbit", "owl"], tmp_path / "v", clips=2, seconds=0.5)
    dataset = ccsav.load_dataset(folder)
    assert dataset.labels.tolist() == ["orbit", "owl"] and len(dataset) == 4
    assert dataset.frames(0, 8.0).shape[1:] == (56, 56, 3)
    assert len(dataset.waveform(0, 16_000)) == pytest.approx(8000, abs=1100)
