"""A small Qwen2.5-Omni, and videos for it."""

import numpy as np
import pytest

import ccsav
from tests import tiny_models, videos


@pytest.fixture(scope="session")
def omni_folder(tmp_path_factory):
    return tiny_models.qwen2_5_omni(tmp_path_factory.mktemp("omni"))


@pytest.fixture
def videos_and_sounds():
    """Three videos of different sizes and lengths, and their sounds."""
    rng = np.random.default_rng(0)
    sizes = [(10, 60, 100), (4, 90, 90), (6, 56, 140)]
    clips = [rng.integers(0, 255, (*size, 3), dtype=np.uint8) for size in sizes]
    sounds = [rng.normal(0, 0.1, n).astype(np.float32) for n in (60_000, 32_300, 41_000)]
    return clips, sounds


@pytest.fixture
def omni_videos(tmp_path):
    """Eight videos of two kinds: red ones with low tones, blue ones with high tones."""
    for i in range(4):
        for label, colour, pitch in (("red", (220, 20, 20), 200), ("blue", (20, 20, 220), 2000)):
            path = tmp_path / "videos" / label / f"{i}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            videos.write(path, seconds=1.5 + 0.5 * i, colour=colour, pitch=pitch * (1 + 0.05 * i))
    return ccsav.load_dataset(tmp_path / "videos")
