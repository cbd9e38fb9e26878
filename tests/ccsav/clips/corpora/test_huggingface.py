import hashlib
import os
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from ccsav import Dataset, extract, load_dataset
from ccsav.clips.audio import AudioError
from ccsav.clips.corpora import huggingface
from ccsav.clips.dataset import DatasetError
from ccsav.extraction.pipeline import ExtractionError
from tests.ccsav.clips.recordings import video, write

datasets = pytest.importorskip("datasets", reason="needs pip install 'ccsav[huggingface]'")
NAMES = ["dog", "rain", "None"]  # also a class that is called None


@pytest.fixture
def clips(tmp_path):
    """Six recordings in a folder per class."""
    files = [tmp_path / "clips" / NAMES[i % 3] / f"{i}.wav" for i in range(6)]
    for i, file in enumerate(files):
        write(file, seconds=0.1 + 0.05 * i)
    return files


def table(files, *, inside=None, kind="Audio", **columns):
    """A `datasets.Dataset` of recordings; `inside` says which of them are in it as bytes.

    It is cast to `kind` afterwards: to encode recordings, `datasets` needs torchcodec.
    """
    cells = [
        {"bytes": file.read_bytes(), "path": file.name}
        if inside is None or i in inside
        else {"bytes": None, "path": str(file)}
        for i, file in enumerate(files)
    ]
    stored = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
    features = {"audio": stored, "category": datasets.ClassLabel(names=NAMES)}
    features |= {name: datasets.Value("string") for name in columns}
    category = [NAMES.index(file.parent.name) for file in files]
    made = datasets.Dataset.from_dict(
        {"audio": cells, "category": category, **columns}, datasets.Features(features)
    )
    return made.cast_column("audio", getattr(datasets, kind)()) if kind else made


def of_file(files, i):
    return Dataset(pd.DataFrame({"path": [str(files[i])]}))


@pytest.mark.parametrize("form", ["memory", "arrow", "parquet", "shuffled", "stream"])
def test_rows_are_the_files(clips, tmp_path, form, monkeypatch):
    ds = table(clips, speaker=list("abcabc"))
    order = list(range(6))
    if form == "arrow":
        ds.save_to_disk(tmp_path / "arrow")
        ds = datasets.load_from_disk(str(tmp_path / "arrow"))
    elif form in ("parquet", "stream"):
        ds.to_parquet(tmp_path / "parquet" / "train.parquet")
        options = {"streaming": form == "stream", "cache_dir": str(tmp_path / "cache")}
        ds = datasets.load_dataset(str(tmp_path / "parquet"), split="train", **options)
    elif form == "shuffled":
        order = [4, 2, 0, 5]
        ds = ds.select(order).with_format("numpy")
    dataset = Dataset.from_huggingface(ds, group="speaker")
    expected = [f"row {i}: {j}.wav" for i, j in enumerate(order)]
    assert dataset.table["path"].tolist() == expected
    assert dataset.table["label"].tolist() == [NAMES[i % 3] for i in order]
    assert dataset.table["group"].tolist() == ["abcabc"[i] for i in order]
    assert list(dataset.table) == ["path", "label", "group", "category", "speaker"]
    for i, j in enumerate(order):
        file = of_file(clips, j)
        assert dataset.seconds(i) == file.seconds(0)
        assert dataset.digest(i) == hashlib.sha256(clips[j].read_bytes()).hexdigest()
        np.testing.assert_array_equal(dataset.waveform(i, 16_000), file.waveform(0, 16_000))
    few = dataset.subset([3, 1])
    assert few.table["path"].tolist() == [expected[3], expected[1]]
    assert few.digest(0) == dataset.digest(3)
    assert "torchcodec" not in sys.modules
    assert repr(dataset) == (
        f"Dataset({len(order)} clips, 3 classes, 3 groups, in a Hugging Face dataset)"
    )


def test_the_store_knows_a_clip_in_a_folder_and_in_parquet(clips, tmp_path, whisper, monkeypatch):
    """Its bytes are its key: the second extraction computes nothing."""
    options = {"cache": tmp_path / "store", "progress": False}
    from_files = extract(whisper, load_dataset(tmp_path / "clips"), "What?", **options)
    table(clips).to_parquet(tmp_path / "parquet" / "train.parquet")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    dataset = load_dataset(f"hf:{tmp_path / 'parquet'}")
    monkeypatch.setattr(type(whisper), "head_vectors_of", None)
    from_table = extract(whisper, dataset, "What?", **options)
    rows = {path.rsplit("/")[-1]: i for i, path in enumerate(from_files.table["path"])}
    order = [rows[path.removeprefix(f"row {i}: ")] for i, path in enumerate(dataset.table["path"])]
    np.testing.assert_array_equal(from_table.X, from_files.X[order])
    names = from_files.labels[from_files.y][order]
    assert (from_table.labels[from_table.y] == names).all()


