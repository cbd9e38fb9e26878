import json

import pytest

from ccsav import load_dataset
from ccsav.clips.corpora import soundata_sets
from ccsav.clips.dataset import DatasetError
from tests.ccsav.clips.recordings import write

HEAD = "slice_file_name,fsID,start,end,salience,fold,classID,class\n"
CLIPS = {  # by name, as in UrbanSound8K: source, class, occurrence, slice
    "100-3-0-0.wav": ("100", 1, "dog_bark"),
    "100-3-0-1.wav": ("100", 1, "dog_bark"),
    "200-8-0-0.wav": ("200", 2, "siren"),
}


@pytest.fixture
def soundata():
    reason = "needs pip install 'ccsav[soundata]' (with librosa and its compiler, 250 MB)"
    return pytest.importorskip("soundata", reason=reason)


@pytest.fixture
def copy(tmp_path, soundata, monkeypatch):
    """UrbanSound8K with three clips: metadata, audio, and soundata's index of them."""
    from soundata.datasets import urbansound8k

    folder, index = tmp_path / "copy", {}
    for name, (_, fold, _) in CLIPS.items():
        write(folder / "audio" / f"fold{fold}" / name)
        index[name.removesuffix(".wav")] = {"audio": [f"audio/fold{fold}/{name}", None]}
    (folder / "metadata").mkdir()
    lines = [f"{n},{s},0,4,1,{fold},3,{label}\n" for n, (s, fold, label) in CLIPS.items()]
    (folder / "metadata" / "UrbanSound8K.csv").write_text(HEAD + "".join(lines))
    (tmp_path / "index.json").write_text(json.dumps({"version": "1.0", "clips": index}))
    version = urbansound8k.INDEXES["default"]
    path = str(tmp_path / "index.json")
    monkeypatch.setattr(urbansound8k.INDEXES[version], "get_path", lambda: path)
    return folder


def test_a_copy(copy):
    dataset = load_dataset("soundata:urbansound8k", folder=copy)
    assert dataset.table["path"].tolist()[2] == "audio/fold2/200-8-0-0.wav"
    assert dataset.table["label"].tolist() == ["dog_bark", "dog_bark", "siren"]
    assert dataset.table["group"].tolist() == ["100", "100", "200"]  # recordings of Freesound
    assert dataset.table["salience"].tolist() == [1, 1, 1]
    assert dataset.seconds(0) == 0.1
    folds = load_dataset("soundata:urbansound8k", folder=copy, group="fold")
    assert folds.table["group"].tolist() == [1, 1, 2]


def test_what_is_missing(copy, tmp_path):
    with pytest.raises(DatasetError, match=r"^soundata:dogs: choose one of .*urbansound8k"):
        load_dataset("soundata:dogs")
    with pytest.raises(DatasetError, match=r"group='dog': choose one of path, clip_id, class_id"):
        load_dataset("soundata:urbansound8k", folder=copy, group="dog")
    with pytest.raises(DatasetError, match="there are no official splits; leave split='test' out"):
        load_dataset("soundata:urbansound8k", folder=copy, split="test")
    (copy / "audio" / "fold2" / "200-8-0-0.wav").unlink()
    with pytest.raises(DatasetError, match=r"1 files that do not exist .*: audio/fold2/200-8-0-0"):
        load_dataset("soundata:urbansound8k", folder=copy)
    with pytest.raises(
        DatasetError, match=r"none: Metadata not found\. Give the folder of a whole"
    ):
        load_dataset("soundata:urbansound8k", folder=tmp_path / "none")
    (tmp_path / "index.json").unlink()
    with pytest.raises(
        DatasetError, match=r"index must be downloaded\. Give .* pass fetch=True to"
    ):
        load_dataset("soundata:urbansound8k", folder=copy)


def test_only_what_is_missing_is_downloaded(copy, tmp_path, soundata, monkeypatch):
    asked = []
    monkeypatch.setattr(soundata.core.Dataset, "download", lambda *_, **x: asked.append(x))
    load_dataset("soundata:urbansound8k", folder=copy, fetch=True)
    assert asked == []
    (copy / "audio" / "fold2" / "200-8-0-0.wav").unlink()
    with pytest.raises(DatasetError, match="1 files that do not exist"):
        load_dataset("soundata:urbansound8k", folder=copy, fetch=True)
    assert asked == [{}]
    (tmp_path / "index.json").unlink()
    with pytest.raises(DatasetError, match="index must be downloaded"):
        load_dataset("soundata:urbansound8k", folder=copy, fetch=True)
    assert asked == [{}, {"partial_download": ["index"]}]


def test_several_sounds_are_labels(copy, monkeypatch):
    from soundata.datasets import urbansound8k

    monkeypatch.setattr(urbansound8k.Clip, "tags", Annotation("siren", "dog"))
    table = load_dataset("soundata:urbansound8k", folder=copy).table
    assert table["labels"].tolist() == ["dog; siren"] * 3
    assert "label" not in table


class Annotation:
    def __init__(self, *labels):
        self.labels = list(labels)


class Clip:
    """A clip as soundata's are: `audio_path`, `clip_id`, and properties."""

    def __init__(self, i, tags=None, events=None):
        self.clip_id, self.audio_path = str(i), f"/data/{i}.wav"
        self.tags, self.events = tags, events

    @property
    def split(self):
        return "train"

    @property
    def keywords(self):
        return ["a", "b"]

    @property
    def audio(self):
        raise AssertionError("a recording is read")


def test_a_clip_as_a_row():
    """Needs no soundata: a tag, several events, and those of several annotators."""
    row = soundata_sets.row_of(Clip(1, Annotation("rain")), "/data")
    assert row == {"path": "1.wav", "clip_id": "1", "split": "train", "heard": ["rain"]}
    several = Annotation("siren", "dog", "siren")
    assert soundata_sets.row_of(Clip(2, events=several), "/")["heard"] == ["dog", "siren"]
    annotators = Annotation(Annotation("dog"), Annotation("cat", "dog"))
    assert soundata_sets.row_of(Clip(3, events=annotators), "/")["heard"] == ["cat", "dog"]
    assert soundata_sets.row_of(Clip(4), "/")["heard"] == []
