import json

import numpy as np
import pytest

from ccsav_lab.paper import miniature, read_released, write_lists

WITHOUT_VAL = {"audioset", "asvspoof2019"}


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """The miniature of each dataset's lists, and what is read from it."""
    found = {}
    for data in ("esc50", "vggsound", "audioset", "asvspoof2019"):
        folder = tmp_path_factory.mktemp(data)
        write_lists(folder, data, shots=2, test=2, seconds=0.2)
        found[data] = (folder, read_released(folder))
    return found


@pytest.mark.parametrize("data", ["esc50", "vggsound", "audioset", "asvspoof2019"])
def test_every_form_is_read(splits, data):
    folder, split = splits[data]
    assert split.data == data and miniature.is_miniature(folder)
    parts = set(split.questions["part"])
    assert parts == {"train", "test"} | (set() if data in WITHOUT_VAL else {"val"})
    assert split.of_unknown_classes() == 0 and split.absent == 0
    assert split.questions["options"].notna().all() == (data != "asvspoof2019")


def test_the_forms_are_those_of_the_released_lists(splits):
    questions = {data: split.questions["question"].iloc[0] for data, (_, split) in splits.items()}
    end = " Answer with the class name."
    assert all(text.endswith(end) for text in questions.values())
    assert questions["esc50"].startswith("What caption does the given audio belong to?\nA. ")
    assert questions["vggsound"].startswith("What caption does the given audio belong to?\nA. ")
    assert "Choose from: A) " in questions["audioset"] and ", D) " in questions["audioset"]
    plain = "Is this audio bonafide or spoofed? \n bonafide\n spoofed"
    assert questions["asvspoof2019"] == plain + end
    folder, _ = splits["audioset"]
    train, test = (json.loads(file.read_text()) for file in sorted(folder.glob("*.json")))
    assert "mapped_label" in train[0] and "correct_label" in test[0]
    several = [record for record in test if len(record["original_labels"]) > 1]
    assert several and all(
        not set(record["options"]) & set(record["original_labels"]) - {record["correct_label"]}
        for record in several
    )
    letters = [record["options"]["ABCD".index(record["correct_answer"])] for record in test]
    assert letters == [record["correct_label"] for record in test]


def test_sources_and_folds(splits):
    _, esc = splits["esc50"]
    sides = [set(esc.questions["source"].iloc[esc.rows(part)]) for part in ("train", "test")]
    assert sides[0] & sides[1]  # on purpose, as in the released lists
    assert esc.questions["source"].nunique() < len(esc.clips)
    for data in ("vggsound", "audioset"):
        _, split = splits[data]
        assert split.questions["source"].nunique() == len(split.clips)
    _, events = splits["audioset"]
    assert len(events.questions) > len(events.clips)  # a question for each label


def test_clips_of_one_source_are_alike_and_kept(splits):
    folder, esc = splits["esc50"]
    of_source = esc.clips.table["path"].str.extract(r"-(\d+)-[AB]-")[0]
    first = of_source[of_source.duplicated()].iloc[0]
    a, b = np.flatnonzero(of_source == first)
    waves = [esc.clips.waveform(i, 16_000) for i in (a, b)]
    half = len(waves[0]) // 2
    assert np.allclose(waves[0][-half:], waves[1][:half], atol=1e-3)  # take B begins in the middle
    esc.clips.path(a).write_bytes(b"kept")
    write_lists(folder, "esc50", shots=2, test=2, seconds=0.2)
    assert esc.clips.path(a).read_bytes() == b"kept"
    with pytest.raises(ValueError, match="data='fsdd': choose one of esc50, vggsound"):
        write_lists(folder, "fsdd")
