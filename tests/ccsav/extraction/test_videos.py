"""Videos on their way through `extract`: files in folders and lists, arrays, and long ones."""

import warnings

import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.extraction.pipeline import ExtractionError
from tests import tiny_models, videos
from tests.ccsav.extraction.helpers import rows_in, run

MODALITIES = ("audio", "video", "audio+video")


@pytest.fixture(scope="module")
def omni(tmp_path_factory):
    folder = tiny_models.qwen2_5_omni(tmp_path_factory.mktemp("omni"))
    return ccsav.load_lalm(folder, device="cpu", max_pixels=4 * 28 * 28)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """A folder with a sub-folder per class, and in it short MP4 files."""
    root = tmp_path_factory.mktemp("scenes")
    for label, colour, pitch in (("red", (220, 20, 20), 300), ("blue", (20, 20, 220), 1500)):
        (root / label).mkdir()
        for i in range(2):
            path = root / label / f"{i}.mp4"
            look = {"colour": [x - 15 * i for x in colour], "size": (32, 32)}
            videos.write(path, seconds=1, pitch=pitch + 100 * i, **look)
    return root


def test_a_folder_and_a_list_of_files_give_the_same(omni, scenes, tmp_path):
    """In every modality, each with rows of its own in the cache."""
    folder = ccsav.load_dataset(scenes)
    table = folder.table.assign(path=[str(folder.path(i)) for i in range(len(folder))])
    table.to_csv(tmp_path / "clips.csv", index=False)
    listed = ccsav.load_dataset(tmp_path / "clips.csv")
    cache, found = tmp_path / "cache", {}
    for number, modality in enumerate(MODALITIES, start=1):
        found[modality] = run(omni, folder, modality=modality, cache=cache)
        assert len(rows_in(cache)) == number * len(folder)
        again = run(omni, listed, modality=modality, cache=cache)
        assert len(rows_in(cache)) == number * len(folder)
        np.testing.assert_array_equal(again.X, found[modality].X)
        assert again.labels.tolist() == ["blue", "red"]
        assert found[modality].provenance["modality"] == modality
    vectors = [acts.X for acts in found.values()]
    assert not any(np.allclose(vectors[i - 1], vectors[i], atol=1e-3) for i in range(3))


def test_videos_in_memory(omni, scenes):
    """The same frames and sound as arrays give the same head vectors."""
    files = ccsav.load_dataset(scenes)
    rate, n = omni.rate, range(len(files))
    memory = ccsav.Dataset.from_arrays(
        [files.waveform(i, rate) for i in n],
        rate,
        files.table["label"],
        videos=[files.frames(i, omni.fps) for i in n],
        fps=4,  # each has four frames, of one second
    )
    for modality in MODALITIES:
        acts = run(omni, memory, modality=modality)
        np.testing.assert_array_equal(acts.X, run(omni, files, modality=modality).X)
    silent = ccsav.Dataset.from_arrays(videos=memory.videos, fps=4)
    acts = run(omni, silent, modality="video")
    np.testing.assert_array_equal(acts.X, run(omni, memory, modality="video").X)
    with pytest.raises(ExtractionError, match="4 of 4 clips cannot be used"):
        run(omni, silent)


@pytest.mark.parametrize("modality", MODALITIES)
def test_long_videos_are_refused_or_cut(omni, tmp_path, modality):
    seconds = omni.window + 2
    videos.write(tmp_path / "long.mp4", seconds=seconds, size=(32, 32))
    dataset = ccsav.Dataset(pd.DataFrame({"path": ["long.mp4"]}), tmp_path)
    with pytest.raises(ExtractionError, match=r"longer than the model's window of .* truncate="):
        run(omni, dataset, modality=modality)
    with pytest.warns(UserWarning, match="1 clips were cut to the model's window"):
        acts = run(omni, dataset, modality=modality, truncate=True)
    frames, wave = dataset.frames(0, omni.fps, omni.window), dataset.waveform(0, omni.rate)
    assert len(frames) == omni.window * omni.fps
    memory = ccsav.Dataset.from_arrays(
        [wave[: round(omni.window * omni.rate)]], omni.rate, videos=[frames], fps=omni.fps
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(run(omni, memory, modality=modality).X, acts.X)


def test_a_classifier_says_which_modalities_it_knows(omni, scenes, tmp_path):
    """Fitted on both senses, it refuses sound alone; fitted on each put together, it takes it."""
    clips = ccsav.load_dataset(scenes)
    acts = {modality: run(omni, clips, modality=modality) for modality in MODALITIES}
    both, file = acts["audio+video"], tmp_path / "both.safetensors"
    ccsav.save_classifier(ccsav.CCSAVClassifier().fit(both.X, both.y), file, both)
    assert ccsav.load_classifier(file, both).predict(both.X).shape == (4,)
    with pytest.raises(ValueError, match=r"fitted on audio\+video, but asked with audio, .*joined"):
        ccsav.load_classifier(file, acts["audio"])
    every = ccsav.HeadActivations.joined(list(acts.values()))
    assert every.X.shape == (12, *both.X.shape[1:])
    assert every.groups.tolist() == 3 * both.table["path"].tolist()
    assert len(every.provenance["prompts"]) == 2  # of a sound, and of a video
    fitted = ccsav.CCSAVClassifier().fit(every.X, every.y, groups=every.groups)
    ccsav.save_classifier(fitted, file, every)
    assert ccsav.describe_classifier(file)["modality"] == "audio, video, audio+video"
    for part in (*acts.values(), every):
        np.testing.assert_array_equal(
            ccsav.load_classifier(file, part).predict(part.X), fitted.predict(part.X)
        )
    ccsav.save_classifier(fitted, file)  # without activations, nothing is known to check
    ccsav.load_classifier(file, both)


def test_activations_that_do_not_belong_together(omni, scenes):
    clips = ccsav.load_dataset(scenes)
    acts = run(omni, clips)
    for other in (run(omni, clips, heads=[0]), run(omni, clips.subset([0, 1]))):
        with pytest.raises(ValueError, match="parts differ in model, heads or labels"):
            ccsav.HeadActivations.joined([acts, other])
    unlabelled = run(omni, ccsav.Dataset(clips.table[["path"]], clips.root))
    twice = ccsav.HeadActivations.joined([unlabelled, unlabelled])
    assert twice.y is None and len(twice.table) == 8
