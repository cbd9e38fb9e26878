from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import numpy as np
import pytest

from ccsav import Dataset, load_dataset
from ccsav.clips.corpora import _offered
from ccsav.clips.dataset import DatasetError
from ccsav.clips.loading import from_csv, from_folder
from tests.ccsav.clips.recordings import write


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
    takes = from_csv(csv, path="file", label="class", group="take").table["group"]
    assert takes.tolist() == ["007", "3"]
    with pytest.raises(DatasetError, match=r"no column \['path', 'label'\]; the columns are"):
        from_csv(csv)
    with pytest.raises(DatasetError, match="no such file"):
        from_csv(tmp_path / "none.csv")


def test_a_split_of_a_table_and_of_what_has_none(tmp_path, folder):
    for name in "abc":
        write(tmp_path / f"{name}.wav")
    csv = tmp_path / "manifest.csv"
    csv.write_text("path,label,split\na.wav,x,train\nb.wav,x,test\nc.wav,y,train\n")
    assert load_dataset(csv, split="train").table["path"].tolist() == ["a.wav", "c.wav"]
    with pytest.raises(
        DatasetError, match=r"manifest\.csv: split='dev': choose one of train, test"
    ):
        load_dataset(csv, split="dev")
    with pytest.raises(DatasetError, match="there are no official splits; leave split='test' out"):
        load_dataset(folder, split="test")


def offered():
    """The dataset that a package offers in the tests below."""
    return Dataset.from_arrays([np.zeros(800)] * 3, 8_000)


@pytest.fixture
def offers(monkeypatch):
    """Sets what installed packages offer: name of a dataset=its entry point, or several."""

    def set_points(**values):
        pairs = [(name, value) for name, several in values.items() for value in several.split()]
        points = EntryPoints(EntryPoint(*pair, "ccsav.datasets") for pair in pairs)
        monkeypatch.setattr(_offered, "entry_points", lambda group: points.select(group=group))

    return set_points


def test_a_dataset_of_another_package(offers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    offers(beeps=f"{__name__}:offered")
    assert len(load_dataset("beeps")) == 3


@pytest.mark.parametrize("name", ["beeps", "esc50"])
def test_a_name_that_is_also_a_folder_is_refused(name, offers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    offers(beeps=f"{__name__}:offered")
    for label in ("high", "low"):
        write(tmp_path / name / label / "a.wav")
    with pytest.raises(DatasetError, match=rf"^{name}: .*also a path here\. Give './{name}' for"):
        load_dataset(name)
    assert len(load_dataset(f"./{name}")) == len(load_dataset(Path(name))) == 2


def test_an_unknown_name_lists_the_known_ones(offers):
    offers(beeps=f"{__name__}:offered", esc50=f"{__name__}:offered")
    with pytest.raises(DatasetError) as error:
        load_dataset("esc11")
    assert str(error.value) == (
        "esc11: neither a folder, nor a CSV, JSON or JSON Lines file, nor one of the names esc10, "
        "esc50, fsdd, vggsound, audioset, asvspoof2019, beeps; further names come with packages "
        "that offer entry points in the group 'ccsav.datasets', such as ccsav_lab (pip install "
        "'ccsav[lab]')."
    )


def test_an_offer_whose_package_is_missing(offers):
    offers(beeps="no_such_package.tasks:beeps", boops=f"{__name__}:nothing")
    with pytest.raises(
        DatasetError,
        match=r"^beeps: comes from no_such_package\.tasks:beeps, .* because no_such_package is "
        r"missing: install it \(for ccsav_lab: pip install 'ccsav\[lab\]'\)\.$",
    ):
        load_dataset("beeps")
    with pytest.raises(DatasetError, match=r"^boops: .* because nothing is missing"):
        load_dataset("boops")


def test_a_name_that_two_packages_offer(offers):
    offers(beeps="one.sounds:beeps two.tasks:beeps", boops=f"{__name__}:offered {__name__}:offered")
    with pytest.raises(DatasetError, match=r"^beeps: offered by one\.sounds:beeps and two\.tasks:"):
        load_dataset("beeps")
    assert len(load_dataset("boops")) == 3  # the same function twice


def test_no_offer_hides_a_built_in_name(offers, monkeypatch, tmp_path):
    offers(esc50=f"{__name__}:offered")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match="ESC-50-master"):
        load_dataset("esc50")


def test_the_lab_offers_its_tasks():
    names = _offered.offered().names
    assert names >= {"sounds-heldout", "sounds-trained", "sounds-families", "spoof"}
