"""All releases together: names, folders and what is downloaded."""

import numpy as np
import pytest

from ccsav import load_dataset
from ccsav.clips import corpora
from ccsav.clips.dataset import DatasetError
from tests.ccsav.clips.corpora.conftest import LOST


def test_folders_are_known_by_their_official_files(vgg, audioset, asvspoof):
    with pytest.warns(UserWarning, match=LOST):
        assert load_dataset(vgg).labels.tolist()[0] == "cricket chirping"
    assert load_dataset(vgg, split="test").table["split"].tolist() == ["test", "test"]
    assert len(load_dataset(audioset, split="balanced_train")) == 3
    for folder in (asvspoof, asvspoof.parent):
        assert len(load_dataset(folder, split="dev")) == 12
    by_attack = load_dataset(asvspoof, group="attack", split="eval")
    assert set(by_attack.table["group"]) >= {"A07", "A04", "A06"}
    (vgg / "eval_segments.csv").write_text("")
    with pytest.raises(
        DatasetError, match="contains vggsound and audioset; give the folder of one"
    ):
        load_dataset(vgg)


def test_names_read_the_download_folder_and_fetch_nothing(tmp_path, monkeypatch, asvspoof):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pooch.retrieve", lambda *_, **__: pytest.fail("fetched"))
    places = {
        "vggsound": r"downloads/VGGSound: .*robots\.ox\.ac\.uk/~vgg/data/vggsound",
        "audioset": r"downloads/AudioSet: .*research\.google\.com/audioset",
        "asvspoof2019": r"downloads/LA: .*datashare\.ed\.ac\.uk/handle/10283/3336",
    }
    for name, place in places.items():
        assert name in corpora.NAMED
        with pytest.raises(DatasetError, match=place):
            load_dataset(name, fetch=True)
    asvspoof.parent.rename(tmp_path / "downloads")
    assert len(load_dataset("asvspoof2019", split="train")) == 12


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


def test_real_recordings(shared):
    esc10 = load_dataset(shared / "real" / "esc10")
    assert (len(esc10), len(esc10.labels), esc10.table["group"].nunique()) == (400, 10, 5)
    fsdd = load_dataset(shared / "real" / "fsdd", group="speaker")
    assert (len(fsdd), len(fsdd.labels), fsdd.table["group"].nunique()) == (3000, 10, 6)
    assert fsdd.waveform(0, 16_000).dtype == np.float32
