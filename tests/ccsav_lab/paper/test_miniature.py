import numpy as np
import pytest

from ccsav.clips import corpora
from ccsav.clips.dataset import DatasetError
from ccsav_lab import sounds, videos
from ccsav_lab.paper import miniature, plan


def test_vggsound(tmp_path):
    folder = miniature.write_vggsound(tmp_path / "mini", ["owl", "xylophone leap"], 2, 1)
    clips = corpora.load_vggsound(folder, missing="raise")
    assert len(clips) == 6 and clips.labels.tolist() == ["owl", "xylophone leap"]
    assert clips.table["split"].value_counts().to_dict() == {"train": 4, "test": 2}
    assert clips.table["group"].is_unique
    assert {path.suffix for path in (folder / "video").iterdir()} == {".mp4"}
    number = int(clips.table["group"].iloc[3].removeprefix("mini-"))
    made = videos.render_video("xylophone leap", number)
    assert clips.frames(3, 8.0) == pytest.approx(made.frames, abs=100)  # the codec loses some
    assert np.abs(clips.frames(3, 8.0).astype(float) - made.frames).mean() < 8
    heard = clips.waveform(3, 16_000)[: len(made.waveform)]
    assert np.corrcoef(heard, made.waveform)[0, 1] > 0.99
    assert clips.seconds(3, "audio+video") == pytest.approx(2.0, abs=0.001)  # within the window


def test_vggsound_of_other_classes_keeps_no_clip_under_a_wrong_name(tmp_path):
    miniature.write_vggsound(tmp_path, ["hop"], 1, 1)
    before = set((tmp_path / "video").iterdir())
    miniature.write_vggsound(tmp_path, ["owl", "hop"], 1, 1)
    assert before < set((tmp_path / "video").iterdir())
    table = corpora.load_vggsound(tmp_path).table
    numbers = table["group"].str.removeprefix("mini-").astype(int) // 1000
    assert videos.CLASSES.index[numbers].tolist() == table["label"].tolist()


def test_files_that_are_there_are_kept(tmp_path):
    miniature.write_vggsound(tmp_path, ["hop"], 1, 1)
    file = next((tmp_path / "video").iterdir())
    file.write_bytes(b"kept")
    miniature.write_vggsound(tmp_path, ["hop"], 1, 1)
    assert file.read_bytes() == b"kept"


def test_the_classes_by_default(tmp_path, monkeypatch):
    monkeypatch.setattr(miniature.videos, "save_video", lambda _, file: file.write_bytes(b""))
    folder = miniature.write_vggsound(tmp_path / "VGGSound", train=1, test=1)
    held_out = videos.CLASSES.index[videos.CLASSES["held_out"]]
    assert set(corpora.load_vggsound(folder).labels) == set(held_out)
    folder = miniature.write_esc50(tmp_path / "ESC-50", clips=1, seconds=0.1)
    trained = sounds.CLASSES.index[~sounds.CLASSES["held_out"]]
    assert set(corpora.load_esc50(folder).labels) == set(trained)


def test_a_miniature_is_recognised(tmp_path):
    folder = miniature.write_esc50(tmp_path / "ESC-50-master", ["rain"], clips=1, seconds=0.1)
    assert miniature.is_miniature(folder) and miniature.is_miniature(tmp_path)
    assert not miniature.is_miniature(folder / "audio")
    assert not miniature.is_miniature(tmp_path / "nowhere")


def test_too_few_clips_for_the_shots(tmp_path):
    clips = corpora.load_vggsound(miniature.write_vggsound(tmp_path, ["owl", "hop"], 1, 1))
    with pytest.raises(DatasetError, match="has 1 training clips, but shots=2"):
        plan(clips, shots=2, n_episodes=1)
