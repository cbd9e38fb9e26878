"""A model's own settings for videos, from its folder: frames per second, and their size."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers.models.qwen2_5_omni.processing_qwen2_5_omni import Qwen2_5OmniProcessor

import ccsav
from ccsav.lalm.families import _omni_video as omni


@pytest.mark.parametrize("fps", [1.0, 2.0, 3.0, 4.0, 5.0, 8.0, 12.5, 24.0])
@pytest.mark.parametrize("audio_tokens", [1, 50, 77, 210])
def test_tokens_stand_at_the_true_time_of_their_frames(fps, audio_tokens):
    """As the model's own processor places them, whatever the frames per second."""
    grid = torch.tensor([9, 2, 4])
    theirs = Qwen2_5OmniProcessor.replace_video_with_audio_token(
        SimpleNamespace(
            video_processor=SimpleNamespace(merge_size=2),
            get_chunked_index=lambda *x: Qwen2_5OmniProcessor.get_chunked_index(None, *x),
            audio_bos_token="<|audio_bos|>",
            audio_eos_token="<|audio_eos|>",
            audio_token="<|AUDIO|>",
            video_token="<|VIDEO|>",
        ),
        {"video_grid_thw": [grid.numpy()], "video_second_per_grid": [2 / fps]},
        0,
        {"num_audio_tokens": [audio_tokens]},
        0,
        position_id_per_seconds=25,
        seconds_per_chunk=2.0,
    )
    assert omni.video_tokens(grid, audio_tokens, 2 / fps) == theirs


def with_settings(omni_folder, folder, **settings):
    """The same model in another folder, with settings for videos."""
    shutil.copytree(omni_folder, folder)
    (folder / omni.SETTINGS_FILE).write_text(json.dumps(settings))
    return folder


def test_frame_settings_come_from_the_folder(omni_folder, tmp_path, videos_and_sounds):
    assert omni.read_frame_settings(omni_folder) == omni.FrameSettings()
    size = {"shortest_edge": 56 * 56, "longest_edge": 10**9}
    folder = with_settings(omni_folder, tmp_path / "8", size=size, fps=8, patch_size=14)
    lalm = ccsav.load_lalm(folder, device="cpu")
    assert lalm.fps == 8 and isinstance(lalm.fps, float)
    assert lalm.processor.frame_settings == (8.0, 56 * 56, omni.MOST_PIXELS)
    clip = np.zeros((8, 56, 56, 3), np.uint8)
    prompts = [lalm.prompt("What?", "audio+video")]
    arguments, _ = lalm.inputs([np.zeros(16_000)], prompts, [clip])
    assert arguments["video_grid_thw"].tolist() == [[4, 4, 4]]
    assert arguments["video_second_per_grid"].tolist() == [0.25]
    small = dataclasses.replace(lalm, max_pixels=28 * 28)
    assert small.inputs(None, prompts, [clip])[0]["video_grid_thw"].tolist() == [[4, 2, 2]]
    video = videos_and_sounds[0][0]
    grid = lalm.inputs(None, prompts, [video])[0]["video_grid_thw"].tolist()
    same = dataclasses.replace(lalm, max_pixels=10**9).inputs(None, prompts, [video])
    assert same[0]["video_grid_thw"].tolist() == grid == [[5, 4, 8]]
    partly = with_settings(omni_folder, tmp_path / "p", size={"longest_edge": 784}, fps=None)
    assert omni.read_frame_settings(partly) == (2.0, 784, 784)


@pytest.mark.parametrize("settings", [{"fps": 0}, {"fps": "8"}, {"size": {"longest_edge": 100}}])
def test_wrong_frame_settings_are_refused(omni_folder, tmp_path, settings):
    folder = with_settings(omni_folder, tmp_path / "x", **settings)
    with pytest.raises(ValueError, match=r"x: video_preprocessor_config\.json has .* at least"):
        omni.read_frame_settings(folder)


def test_frame_settings_decide_the_rows_of_videos_alone(omni_folder, tmp_path, omni_videos):
    """Rows of videos are kept apart by the settings; those of sound are shared."""
    folder = with_settings(omni_folder, tmp_path / "8", fps=8, size={"longest_edge": 8 * 784})
    options = {"progress": False, "cache": tmp_path / "cache"}
    default, fast = (ccsav.load_lalm(x, device="cpu") for x in (omni_folder, folder))
    few = omni_videos.subset([0, 1])
    many = ccsav.extract(fast, few, modality="video", **options)
    assert (many.provenance["fps"], many.provenance["most_pixels"]) == (8, 8 * 784)
    small = dataclasses.replace(default, max_pixels=8 * 784)
    slow = ccsav.extract(small, few, modality="video", **options)
    assert "fps" not in slow.provenance
    assert not np.allclose(slow.X, many.X)
    assert len(list((tmp_path / "cache").glob("*/identity.json"))) == 2
    for lalm in (default, fast):
        assert "fps" not in ccsav.extract(lalm, few, **options).provenance
    assert len(list((tmp_path / "cache").glob("*/identity.json"))) == 3
