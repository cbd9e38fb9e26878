import socket

import pytest

from ccsav import load_dataset
from ccsav.clips.dataset import DatasetError
from tests.ccsav.clips.corpora.test_huggingface import NAMES, clips, datasets, table  # noqa: F401
from tests.ccsav.clips.recordings import write


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of `datasets` for each test, and no network."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(socket, "getaddrinfo", None)
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


@pytest.fixture(params=["parquet", "arrow"])
def saved(request, clips, tmp_path):  # noqa: F811
    """A folder with the splits train and test, of four clips and two."""
    ds, folder = table(clips, fold=list("112233")), tmp_path / "saved"
    parts = {"train": ds.select(range(4)), "test": ds.select([4, 5])}
    if request.param == "arrow":
        datasets.DatasetDict(parts).save_to_disk(folder)
    else:
        for name, part in parts.items():
            part.to_parquet(folder / f"{name}.parquet")
    return folder


def test_a_folder(saved, monkeypatch):
    monkeypatch.chdir(saved.parent)
    dataset = load_dataset("hf:./saved")
    assert dataset.table["split"].tolist() == ["train"] * 4 + ["test"] * 2
    assert dataset.table["path"].tolist()[4] == "row 4: 4.wav"
    assert dataset.labels.tolist() == sorted(NAMES)
    assert dataset.table["group"].tolist() == list("112233")
    assert dataset.seconds(5) == pytest.approx(0.35)
    test = load_dataset(f"hf:{saved}", split="test", group="category")
    assert test.table["path"].tolist() == ["row 0: 4.wav", "row 1: 5.wav"]
    assert test.table["group"].tolist() == ["rain", "None"]
    assert test.digest(1) == dataset.digest(5)
    assert load_dataset(f"hf:{saved}", label="fold").labels.tolist() == ["1", "2", "3"]


def test_what_is_not_there(saved, monkeypatch):
    with pytest.raises(DatasetError, match=r"^hf:.*saved: .*[sS]plit.*dev.*train.*test"):
        load_dataset(f"hf:{saved}", split="dev")
    with pytest.raises(DatasetError, match=r"^hf:\./no: there is no such folder\.$"):
        load_dataset("hf:./no")
    monkeypatch.chdir(saved.parent)
    with pytest.raises(DatasetError, match=r"^hf:saved: .*also a folder here\. Give 'hf:\./saved'"):
        load_dataset("hf:saved")


def test_arrow_is_read_where_it_lies(clips, tmp_path):  # noqa: F811
    table(clips).save_to_disk(tmp_path / "one")
    dataset = load_dataset(f"hf:{tmp_path / 'one'}")
    assert "split" not in dataset.table
    assert dataset.seconds(0) == 0.1
    assert not (tmp_path / "cache").exists()


def test_nothing_is_downloaded_silently(monkeypatch):
    """Not even looked for: there is no network in these tests, which would be another error."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    with pytest.raises(
        DatasetError,
        match=r"^hf:ashraq/esc50: not in the cache of `datasets`: pass fetch=True to download it",
    ):
        load_dataset("hf:ashraq/esc50")


def test_fetch_downloads(clips, monkeypatch):  # noqa: F811
    """By `datasets`, of which only the call is seen here; the rest of a name is a configuration."""
    calls = []

    def load(*arguments, **options):
        calls.append((arguments, options, datasets.config.HF_HUB_OFFLINE))
        return table(clips)

    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    assert len(load_dataset("hf:who/what/en", fetch=True)) == 6
    load_dataset("hf:who/what")
    names = [("who/what", "en"), ("who/what", None)]
    assert calls == [(names[i], {"split": None}, i == 1) for i in (0, 1)]
    assert not datasets.config.HF_HUB_OFFLINE


def test_splits_of_other_columns(clips, tmp_path):  # noqa: F811
    parts = {"train": table(clips), "test": table(clips, more=list("abcdef"))}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "saved")
    with pytest.raises(DatasetError, match=r"other columns: give split=, one of train, test\.$"):
        load_dataset(f"hf:{tmp_path / 'saved'}")
    assert len(load_dataset(f"hf:{tmp_path / 'saved'}", split="test")) == 6


def test_columns_that_are_not_plain(clips, tmp_path):  # noqa: F811
    ds = table(clips).rename_columns({"audio": "sound", "category": "kind"})
    two = datasets.concatenate_datasets(
        [ds, ds.rename_columns({"sound": "b", "kind": "c"})], axis=1
    )
    for name, part in (("one", ds), ("two", two), ("none", ds.select_columns(["kind"]))):
        part.save_to_disk(tmp_path / name)
    one = load_dataset(f"hf:{tmp_path / 'one'}")
    assert one.labels.tolist() == sorted(NAMES)
    with pytest.raises(DatasetError, match=r"recordings in several columns, sound, b: use Dataset"):
        load_dataset(f"hf:{tmp_path / 'two'}")
    with pytest.raises(DatasetError, match=r"no column is of the type Audio or Video; the columns"):
        load_dataset(f"hf:{tmp_path / 'none'}")
    two.remove_columns("b").save_to_disk(tmp_path / "labels")
    with pytest.raises(DatasetError, match=r"labels in several columns, kind, c: give label="):
        load_dataset(f"hf:{tmp_path / 'labels'}")
    assert len(load_dataset(f"hf:{tmp_path / 'labels'}", label="c")) == 6


def test_a_folder_of_recordings_needs_no_short_form(tmp_path):
    for name in NAMES:
        write(tmp_path / "clips" / name / "a.wav")
    with pytest.raises(
        DatasetError, match=r"with torchcodec only: .*give their folder, without hf"
    ):
        load_dataset(f"hf:{tmp_path / 'clips'}")


def test_options_that_are_not_used_are_refused(tmp_path):
    with pytest.raises(
        DatasetError, match=r"^hf:a/b: leave folder='x' out: it is not used here\.$"
    ):
        load_dataset("hf:a/b", folder="x")
    for name in ("esc50", tmp_path):
        with pytest.raises(DatasetError, match=r"leave label='x' out: it is not used here\.$"):
            load_dataset(name, label="x")
