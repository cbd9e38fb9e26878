"""Videos for Qwen2.5-Omni: patches and tokens as from its own processor; files to predictions."""

import dataclasses

import numpy as np
import pytest
import torch
from transformers import AutoProcessor
from transformers.utils import is_torchvision_available

import ccsav
from ccsav.clips.dataset import DatasetError
from ccsav.extraction.pipeline import ExtractionError
from ccsav.lalm.families import _omni_video as omni
from tests.ccsav.lalm.comparisons import check_batching, check_sums, relative_error

TEXT = "<|im_start|>user\n<|vision_bos|>{}<|vision_eos|>What?<|im_end|>\n<|im_start|>assistant\n"


@pytest.fixture(scope="module")
def omni_lalm(omni_folder):
    return ccsav.load_lalm(omni_folder, device="cpu", max_pixels=8 * 28 * 28)


@pytest.mark.parametrize("case", [0, 1, 2])
def test_patches_and_tokens_are_those_of_the_models_own_processor(golden_folder, omni_lalm, case):
    """Golden: the whole processor of transformers 5.23, on torchvision 0.28's Python code."""
    golden = np.load(golden_folder / "qwen2_5_omni_videos.npz")
    pixels, grid = omni.video_patches(golden[f"frames{case}"])
    assert pixels.shape == tuple(golden[f"n_patches{case}"])
    np.testing.assert_array_equal(grid, golden[f"grid{case}"])
    np.testing.assert_allclose(pixels.flatten()[::1999], golden[f"patches{case}"], atol=1e-6)
    wave = np.zeros(golden[f"samples{case}"], np.float32)
    for sound, name in ((None, "silent"), ([wave], "with_sound")):
        arguments, _ = omni_lalm.family.video_inputs(
            dataclasses.replace(omni_lalm, max_pixels=None),
            [golden[f"frames{case}"]],
            sound,
            [TEXT.format("<|VIDEO|>")],
            64_000,
        )
        np.testing.assert_array_equal(arguments["input_ids"][0], golden[f"tokens_{name}{case}"])
        assert arguments["video_second_per_grid"].tolist() == [golden[f"seconds{case}"]]


@pytest.mark.skipif(not is_torchvision_available(), reason="the real processor needs torchvision")
def test_patches_and_tokens_are_those_of_an_installed_processor(omni_folder, videos_and_sounds):
    processor = AutoProcessor.from_pretrained(omni_folder)
    theirs = processor(
        text=[TEXT.format("<|VIDEO|>")], videos=videos_and_sounds[0][:1], return_tensors="pt"
    )
    pixels, grid = omni.video_patches(videos_and_sounds[0][0])
    torch.testing.assert_close(pixels, theirs["pixel_values_videos"])
    assert grid.tolist() == theirs["video_grid_thw"][0].tolist()
    text = TEXT.format(omni.video_tokens(grid))
    ids = processor.tokenizer([text], return_tensors="pt")["input_ids"]
    assert torch.equal(ids, theirs["input_ids"])


def test_sizes_of_frames():
    assert omni.frame_size(480, 640) == (476, 644)
    assert omni.frame_size(1080, 1920) == (560, 1008)  # at most 768 tokens
    assert omni.frame_size(100, 90) == (336, 308)  # at least 128
    assert omni.frame_size(60, 100, 28 * 28, 8 * 28 * 28) == (56, 112)
    with pytest.raises(ValueError, match="200 times"):
        omni.frame_size(10, 2010)


def test_tokens_of_frames_and_sound_alternate():
    grid = torch.tensor([5, 2, 4])  # five seconds, two tokens each
    text = omni.video_tokens(grid, 60).replace("<|VIDEO|>", "v").replace("<|AUDIO|>", "a")
    assert text == f"<|audio_bos|>vvvv{'a' * 50}vvvv{'a' * 10}vv<|audio_eos|>"
    assert omni.video_tokens(grid) == "<|VIDEO|>" * 10


@pytest.mark.parametrize("modality", ["video", "audio+video"])
def test_batch_equals_single_clips(omni_lalm, videos_and_sounds, modality):
    clips, sounds = videos_and_sounds
    sounds = sounds if "audio" in modality else None
    together = omni_lalm.head_vectors(sounds, "What is it?", videos=clips)
    alone = torch.cat(
        [
            omni_lalm.head_vectors(sounds and sounds[i : i + 1], "What is it?", videos=[video])
            for i, video in enumerate(clips)
        ]
    )
    assert relative_error(together, alone) <= 1e-4
    answers = omni_lalm.answer(sounds, "What is it?", 4, videos=clips)
    assert answers[1] == omni_lalm.answer(sounds and sounds[1:2], "What is it?", 4, clips[1:2])[0]


