"""Procedural videos: what is seen and heard follows from the parameters."""

import sys

import numpy as np
import pytest

from ccsav_lab import videos
from ccsav_lab.sounds import CLASSES as SOUNDS
from ccsav_lab.sounds import Conditions
from ccsav_lab.videos import CLASSES, CLEAR, Camera, mismatched, render_video

CLEAN = {"camera": CLEAR, "conditions": Conditions.clean()}


def middle(frames, colour):
    """The mean place of an object's pixels in each frame, (T, 2), in sides of the frame."""
    near = np.abs(frames.astype(float) - videos.COLOURS[colour]).sum(axis=-1) < 120  # (T, H, W)
    rows, columns = np.mgrid[: frames.shape[1], : frames.shape[2]]
    return np.array([[columns[m].mean(), rows[m].mean()] for m in near]) / frames.shape[1]


@pytest.mark.parametrize("name", CLASSES.index)
def test_each_class_moves_and_sounds_as_it_says(name):
    video = render_video(name, 1)
    assert video.frames.shape == (16, 56, 56, 3) and video.frames.dtype == np.uint8
    assert video.waveform.shape == (32_000,) and np.abs(video.waveform).max() <= 1
    assert video.activity.shape == (16,)
    row, found = CLASSES.loc[name], video.parameters
    assert row["sound"] in ("", found["sound"]) and row["motion"] in ("", found["motion"])
    assert found["sound"] in SOUNDS.index and video.told_by == row["told_by"]
    again, other = render_video(name, 1), render_video(name, 2)
    assert np.array_equal(video.frames, again.frames)
    assert np.array_equal(video.waveform, again.waveform)
    assert not np.array_equal(video.frames, other.frames)
    clear = render_video(name, 1, camera=CLEAR).frames.astype(int)
    moved = np.abs(clear - clear[0]).max()
    assert moved > 100 or found["motion"] in videos.IDLE
    assert videos.about_video(name).count(".") == 2


def test_three_kinds_of_classes_and_held_out_ones():
    assert len(CLASSES) >= 24 and CLASSES["held_out"].sum() >= 8
    counts = CLASSES.groupby(["held_out", "told_by"]).size().unstack()
    assert (counts >= 4).all(axis=None) and list(counts) == ["both", "sight", "sound"]
    both = CLASSES[CLASSES["told_by"] == "both"]
    for sense in ("sound", "motion"):  # one alone never tells the class
        assert (both.groupby(sense).size() >= 2).all()
    trained, held_out = CLASSES[~CLASSES["held_out"]], CLASSES[CLASSES["held_out"]]
    for sense in ("sound", "motion"):  # a held-out class has no sound or motion of a trained one
        assert not set(held_out[sense]) & set(trained[sense]) - {""}
    named = held_out["sound"][held_out["sound"] != ""]
    assert SOUNDS.loc[named, "held_out"].all()  # of the mini LALM's training, too


def test_parameters_can_be_fixed_and_are_returned():
    video = render_video("knocking bounce", 3, colour="red", shape="disc", rate_hz=2.0, start=0.2)
    fixed = {"colour": "red", "shape": "disc", "rate_hz": 2.0, "start": 0.2}
    assert fixed.items() <= video.parameters.items()
    assert video.parameters["events"] == 4
    np.testing.assert_allclose(video.parameters["onsets"], [0.2, 0.7, 1.2, 1.7])
    drawn = {k: v for k, v in video.parameters.items() if k not in ("onsets", "events")}
    again = render_video("knocking bounce", 3, **drawn)
    assert np.array_equal(video.frames, again.frames)
    drill = render_video("drill spin", 3, sound_parameters={"pitch": 300.0})
    assert drill.sound.parameters["pitch"] == 300.0
    with pytest.raises(ValueError, match=r"no \['wings'\]; it has .*colour"):
        render_video("drill spin", 3, wings=2)
    with pytest.raises(ValueError, match="colour='pink' is not one of"):
        render_video("drill spin", 3, colour="pink")
    with pytest.raises(ValueError, match="there is no video 'cow'"):
        render_video("cow", 3)
    with pytest.raises(ValueError, match="outside"):
        render_video("drill spin", 3, fps=100)
    with pytest.raises(ValueError, match=r"\['events'\] cannot be fixed: they follow from rate_hz"):
        render_video("knocking bounce", 3, events=2)
    with pytest.raises(ValueError, match=r"light=1\.5 must be from 0 to 1"):
        render_video("drill spin", 3, light=1.5)
    with pytest.raises(ValueError, match=r"with start=3\.0 no event is inside 2\.0 s"):
        render_video("knocking bounce", 3, start=3.0)
    with pytest.raises(ValueError, match="noise=2 must be from 0 to 1"):
        Camera(noise=2)