def test_rows_without_bytes_are_read_from_their_path(clips):
    dataset = Dataset.from_huggingface(table(clips, inside=[1]))
    assert dataset.table["path"].tolist()[:2] == [f"row 0: {clips[0]}", "row 1: 1.wav"]
    assert dataset.digest(0) == of_file(clips, 0).digest(0)
    clips[4].unlink()
    with pytest.raises(
        AudioError, match=rf"^row 4: {clips[4]}: there are no bytes in the row, and"
    ):
        dataset.seconds(4)


def test_errors_name_the_row_and_its_path(clips, whisper):
    clips[2].write_bytes(clips[2].read_bytes()[:200])
    clips[3].write_bytes(b"a letter")
    dataset = Dataset.from_huggingface(table(clips))
    with pytest.raises(ExtractionError, match=r"^2 of 6 clips cannot be used:") as error:
        extract(whisper, dataset, "What?", progress=False)
    _, first, second = str(error.value).splitlines()
    assert first.startswith("- row 2: 2.wav: breaks off after 0.0 of 0.2 s.")
    assert second.startswith("- row 3: 3.wav: not WAV, FLAC, OGG or MP3 audio")


def test_bytes_are_read_row_by_row(clips, monkeypatch):
    read, get = [], huggingface.Cells.__getitem__
    monkeypatch.setattr(
        huggingface.Cells, "__getitem__", lambda self, i: read.append(i) or get(self, i)
    )
    dataset = Dataset.from_huggingface(table(clips))
    assert read == []
    dataset.waveform(4, 8_000)
    assert read == [4]


def test_what_is_known_of_rows_is_kept(clips, tmp_path, whisper, monkeypatch):
    """A second run reads no row again, unless the table, or the file beside it, has changed."""
    read, get = [], huggingface.Cells.__getitem__
    monkeypatch.setattr(
        huggingface.Cells, "__getitem__", lambda self, i: read.append(i) or get(self, i)
    )

    def run(name, change=lambda ds: ds, **options):
        ds = change(datasets.load_from_disk(str(tmp_path / name)))
        read.clear()
        options |= {"cache": tmp_path / "store", "progress": False}
        acts = extract(whisper, Dataset.from_huggingface(ds), "What?", **options)
        return acts.X, sorted(set(read))

    def save(ds, name, age):
        ds.save_to_disk(tmp_path / name)
        for file in (tmp_path / name).iterdir():
            os.utime(file, (age, age))  # not just now, when it might change again

    save(
        table(clips, inside=range(5), kind=None), "saved", 1e9
    )  # the last one's bytes are not in the table
    everything = list(range(6))
    first, rows = run("saved")
    assert rows == everything
    again, rows = run("saved")
    assert rows == [5]
    np.testing.assert_array_equal(again, first)
    assert run("saved", verify=True)[1] == everything
    turned, rows = run("saved", lambda ds: ds.select(everything[::-1]))
    assert rows == everything  # another order is another table
    np.testing.assert_array_equal(turned, first[::-1])
    write(clips[0].parent / "other.wav")
    clips[0].write_bytes((clips[0].parent / "other.wav").read_bytes())
    shutil.rmtree(tmp_path / "saved")
    save(table(clips, inside=range(5), kind=None), "saved", 1e9 + 1)
    changed, rows = run("saved")
    assert rows == everything
    assert [(a == b).all() for a, b in zip(changed, first, strict=True)] == [False] + [True] * 5


def test_videos_beside_sounds_and_as_clips(clips, tmp_path):
    for file in clips:
        video(file.with_suffix(".mp4"))
    films = [file.with_suffix(".mp4") for file in clips]
    both = datasets.concatenate_datasets(
        [
            table(clips),
            table(films, kind="Video").rename_columns({"audio": "film", "category": "x"}),
        ],
        axis=1,
    )
    apart = Dataset.from_huggingface(both, video="film")
    alone = Dataset.from_huggingface(both, audio="film")
    assert apart.table["video"].tolist()[1] == "row 1, video: 1.mp4"
    assert alone.table["path"].tolist()[1] == "row 1: 1.mp4"
    file = of_file(films, 1)
    for dataset in (apart, alone):
        np.testing.assert_array_equal(dataset.frames(1, 4), file.frames(0, 4))
        assert dataset.digest(1, "video") == file.digest(0, "video")
    assert apart.seconds(1) == of_file(clips, 1).seconds(0)
    np.testing.assert_array_equal(alone.waveform(1, 8_000), file.waveform(0, 8_000))