def test_every_modality_changes_the_head_vectors(omni_lalm, videos_and_sounds):
    clips, sounds = videos_and_sounds
    both = omni_lalm.head_vectors(sounds[:1], videos=clips[:1])
    for other in (
        omni_lalm.head_vectors(sounds[1:2], videos=clips[:1]),
        omni_lalm.head_vectors(sounds[:1], videos=clips[1:2]),
        omni_lalm.head_vectors(sounds[:1]),
        omni_lalm.head_vectors(None, videos=clips[:1]),
    ):
        assert relative_error(both, other) > 1e-2


def test_encoder_heads_are_given_the_sound_of_videos(omni_lalm, videos_and_sounds):
    clips, sounds = videos_and_sounds
    everything = omni_lalm.head_vectors(sounds, heads="all", videos=clips)
    audio_alone = omni_lalm.head_vectors(sounds, heads="encoder")
    encoder = omni_lalm.select("encoder")
    same = everything[:, encoder.index, : audio_alone.shape[-1]]
    assert relative_error(same, audio_alone) <= 1e-4
    without_sound = omni_lalm.head_vectors(None, heads="all", videos=clips)
    assert without_sound.shape[1] == len(omni_lalm.select("decoder"))
    with pytest.raises(ValueError, match=r'no sound for the heads of kind "encoder"'):
        omni_lalm.head_vectors(None, heads="encoder", videos=clips)


@pytest.mark.parametrize("modality", ["audio", "video", "audio+video"])
def test_from_video_to_prediction(omni_lalm, omni_videos, modality, tmp_path):
    assert omni_videos.labels.tolist() == ["blue", "red"]
    options = {"modality": modality, "batch_size": 3, "progress": False, "cache": tmp_path / "c"}
    acts = ccsav.extract(omni_lalm, omni_videos, "What is it?", **options)
    assert acts.X.shape == (8, 12, 24)
    frames = omni_videos.frames(2, 2.0) if "video" in modality else None
    wave = omni_videos.waveform(2, 16_000) if "audio" in modality else None
    alone = omni_lalm.head_vectors(
        None if wave is None else [wave], "What is it?", videos=None if frames is None else [frames]
    )
    np.testing.assert_allclose(acts.X[2:3], alone, rtol=2e-3, atol=2e-3)
    again = ccsav.extract(omni_lalm, omni_videos, "What is it?", **options)
    np.testing.assert_array_equal(again.X, acts.X)
    fitted = ccsav.CCSAVClassifier().fit(acts.X, acts.y)
    assert fitted.score(acts.X, acts.y) == 1
    ccsav.save_classifier(fitted, tmp_path / "videos.safetensors", acts)
    about = ccsav.describe_classifier(tmp_path / "videos.safetensors")
    assert (about["modality"], about["max_pixels"]) == (modality, 8 * 28 * 28)
    loaded = ccsav.load_classifier(tmp_path / "videos.safetensors")
    np.testing.assert_array_equal(loaded.predict(acts.X), fitted.predict(acts.X))


def test_modalities_have_caches_of_their_own(omni_lalm, omni_videos, tmp_path):
    options = {"progress": False, "cache": tmp_path}
    from_video, from_audio, from_both = (
        ccsav.extract(omni_lalm, omni_videos, modality=modality, **options).X
        for modality in ("video", "audio", "audio+video")
    )
    assert not np.allclose(from_video, from_audio) and not np.allclose(from_video, from_both)


def test_a_video_beside_a_recording(omni_lalm, omni_videos, folder):
    table = ccsav.load_dataset(folder).table.head(2).assign(video=None)
    table.loc[0, "video"] = str(omni_videos.path(0))
    mixed = ccsav.Dataset(table, folder)
    assert mixed.video_path(0) == omni_videos.path(0)
    with pytest.raises(ExtractionError, match=r"(?s)1 of 2 clips.*no video of it"):
        ccsav.extract(omni_lalm, mixed, modality="audio+video", progress=False)
    table.loc[1, "video"] = "nowhere.mp4"
    with pytest.raises(DatasetError, match=r"(?s)1 files that do not exist.*nowhere\.mp4"):
        ccsav.Dataset(table, folder)


def test_models_without_vision_refuse_videos(qwen, omni_videos):
    with pytest.raises(ValueError, match=r"modality='video': Qwen2-Audio takes audio\."):
        ccsav.extract(qwen, omni_videos, modality="video", progress=False)
    with pytest.raises(ValueError, match="give waveforms, videos or both"):
        qwen.head_vectors(None)
    assert ccsav.extract(qwen, omni_videos, progress=False).X.shape[0] == 8  # their sound tracks


def test_sums_and_batches_of_sound_alone(omni_lalm, waves):
    check_sums(omni_lalm, waves)
    check_batching(omni_lalm, waves)