def test_the_ball_is_at_the_floor_when_it_knocks():
    options = CLEAN | {"size": 112, "fps": 50, "colour": "white", "shape": "disc"}
    video = render_video("knocking bounce", 5, **options, far=0.0, rate_hz=2.0)
    height = middle(video.frames, "white")[:, 1]
    onsets = np.array(video.parameters["onsets"])
    at = (onsets * video.fps).round().astype(int)
    assert (height[at] > height.max() - 0.03).all()
    between = ((onsets[:-1] + onsets[1:]) / 2 * video.fps).round().astype(int)
    assert (height[between] < height.max() - 0.3).all()
    loud = np.abs(video.waveform).reshape(-1, 320).max(axis=1)  # every 20 ms
    assert set(np.flatnonzero((loud[1:] > 0.3) & (loud[:-1] < 0.1)) + 1) <= {*at - 1, *at, *at + 1}


@pytest.mark.parametrize("name", ["drill pulse", "siren spin", "shake", "orbit"])
def test_the_level_follows_the_motion(name):
    video = render_video(name, 2, **CLEAN, fps=50)
    level = np.sqrt(np.mean(video.waveform.reshape(len(video.frames), -1) ** 2, axis=1))
    assert np.corrcoef(level, video.activity)[0, 1] > 0.6


def test_the_camera():
    clear = render_video("orbit", 4, camera=CLEAR).frames.astype(float)
    dark = render_video("orbit", 4, camera=Camera(0.2, 0.0, 0.0, 0.0)).frames
    np.testing.assert_allclose(dark, 0.2 * clear, atol=1)
    blurred = render_video("orbit", 4, camera=Camera(1.0, 0.05, 0.0, 0.0)).frames
    assert np.abs(np.diff(blurred.astype(float), axis=2)).max() < 40
    covered = render_video("orbit", 4, camera=Camera(1.0, 0.0, 0.5, 0.0)).frames
    assert (covered == round(0.35 * 255)).all(axis=(0, 1, 3)).mean() == 0.5
    noisy = render_video("orbit", 4, camera=Camera(1.0, 0.0, 0.0, 0.05)).frames
    assert np.std(noisy - clear) == pytest.approx(0.05 * 255, rel=0.1)
    assert np.array_equal(render_video("orbit", 4, camera=CLEAR).waveform,
                          render_video("orbit", 4, camera=Camera(noise=0.3)).waveform)  # fmt: skip


def test_sight_and_sound_of_two_scenes():
    ball, siren = render_video("knocking bounce", 1), render_video("siren spin", 1)
    mixed = mismatched(ball, siren)
    assert np.array_equal(mixed.frames, ball.frames) and mixed.name == ball.name
    assert np.array_equal(mixed.waveform, siren.waveform)
    assert (mixed.parameters["motion"], mixed.parameters["sound"]) == ("bounce", "siren")
    with pytest.raises(ValueError, match="2 and 3 s long"):
        mismatched(ball, render_video("siren spin", 1, seconds=3.0))


def test_a_real_file(tmp_path, monkeypatch):
    from ccsav.clips import audio, video

    made = render_video("drill spin", 1, **CLEAN, fps=25, size=112)
    file = videos.save_video(made, tmp_path / "a.mp4")
    assert video.seconds(file) == pytest.approx(2.0, abs=0.05)
    frames = video.frames(file, fps=25)
    assert np.abs(frames.astype(float) - made.frames).mean() < 6
    heard = video.sound(file, 16_000)[: len(made.waveform)]
    lag = np.correlate(heard[4000:12_000], made.waveform[4000:12_000], "full")
    assert lag.max() > 0.9 * np.sum(made.waveform[4000:12_000] ** 2)
    with pytest.raises(ValueError, match=r"must end in \.mp4"):
        videos.save_video(made, tmp_path / "a.avi")
    assert [f.name for f in tmp_path.iterdir()] == ["a.mp4"]
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match=r"needs PyAV: pip install 'ccsav\[video\]'"):
        videos.save_video(made, tmp_path / "b.mp4")
    assert isinstance(video.VideoError("x"), audio.AudioError)