def test_names_of_classes_and_other_columns(clips):
    ds = table(clips, label=["x"] * 6, path=list("uvwxyz"), fold=["1", "1", "2", "2", "3", "3"])
    ds = ds.add_column("take", [1, 2, None, 4, 5, 6]).add_column("tags", [["a"], ["b", "c"]] * 3)
    dataset = Dataset.from_huggingface(ds)
    assert dataset.labels.tolist() == sorted(NAMES)
    assert dataset.table["group"].tolist() == ds["fold"][:]
    assert dataset.table["stored_label"].tolist() == ["x"] * 6
    assert dataset.table["stored_path"].tolist() == list("uvwxyz")
    assert dataset.table["tags"].tolist()[1] == ["b", "c"]
    assert dataset.table["take"].tolist()[3:] == [4, 5, 6]
    assert dataset.table["take"].dtype == float
    with pytest.raises(DatasetError, match="1 rows without a label: 2"):
        Dataset.from_huggingface(ds, label="take")
    names = datasets.List(datasets.ClassLabel(names=NAMES))
    several = ds.add_column("labels", [[0, 2], []] * 3).cast_column("labels", names)
    assert Dataset.from_huggingface(several).table["labels"].tolist()[:2] == [["dog", "None"], []]
    own = Dataset.from_huggingface(ds, label="label").table
    assert own["label"].tolist() == ["x"] * 6
    assert "stored_label" not in own
    assert own["category"].tolist() == NAMES * 2
    numbered = Dataset.from_huggingface(ds.select([0, 1, 3]), label="take").table
    assert numbered["label"].tolist() == list("124")
    assert "label" not in Dataset.from_huggingface(ds, label=None).table


def test_columns_of_bytes_alone_and_of_paths(clips):
    names = [file.parent.name for file in clips]
    for cells in ([file.read_bytes() for file in clips], [str(file) for file in clips]):
        ds = datasets.Dataset.from_dict({"sound": cells, "category": names})
        dataset = Dataset.from_huggingface(ds, audio="sound")
        assert dataset.digest(3) == of_file(clips, 3).digest(0)
        assert "sound" not in dataset.table or isinstance(cells[0], str)
        path = "" if isinstance(cells[0], bytes) else f": {clips[3]}"
        assert dataset.table["path"].tolist()[3] == f"row 3{path}"
    with pytest.raises(AudioError, match=r"^row 0: dog: there are no bytes in the row, and no fi"):
        Dataset.from_huggingface(ds, audio="category", label=None).seconds(0)


def test_tables_that_cannot_be_used(clips, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    ds = table(clips)
    with pytest.raises(
        DatasetError,
        match=r"^The dataset has no column 'label', 'who'; the columns are 'audio', 'category': ",
    ):
        Dataset.from_huggingface(ds, label="label", group="who")
    with pytest.raises(DatasetError, match=r"^column 'category': holds ClassLabel.*not recordings"):
        Dataset.from_huggingface(ds, audio="category")
    with pytest.raises(DatasetError, match=r"Choose one of its splits: train, test\.$"):
        Dataset.from_huggingface(datasets.DatasetDict(train=ds, test=ds))
    with pytest.raises(DatasetError, match=r"^list: not a datasets\.Dataset\."):
        Dataset.from_huggingface([1, 2])
    unknown = datasets.IterableDataset.from_generator(lambda: iter([{"audio": 1}]))
    with pytest.raises(DatasetError, match="does not say its columns"):
        Dataset.from_huggingface(unknown)


def test_a_stream_is_read_once_and_within_bounds(clips, monkeypatch):
    ds = table(clips)
    stream = ds.to_iterable_dataset()
    dataset = Dataset.from_huggingface(stream.take(4))
    assert len(dataset) == 4
    monkeypatch.setattr(huggingface, "STREAM", 5_000)
    with pytest.raises(DatasetError, match=r"^The stream is longer than .* GiB: take a part of it"):
        Dataset.from_huggingface(stream)
    with pytest.raises(DatasetError, match="no rows"):
        Dataset.from_huggingface(stream.take(0))
