import functools
import hashlib
import http.server
import json
import threading
import zipfile

import numpy as np
import pandas as pd
import pytest
import soundfile

from ccsav import Dataset, load_dataset
from ccsav.clips import corpora
from ccsav.clips.corpora.calm_lists import load_calm_list
from ccsav.clips.dataset import DatasetError
from ccsav.clips.loading import from_csv, from_folder


def write(path, seconds=0.2, rate=8_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int(hashlib.sha256(str(path.name).encode()).hexdigest()[:8], 16)
    wave = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    soundfile.write(path, wave, rate)


def test_folder_per_class(folder):
    dataset = from_folder(folder)
    assert len(dataset) == 12
    assert dataset.labels.tolist() == ["high", "low", "mid"]
    assert dataset.path(0) == folder / "high" / "0.wav"
    assert dataset.seconds(0) == pytest.approx(0.3)
    assert dataset.waveform(0, 16_000).shape == (4_800,)
    subset = dataset.subset(dataset.table["label"].to_numpy() == "mid")
    assert subset.labels.tolist() == ["mid"]
    assert subset.digest(1) == dataset.digest(9)


def test_folder_leaves_nothing_out_silently(folder):
    (folder / "high" / "notes.txt").write_text("hello")
    (folder / ".hidden").write_text("")
    with pytest.warns(UserWarning, match="1 files that are not audio.*notes.txt"):
        assert len(from_folder(folder)) == 12
    with pytest.raises(DatasetError, match="no such folder"):
        from_folder(folder / "nowhere")
    with pytest.raises(DatasetError, match="one sub-folder per class"):
        from_folder(folder / "high")


def test_csv(tmp_path):
    for name in ("a.wav", "b.wav"):
        write(tmp_path / "audio" / name)
    csv = tmp_path / "list.csv"
    csv.write_text("file,class,speaker,fold,take\naudio/a.wav,1,ann,1,007\naudio/b.wav,2,bob,2,3\n")
    dataset = from_csv(csv, path="file", label="class", group="speaker")
    assert dataset.table["label"].tolist() == ["1", "2"]
    assert dataset.table["group"].tolist() == ["ann", "bob"]
    assert {"fold", "take"} <= set(dataset.table)
    assert from_csv(csv, path="file", label="class").table["group"].tolist() == [1, 2]  # fold
    with pytest.raises(DatasetError, match=r"no column \['path', 'label'\]; the columns are"):
        from_csv(csv)
    with pytest.raises(DatasetError, match="no such file"):
        from_csv(tmp_path / "none.csv")


@pytest.mark.parametrize("lines", [False, True])
def test_json_of_the_published_code(tmp_path, lines):
    write(tmp_path / "a.wav")
    write(tmp_path / "b.wav")
    rows = [
        {"wav": "a.wav", "question": "What?", "mapped_label": "dog", "options": ["dog", "cat"]},
        {"wav": "b.wav", "question": "What?", "mapped_label": "cat", "options": ["dog", "cat"]},
    ]
    file = tmp_path / ("a.jsonl" if lines else "a.json")
    file.write_text("\n".join(map(json.dumps, rows)) if lines else json.dumps(rows))
    dataset = load_calm_list(file)
    assert dataset.table["label"].tolist() == ["dog", "cat"]
    assert dataset.table["options"].iloc[0] == ["dog", "cat"]
    assert load_dataset(file).labels.tolist() == ["cat", "dog"]


def test_json_that_is_none(tmp_path):
    file = tmp_path / "a.json"
    file.write_text("{broken")
    with pytest.raises(DatasetError, match="neither JSON nor JSON Lines"):
        load_calm_list(file)
    file.write_text('[{"wav": "a.wav"}]')
    with pytest.raises(DatasetError, match=r"no field \['mapped_label'\]"):
        load_calm_list(file)


def test_all_problems_are_reported_at_once(tmp_path):
    write(tmp_path / "a.wav")
    table = pd.DataFrame(
        {
            "path": ["a.wav", "a.wav", "gone1.wav", "gone2.wav", None],
            "label": ["dog", "Dog ", "cat", None, "cat"],
            "group": [1, 2, 3, None, 5],
        }
    )
    with pytest.raises(DatasetError) as error:
        Dataset(table, tmp_path)
    message = str(error.value)
    assert "1 rows without a path: 4" in message
    assert "1 rows without a label: 3" in message
    assert "1 rows without a group: 3" in message
    assert "1 paths that stand in more than one row: a.wav" in message
    assert "'dog' / 'Dog '" in message
    assert "2 files that do not exist" in message
    assert "gone1.wav, gone2.wav" in message


def test_many_offenders_are_counted_and_a_few_are_named(tmp_path):
    table = pd.DataFrame({"path": [f"{i}.wav" for i in range(30)], "label": "x"})
    with pytest.raises(DatasetError, match=r"30 files that do not exist .*: 0.wav, .*4.wav, …$"):
        Dataset(table, tmp_path)


def test_empty_and_columnless_tables(tmp_path):
    with pytest.raises(DatasetError, match="no clips"):
        Dataset(pd.DataFrame({"path": [], "label": []}), tmp_path)
    with pytest.raises(DatasetError, match="no column `path`"):
        Dataset(pd.DataFrame({"file": ["a"]}), tmp_path)


def test_clips_in_memory():
    waves = [np.zeros(8_000, np.float32), np.ones(4_000, np.float32)]
    dataset = Dataset.from_arrays(waves, 8_000, ["a", "b"], groups=[1, 2])
    assert dataset.seconds(1) == 0.5
    assert dataset.waveform(0, 16_000).shape == (16_000,)
    assert dataset.digest(0) != dataset.digest(1)
    assert dataset.subset([1]).waveform(0, 8_000).tolist() == [1.0] * 4_000
    assert dataset.digest(0) != Dataset.from_arrays(waves, 16_000).digest(0)
    with pytest.raises(DatasetError, match=r"1 waveforms for 2 rows"):
        Dataset(dataset.table, waveforms=waves[:1], rate=8_000)
    with pytest.raises(DatasetError, match="sampling rate"):
        Dataset(dataset.table, waveforms=waves)


@pytest.fixture
def esc_release(tmp_path):
    """ESC-50's official layout, in miniature."""
    root = tmp_path / "ESC-50-master"
    rows = [("1-1-A-0.wav", 1, "dog", True), ("2-2-A-0.wav", 2, "dog", True)]
    rows += [("1-3-A-1.wav", 1, "rooster", True), ("2-4-A-2.wav", 2, "pig", False)]
    for name, *_ in rows:
        write(root / "audio" / name)
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    lines += [f"{n},{fold},0,{label},{ten},1,A" for n, fold, label, ten in rows]
    (root / "meta").mkdir()
    (root / "meta" / "esc50.csv").write_text("\n".join(lines))
    return root


def test_esc(esc_release):
    fifty = corpora.load_esc50(esc_release)
    assert fifty.labels.tolist() == ["dog", "pig", "rooster"]
    assert fifty.table["group"].tolist() == [1, 2, 1, 2]
    assert corpora.load_esc10(esc_release).labels.tolist() == ["dog", "rooster"]
    assert len(load_dataset(esc_release)) == 4
    second = load_dataset(esc_release, split="fold 2")
    assert second.table["filename"].tolist() == ["2-2-A-0.wav", "2-4-A-2.wav"]
    with pytest.raises(DatasetError, match="split='test': choose one of fold 1, fold 2"):
        load_dataset(esc_release, split="test")


def test_esc_whose_list_is_another(esc_release):
    (esc_release / "meta" / "esc50.csv").write_text("filename,fold,label\n1-1-A-0.wav,1,dog\n")
    with pytest.raises(DatasetError, match=r"esc50\.csv: no column \['category', 'esc10'\]"):
        corpora.load_esc50(esc_release)


def test_fsdd(tmp_path):
    for name in ("0_ann_0.wav", "1_ann_0.wav", "0_bob_12.wav"):
        write(tmp_path / "recordings" / name)
    digits = corpora.load_fsdd(tmp_path)
    assert digits.table[["label", "group"]].to_numpy().tolist() == [
        ["0", "ann"],
        ["0", "bob"],
        ["1", "ann"],
    ]
    assert corpora.load_fsdd(tmp_path, label="speaker").labels.tolist() == ["ann", "bob"]
    assert digits.table["split"].tolist() == ["test", "train", "test"]
    write(tmp_path / "recordings" / "odd.wav")
    with pytest.raises(DatasetError, match=r"odd\.wav"):
        corpora.load_fsdd(tmp_path)
    with pytest.raises(ValueError, match="digit"):
        corpora.load_fsdd(tmp_path, label="age")


def test_real_recordings(shared):
    esc10 = load_dataset(shared / "real" / "esc10")
    assert (len(esc10), len(esc10.labels), esc10.table["group"].nunique()) == (400, 10, 5)
    fsdd = load_dataset(shared / "real" / "fsdd", group="speaker")
    assert (len(fsdd), len(fsdd.labels), fsdd.table["group"].nunique()) == (3000, 10, 6)
    assert fsdd.waveform(0, 16_000).dtype == np.float32


def test_what_is_not_there_is_not_fetched_unasked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pooch.retrieve", lambda *_, **__: pytest.fail("fetched unasked"))
    for name, size in (("esc10", "646 MB"), ("esc50", "646 MB"), ("fsdd", "12 MB")):
        with pytest.raises(DatasetError, match=rf"fetch=True to download {size} from https://"):
            load_dataset(name)
    with pytest.raises(
        DatasetError, match=r"nor one of the names esc10, esc50, fsdd, vggsound, .*sounds"
    ):
        load_dataset("esc11")


@pytest.fixture
def address(tmp_path):
    """A server on this machine that gives out the files of a folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    (tmp_path / "served").mkdir()
    handler = functools.partial(Quiet, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_fetching_when_asked(esc_release, address, tmp_path, monkeypatch):
    archive = tmp_path / "served" / "master.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in esc_release.rglob("*.*"):
            zipped.write(file, f"ESC-50-master/{file.relative_to(esc_release)}")
    monkeypatch.setattr(corpora.esc, "URL", f"{address}/master.zip")
    target = tmp_path / "data" / "ESC-50-master"
    with pytest.raises(ValueError, match="hash"):  # the checksum is of the real archive
        corpora.load_esc50(target, fetch=True)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(corpora.esc, "SHA256", f"sha256:{digest}")
    assert len(corpora.load_esc50(target, fetch=True)) == 4
    monkeypatch.setattr("pooch.retrieve", lambda *_, **__: pytest.fail("fetched twice"))
    assert len(corpora.load_esc50(target, fetch=True)) == 4
