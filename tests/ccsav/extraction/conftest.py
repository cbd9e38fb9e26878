import numpy as np
import pytest
import soundfile

from ccsav import load_dataset
from ccsav.lalm.model import LALM


@pytest.fixture
def dataset(folder):
    return load_dataset(folder)


@pytest.fixture
def passes(monkeypatch):
    """Records how many clips each forward pass takes."""
    sizes, read = [], LALM.head_vectors_of

    def counted(lalm, prepared, heads):
        sizes.append(len(prepared[1]))
        return read(lalm, prepared, heads)

    monkeypatch.setattr(LALM, "head_vectors_of", counted)
    return sizes


@pytest.fixture
def broken(folder):
    """The folder with a clip that is text, one that is too long and one with NaN."""
    (folder / "low" / "text.wav").write_text("no audio")
    soundfile.write(folder / "mid" / "long.wav", np.zeros(16_000 * 5), 16_000)
    wave = np.zeros(16_000, np.float32)
    wave[5] = np.nan
    soundfile.write(folder / "high" / "nan.wav", wave, 16_000, subtype="FLOAT")
    soundfile.write(folder / "high" / "short.wav", np.zeros(100), 16_000)
    return load_dataset(folder)
