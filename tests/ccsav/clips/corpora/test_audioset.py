import json

import pandas as pd
import pytest

from ccsav.clips import corpora
from ccsav.clips.dataset import DatasetError
from tests.ccsav.clips.corpora.conftest import BALANCED, EVAL, NAMES
from tests.ccsav.clips.recordings import same, write


def test_audioset(audioset):
    clips = corpora.load_audioset(audioset, missing="raise")
    same(
        clips.table,
        group=[line.split(",")[0] for line in (BALANCED + EVAL).splitlines()],
        labels=[
            "Dog; Domestic animals, pets",
            "Car; Keys jangling",
            "Speech",
            "Male singing; Speech",
            "Dog",
            "Dog",
        ],
        split=["balanced_train"] * 3 + ["eval"] * 3,
        start=[0, 420, 21, 30, 30, 0],
        end=[10, 430, 31, 40, 36, 10],
        path=[
            "balanced_train/--4gqARaEJE.wav",
            "balanced_train/Y-0RWZT-miFs.wav",
            "balanced_train/-0jeONf82dE_21000_31000.mp4",
            "eval/Y_defghijk__30.flac",
            "eval/YYbcdefghiJ_.wav",
            "eval/_1234567890_0.0-10.0.ogg",
        ],
    )
    assert "label" not in clips.table and "video" not in clips.table
    assert clips.seconds(2) > 0.2
    assert corpora.load_audioset(audioset, split="eval").table["path"].str.startswith("eval/").all()


def test_audioset_with_the_table_of_classes(audioset):
    before = corpora.load_audioset(audioset).table
    (audioset / "ontology.json").unlink()
    with pytest.raises(DatasetError, match=r"neither ontology\.json nor class_labels_indices\.csv"):
        corpora.load_audioset(audioset)
    table = pd.DataFrame({"mid": NAMES.keys(), "display_name": NAMES.values()})
    (audioset / "metadata").mkdir()
    table.to_csv(audioset / "metadata" / "class_labels_indices.csv", index_label="index")
    (audioset / "eval_segments.csv").rename(audioset / "metadata" / "eval_segments.csv")
    pd.testing.assert_frame_equal(corpora.load_audioset(audioset).table, before)
    (audioset / "metadata" / "class_labels_indices.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match=r"class_labels_indices\.csv: not AudioSet's names"):
        corpora.load_audioset(audioset)


@pytest.mark.parametrize(
    "name",
    [
        "-0RWZT-miFs_420.wav",
        "-0RWZT-miFs_420.000.wav",
        "-0RWZT-miFs_420_430.wav",
        "-0RWZT-miFs_420.0_430.0.wav",
        "-0RWZT-miFs_420.0-430.0.mp3",
        "-0RWZT-miFs_420000.wav",
        "-0RWZT-miFs_420000_430000.flac",
        "-0RWZT-miFs_000420.wav",
        "Y-0RWZT-miFs_420000_430000.wav",
    ],
)
def test_what_downloaders_call_a_clip(audioset, name):
    (audioset / "balanced_train" / "Y-0RWZT-miFs.wav").unlink()
    write(audioset / "deep" / "down" / name)
    clips = corpora.load_audioset(audioset, missing="raise")
    assert clips.table["path"][1] == f"deep/down/{name}"


@pytest.mark.parametrize("name", ["-0RWZT-miFs_430.wav", "x-0RWZT-miFs.wav", "-0RWZT-miF.wav"])
def test_what_is_another_clip(audioset, name):
    (audioset / "balanced_train" / "Y-0RWZT-miFs.wav").rename(audioset / name)
    with (
        pytest.warns(UserWarning, match=f"1 recordings .* left out: {name}"),
        pytest.warns(UserWarning, match="1 of the 6 clips in balanced_train.*here: -0RWZT-miFs"),
    ):
        assert len(corpora.load_audioset(audioset)) == 5


def test_a_copy_in_every_class_is_one_clip(audioset):
    write(audioset / "Car" / "-0RWZT-miFs_420.wav")
    assert (
        corpora.load_audioset(audioset, missing="raise").table["path"][1]
        == "Car/-0RWZT-miFs_420.wav"
    )


def test_wrong_audiosets_are_refused(audioset, tmp_path):
    (audioset / "ontology.json").write_text(json.dumps([{"id": "/m/0bt9lr", "name": "Dog"}]))
    with pytest.raises(
        DatasetError, match=r"ontology\.json: 5 class ids of the lists .*: /m/03v3yw, "
    ):
        corpora.load_audioset(audioset)
    for text in ("{broken", "[1, 2]", '[{"id": "/m/0bt9lr"}]'):
        (audioset / "ontology.json").write_text(text)
        with pytest.raises(DatasetError, match=r"ontology\.json: not AudioSet's names"):
            corpora.load_audioset(audioset)
    (audioset / "ontology.json").write_text(json.dumps([{"id": i, "name": i} for i in NAMES]))
    with pytest.raises(DatasetError, match="split='unbalanced_train': choose one of balanced_tr"):
        corpora.load_audioset(audioset, split="unbalanced_train")
    with (audioset / "eval_segments.csv").open("a") as file:
        file.write("-abcdefghij, 0.000, 10.000\n")
    with pytest.raises(DatasetError, match=r"eval_segments\.csv: .*line 7 has 3"):
        corpora.load_audioset(audioset)
    with pytest.raises(DatasetError, match=r"none of balanced_train_segments\.csv, .*google\.com"):
        corpora.load_audioset(tmp_path / "audioset" / "eval")


def test_indicator(audioset):
    table = corpora.load_audioset(audioset).table
    ones = corpora.indicator(table["labels"])
    assert ones.columns.tolist() == sorted(NAMES.values())
    for row, labels in zip(ones.itertuples(index=False), table["labels"], strict=True):
        assert [n for n, one in zip(ones.columns, row, strict=True) if one] == labels.split("; ")
