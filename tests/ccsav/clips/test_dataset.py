import numpy as np
import pandas as pd
import pytest

from ccsav import Dataset
from ccsav.clips.dataset import DatasetError
from tests.ccsav.clips.recordings import write


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
