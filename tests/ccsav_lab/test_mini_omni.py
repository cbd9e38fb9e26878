"""The mini omni model of the repository: it hears and sees."""

import numpy as np
import pytest

import ccsav
from ccsav.lalm.loading import OMNI
from ccsav_lab.videos import CLASSES, IDLE, mismatched, render_video, tasks

TRAINED = CLASSES[~CLASSES["held_out"]]


@pytest.fixture(scope="module")
def omni():
    return ccsav.load_lalm("mini-omni", device="cpu")


@pytest.fixture(scope="module")
def clips():
    """Three clips of each class that it was trained on, which it has not met."""
    return [render_video(name, 987_650 + k) for name in TRAINED.index for k in range(3)]


def asked(omni, clips, question, modality):
    waves = [clip.waveform for clip in clips] if "audio" in modality else None
    frames = [clip.frames for clip in clips] if "video" in modality else None
    return np.array(omni.answer(waves, question, videos=frames))


def test_its_size_and_shape(omni):
    assert type(omni.model).__name__ == "Qwen2_5OmniThinkerForConditionalGeneration"
    assert (omni.name, omni.family.name) == ("mini-omni", "Qwen2.5-Omni")
    assert (omni.window, omni.rate, omni.fps) == (2, 16_000, 8)
    assert sum(p.numel() for p in omni.model.parameters()) <= 10e6
    assert (OMNI / "model.safetensors").stat().st_size <= 20e6
    decoder = omni.heads.query("kind == 'decoder'")
    assert (decoder["layer"].nunique(), decoder["head"].nunique()) == (6, 8)


def test_frames_cost_32_tokens(omni):
    clip = render_video("orbit", 1, size=112)
    inputs, _ = omni.inputs(None, [omni.prompt(modality="video")], [clip.frames])
    assert (inputs["input_ids"] == omni.model.config.video_token_id).sum() == 32
    assert inputs["video_grid_thw"].tolist() == [[8, 4, 4]]  # 56 × 56 pixels, from 112 × 112


@pytest.mark.slow
@pytest.mark.parametrize("modality", ["audio", "video", "audio+video"])
def test_it_names_what_the_given_senses_tell(omni, clips, modality):
    named = asked(omni, clips, "What is this?", modality)
    right = named == np.array([clip.name for clip in clips])
    kinds = np.array([clip.told_by for clip in clips])
    for kind, told in (("sound", "audio" in modality), ("sight", "video" in modality)):
        share = right[kinds == kind].mean()
        assert share > 0.8 if told else share < 0.6, kind  # 1 in 8 by chance
    if modality == "audio+video":
        assert right[kinds == "both"].mean() > 0.6


@pytest.mark.slow
def test_whether_sight_and_sound_belong_together(omni, clips):
    one = asked(omni, clips, "Do sight and sound belong together?", "audio+video") == "yes"
    moving = [clip for clip in clips if clip.parameters["motion"] not in IDLE]
    pairs = [mismatched(a, b) for a, b in zip(moving, moving[20:], strict=False)]
    other = asked(omni, pairs, "Do sight and sound belong together?", "audio+video") == "no"
    assert (one.mean() + other.mean()) / 2 > 0.6


@pytest.mark.slow
def test_both_senses_are_better_than_one_on_classes_that_it_cannot_name(omni):
    data = tasks.videos_heldout(clips=10, progress=False)
    means = {}
    for modality in omni.modalities:
        acts = ccsav.extract(omni, data, "What is this?", modality=modality, progress=False)
        options = {"shots": [5], "n_episodes": 5, "progress": False}
        results = ccsav.evaluate({"CCSAV": ccsav.CCSAVClassifier()}, acts.X, acts.y, **options)
        means[modality] = results["accuracy"].mean()
    assert means["audio+video"] > max(means["audio"], means["video"]) + 0.05
