"""Folders of clips: what is a class, a split, or neither; and what links lead to."""

from pathlib import Path

import pytest

import ccsav
from ccsav.clips.dataset import DatasetError
from ccsav.clips.loading import from_folder
from tests.ccsav.clips.recordings import write


def make(root, *files):
    for file in files:
        write(root / file)
    return root


@pytest.mark.parametrize(
    "names", [("train", "test"), ("Training", "Validation"), ("fold1", "fold_2")]
)
def test_splits(tmp_path, names):
    make(tmp_path, *(f"{split}/{label}/{split}.wav" for split in names for label in ("dog", "cat")))
    dataset = ccsav.load_dataset(tmp_path)
    assert dataset.labels.tolist() == ["cat", "dog"]
    assert sorted(dataset.table["split"].unique()) == sorted(names)
    part = ccsav.load_dataset(tmp_path, split=names[0])
    assert len(part) == 2 and part.labels.tolist() == ["cat", "dog"]


def test_a_class_that_is_called_train(tmp_path):
    make(tmp_path, "train/a.wav", "train/far/b.wav", "dog/c.wav")
    dataset = ccsav.load_dataset(tmp_path)
    assert dataset.labels.tolist() == ["dog", "train"] and "split" not in dataset.table


def test_what_is_no_folder_per_class(tmp_path):
    flat = make(tmp_path / "flat", "train/a.wav", "test/b.wav")
    with pytest.raises(DatasetError, match=r"flat: splits without classes: give a folder with one"):
        ccsav.load_dataset(flat)
    single = make(tmp_path / "single", "audio/a.wav", "audio/b.wav")
    with pytest.raises(DatasetError, match=r"single: one class only, 'audio': give a folder with"):
        ccsav.load_dataset(single)
    only = make(tmp_path / "only", "train/dog/a.wav", "train/dog/b.wav")
    with pytest.raises(DatasetError, match=r"one class only, 'dog'"):
        ccsav.load_dataset(only)


@pytest.mark.parametrize("name", ["metadata.csv", "labels.TSV", "list.json", "list.jsonl"])
def test_a_manifest_that_lies_there(tmp_path, name):
    make(tmp_path, "audio/a.wav", "more/b.wav")
    (tmp_path / name).write_text("file,class\naudio/a.wav,dog\n")
    with pytest.raises(DatasetError, match=rf"does {name} say the classes\? Give .*{name} instead"):
        ccsav.load_dataset(tmp_path)


def test_links_to_folders_are_followed_once(tmp_path):
    elsewhere = make(tmp_path / "elsewhere", "0.wav", "1.wav")
    root = make(tmp_path / "clips", "cat/0.wav")
    (root / "dog").symlink_to(elsewhere, target_is_directory=True)
    assert ccsav.load_dataset(root).table["label"].tolist() == ["cat", "dog", "dog"]
    (root / "hound").symlink_to(root / "dog", target_is_directory=True)
    with pytest.raises(DatasetError, match=r"clips/hound: the same folder as .*clips/dog, by"):
        ccsav.load_dataset(root)


@pytest.mark.parametrize("target", [".", "dog", "../clips"])
def test_loops_are_refused(tmp_path, target):
    root = make(tmp_path / "clips", "cat/0.wav", "dog/0.wav")
    (root / "dog" / "again").symlink_to(root / target, target_is_directory=True)
    with pytest.raises(DatasetError, match=r"dog/again: the same folder as .*clips.*by a symbolic"):
        ccsav.load_dataset(root)
    (root / "dog" / "again").unlink()
    for one, other in (("x", "y"), ("y", "x")):  # two links that lead to one another
        (root / "dog" / one).symlink_to(root / "dog" / other)
    with pytest.warns(UserWarning, match=r"2 files that are not audio .*: dog/x, dog/y"):
        assert len(ccsav.load_dataset(root)) == 2


def test_classes_without_recordings_are_named(tmp_path):
    root = make(tmp_path, "cat/0.wav", "dog/0.wav")
    (root / "bird").mkdir()
    (root / "fish" / "deep").mkdir(parents=True)
    with pytest.warns(UserWarning, match=r"2 classes without recordings were left out: bird, fish"):
        assert from_folder(root).labels.tolist() == ["cat", "dog"]


def test_a_broken_link_is_a_missing_file(tmp_path):
    root = make(tmp_path, "cat/0.wav", "dog/0.wav")
    (root / "dog" / "1.wav").symlink_to(root / "nowhere.wav")
    with pytest.raises(DatasetError, match=r"1 files that do not exist under .*: dog/1\.wav"):
        ccsav.load_dataset(root)


@pytest.mark.parametrize("name", ["spoof", "sounds-heldout", "esc10"])
def test_a_path_is_a_path_and_a_name_that_is_both_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / name, "cat/0.wav", "dog/0.wav")
    for path in (Path(name), Path("./") / name, f"./{name}", str(tmp_path / name)):
        assert len(ccsav.load_dataset(path)) == 2
    with pytest.raises(DatasetError, match=rf"^{name}: the name of a dataset, and also a path"):
        ccsav.load_dataset(name)


@pytest.mark.parametrize("name", ["mini", "small", "mini-omni"])
def test_the_same_for_models(tmp_path, monkeypatch, name, model_folders):
    monkeypatch.chdir(tmp_path)
    Path(name).symlink_to(model_folders["whisper"], target_is_directory=True)
    assert ccsav.load_lalm(Path(name), device="cpu").family.name == "Whisper"
    with pytest.raises(ValueError, match=rf"^{name}: the name of a model, and also a path here"):
        ccsav.load_lalm(name)
    Path(name).unlink()
    with pytest.raises(OSError, match=rf"^{name}: no model here"):
        ccsav.load_lalm(Path(name))
