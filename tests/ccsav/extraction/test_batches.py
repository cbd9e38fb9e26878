from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from ccsav.clips.audio import AudioError
from ccsav.clips.dataset import Dataset
from ccsav.extraction.batches import load_clips
from ccsav.extraction.pipeline import ExtractionError
from ccsav.lalm.model import LALM
from tests import videos
from tests.ccsav.extraction.helpers import rows_in, run


def test_loading_clips(tmp_path, dataset):
    """At the model's rate, window and frames per second, in the order given."""
    model = SimpleNamespace(rate=8_000, window=0.4, fps=2.0)
    waveforms, frames = load_clips(model, dataset, [3, 0], "audio")
    assert frames is None
    np.testing.assert_array_equal(waveforms[0], dataset.waveform(3, 8_000)[:3_200])
    np.testing.assert_array_equal(waveforms[1], dataset.waveform(0, 8_000))
    with pytest.raises(AudioError, match="there is no video of it"):
        load_clips(model, dataset, [0], "audio+video")
    videos.write(tmp_path / "a.mp4", seconds=2)
    video_clips = Dataset(pd.DataFrame({"path": ["a.mp4"]}), tmp_path)
    waveforms, frames = load_clips(model, video_clips, [0], "audio+video")
    np.testing.assert_array_equal(waveforms[0], video_clips.waveform(0, 8_000)[:3_200])
    np.testing.assert_array_equal(frames[0], video_clips.frames(0, 2.0, 0.4))
    assert load_clips(model, video_clips, [0], "video")[0] is None


@pytest.mark.parametrize("batch_size", [1, 5])
def test_reading_ahead_as_on_a_gpu(whisper, broken, tmp_path, monkeypatch, batch_size):
    monkeypatch.setattr("ccsav.extraction.batches._SAME_CORES", ())
    cache = tmp_path / "cache"
    with pytest.warns(UserWarning, match="4 clips were left out"):
        ahead = run(whisper, broken, on_error="skip", batch_size=batch_size, cache=cache)
    assert len(rows_in(cache)) == 12
    monkeypatch.undo()
    with pytest.warns(UserWarning, match="4 clips were left out"):
        plain = run(whisper, broken, on_error="skip", batch_size=batch_size)
    np.testing.assert_allclose(ahead.X, plain.X, rtol=1e-2, atol=1e-3)
    names = broken.table["path"].str.contains("text|long|short").to_numpy()
    monkeypatch.setattr("ccsav.extraction.batches._SAME_CORES", ())
    with pytest.raises(ExtractionError, match="1 of 13"):
        run(whisper, broken.subset(~names), batch_size=batch_size, cache=tmp_path / "other")
    assert len(rows_in(tmp_path / "other")) == batch_size - 1


def test_batches_are_halved_where_memory_does_not_suffice(whisper, dataset, monkeypatch):
    compute, sizes = LALM.head_vectors_of, []

    def little_memory(lalm, prepared, heads):
        sizes.append(len(prepared[1]))
        if sizes[-1] > 3:
            raise torch.OutOfMemoryError("out of memory")
        return compute(lalm, prepared, heads)

    expected = run(whisper, dataset, batch_size=3)
    monkeypatch.setattr(LALM, "head_vectors_of", little_memory)
    acts = run(whisper, dataset, batch_size="auto")
    assert sizes == [12, 6, 3, 3, 6, 3, 3]
    np.testing.assert_allclose(acts.X, expected.X, rtol=1e-2, atol=1e-3)
    with pytest.raises(torch.OutOfMemoryError):
        run(whisper, dataset, batch_size=4)
