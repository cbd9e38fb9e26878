import numpy as np
import pandas as pd
import pytest

from ccsav import Dataset
from ccsav.clips.audio import AudioError
from ccsav.clips.dataset import DatasetError
from tests.ccsav.clips.recordings import write
from tests.videos import write as write_video


def test_all_problems_are_reported_at_once(tmp_path):
    write(tmp_path / "a.wav")
    table = pd.DataFrame(
        {
            "path": ["a.wav", "a.wav", "gone1.wav", "gone2.wav", None],
            "label": ["dog", "Dog ", "cat", None, "cat"],
            "group": [1, 2, 3, None, 5],
        }
    )
    with pytest.raises(DatasetError) as error:
        Dataset(table, tmp_path)
    message = str(error.value)
    assert "1 rows without a path: 4" in message
    assert "1 rows without a label: 3" in message
    assert "1 rows without a group: 3" in message
    assert "1 paths that stand in more than one row: a.wav" in message
    assert "'dog' / 'Dog '" in message
    assert "2 files that do not exist" in message
    assert "gone1.wav, gone2.wav" in message


def test_many_offenders_are_counted_and_a_few_are_named(tmp_path):
    table = pd.DataFrame({"path": [f"{i}.wav" for i in range(30)], "label": "x"})
    with pytest.raises(DatasetError, match=r"30 files that do not exist .*: 0.wav, .*4.wav, …$"):
        Dataset(table, tmp_path)


def test_empty_and_columnless_tables(tmp_path):
    with pytest.raises(DatasetError, match="no clips"):
        Dataset(pd.DataFrame({"path": [], "label": []}), tmp_path)
    with pytest.raises(DatasetError, match="no column `path`"):
        Dataset(pd.DataFrame({"file": ["a"]}), tmp_path)


def test_clips_in_memory():
    waves = [np.zeros(8_000, np.float32), np.ones(4_000, np.float32)]
    dataset = Dataset.from_arrays(waves, 8_000, ["a", "b"], groups=[1, 2])
    assert dataset.seconds(1) == 0.5
    assert dataset.waveform(0, 16_000).shape == (16_000,)
    assert dataset.digest(0) != dataset.digest(1)
    assert dataset.subset([1]).waveform(0, 8_000).tolist() == [1.0] * 4_000
    assert dataset.digest(0) != Dataset.from_arrays(waves, 16_000).digest(0)
    with pytest.raises(DatasetError, match=r"1 waveforms for 2 rows"):
        Dataset(dataset.table, waveforms=waves[:1], rate=8_000)
    with pytest.raises(DatasetError, match="sampling rate"):
        Dataset(dataset.table, waveforms=waves)


def test_videos_in_memory():
    rng = np.random.default_rng(0)
    videos = [rng.integers(0, 255, (n, 6, 8, 3), np.uint8) for n in (16, 40)]
    waves = [np.zeros(16_000, np.float32)] * 2
    dataset = Dataset.from_arrays(waves, 8_000, ["a", "b"], videos=videos, fps=8)
    assert "in memory" in repr(dataset)
    assert (dataset.seconds(0), dataset.seconds(1, "video")) == (2.0, 5.0)
    assert dataset.seconds(1, "audio+video") == 5.0
    np.testing.assert_array_equal(dataset.frames(0, 8), videos[0])
    assert dataset.frames(1, 2).shape == (10, 6, 8, 3)
    np.testing.assert_array_equal(dataset.frames(1, 2)[[0, -1]], videos[1][[0, -1]])
    np.testing.assert_array_equal(dataset.frames(1, 8, until=2), videos[1][:16])
    few = dataset.subset([1])
    np.testing.assert_array_equal(few.frames(0, 8), videos[1])
    assert few.digest(0, "video") == dataset.digest(1, "video")
    assert len({dataset.digest(0, m) for m in ("audio", "video", "audio+video")}) == 3
    silent = Dataset.from_arrays(videos=videos, fps=4)
    assert silent.digest(0, "video") != dataset.digest(0, "video")
    assert silent.seconds(0, "video") == 4.0
    with pytest.raises(AudioError, match=r"^clip 0: there is no such file"):
        silent.seconds(0)


def test_wrong_videos_in_memory():
    table = pd.DataFrame({"path": ["a", "b"]})
    right = np.zeros((4, 6, 8, 3), np.uint8)
    with pytest.raises(DatasetError, match=r"1 videos for 2 rows\.\n- .*give `fps`"):
        Dataset(table, videos=[right])
    wrong = [right.astype(float), right[..., 0], right[:0], right]
    with pytest.raises(DatasetError, match=r"3 rows whose video is not .*uint8: 0, 1, 2$"):
        Dataset.from_arrays(videos=wrong, fps=8)


def test_a_frame_of_a_file_and_of_memory_are_chosen_alike(tmp_path):
    write_video(tmp_path / "a.mp4", seconds=2.96)
    file = Dataset(pd.DataFrame({"path": ["a.mp4"]}), tmp_path)
    memory = Dataset.from_arrays(videos=[file.frames(0, 25)], fps=25)
    assert len(memory.videos[0]) == 74
    for fps, until in ((2, np.inf), (5, np.inf), (0.1, np.inf), (4, 1.5)):
        frames = [x.frames(0, fps, until) for x in (file, memory)]
        assert frames[0].shape == frames[1].shape
        np.testing.assert_allclose(*[x.astype(float) for x in frames], atol=8)


def test_waveforms_of_another_shape_or_type():
    wave = np.sin(np.arange(8_000) / 10)
    with pytest.raises(DatasetError, match=r"1 rows whose waveform is not one .*: 1 \(2, 8000\)$"):
        Dataset.from_arrays([wave, np.stack([wave, wave])], 8_000)
    dataset = Dataset.from_arrays([wave, (32767 * wave).astype(np.int16), 32767 * wave], 8_000)
    np.testing.assert_allclose(dataset.waveform(1, 8_000), wave, atol=1e-4)
    assert dataset.digest(1) != dataset.digest(2)
    with pytest.raises(AudioError, match=r"^clip 2: samples reach 32767, far beyond ±1"):
        dataset.waveform(2, 8_000)


def test_integers_of_other_types_are_other_clips():
    clips = [np.arange(100).astype(kind) for kind in ("int16", "uint8")]
    dataset = Dataset.from_arrays(clips, 8_000)
    assert dataset.digest(0) != dataset.digest(1)
    assert dataset.digest(0) == Dataset.from_arrays([clips[0] / 32768], 8_000).digest(0)


def test_clips_in_a_pandas_series_go_by_row():
    frame = pd.DataFrame({"wave": [np.full(800, i / 10) for i in range(4)], "label": list("abcd")})
    frame = frame.iloc[[2, 0, 3]]
    dataset = Dataset.from_arrays(frame["wave"], 8_000, frame["label"], groups=frame["label"])
    assert [float(dataset.waveform(i, 8_000)[0]) for i in range(3)] == pytest.approx([0.2, 0, 0.3])
    assert dataset.table["label"].tolist() == ["c", "a", "d"]
