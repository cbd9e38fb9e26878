import json

import pytest

from ccsav.clips.dataset import DatasetError
from ccsav_lab.paper import read_released, released
from tests.ccsav.clips.recordings import write

RECORD = {"wav": "/far/away/1-7-A-0.wav", "question": "What?", "mapped_label": "dog"}
OPTIONS = {"options": ["dog", "cat"]}


@pytest.fixture
def folder(tmp_path):
    """Three records of three clips, two of which are from one recording."""
    write(tmp_path / "audio" / "1-7-A-0.wav")
    write(tmp_path / "audio" / "1-7-B-0.wav")
    write(tmp_path / "audio" / "3-8-A-1.wav")
    train = [RECORD | OPTIONS, RECORD | OPTIONS | {"wav": "3-8-A-1.flac", "mapped_label": "CAT"}]
    save(tmp_path / "esc_mcq_train.json", train)
    save(tmp_path / "esc_mcq_test.json", [RECORD | OPTIONS | {"wav": "/other/1-7-B-0.wav"}])
    return tmp_path


def save(file, records):
    file.write_text(json.dumps(records), "utf-8")


def test_clips_questions_options_and_support_are_as_listed(folder):
    split = read_released(folder)
    assert split.data == "esc50" and split.absent == 0
    table = split.questions
    assert table["part"].tolist() == ["train", "train", "test"]
    assert table["question"].unique().tolist() == ["What? Answer with the class name."]
    assert table["label"].tolist() == ["dog", "CAT", "dog"]
    assert table["options"].tolist() == [["dog", "CAT"]] * 3  # one spelling
    assert table["source"].tolist() == ["7", "8", "7"]
    paths = split.clips.table["path"].iloc[table["clip"]].tolist()
    assert paths == [f"audio/{name}.wav" for name in ("1-7-A-0", "3-8-A-1", "1-7-B-0")]


def test_one_clip_with_a_question_for_each_label(folder):
    train = [RECORD | OPTIONS, RECORD | OPTIONS | {"mapped_label": "cat"}]
    train[0]["original_labels"] = train[1]["original_labels"] = ["dog", "cat"]
    save(folder / "esc_mcq_train.json", train)
    test = {"wav": "3-8-A-1.wav", "question": "Which?", "correct_label": "cat"} | OPTIONS
    save(folder / "esc_mcq_test.json", {"0": test})  # the published code takes a dict as well
    split = read_released(folder)
    assert split.questions["clip"].tolist() == [0, 0, 1] and len(split.clips) == 2
    assert split.questions["label"].tolist() == ["dog", "cat", "cat"]


def test_files_where_the_list_says_come_first(folder, tmp_path_factory):
    away = tmp_path_factory.mktemp("away")
    write(away / "1-7-A-0.wav")
    train = [RECORD | {"wav": str(away / "1-7-A-0.wav")}, RECORD | {"mapped_label": "cat"}]
    save(folder / "esc_mcq_train.json", train)
    split = read_released(folder)
    assert split.clips.path(0) == away / "1-7-A-0.wav"
    assert split.clips.path(1) == folder / "audio" / "1-7-A-0.wav"
    split = read_released(folder, folder / "audio")  # only there
    assert split.clips.table["path"].tolist() == ["1-7-A-0.wav", "1-7-B-0.wav"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": "x.jpg"}, r"unknown fields \['image'\]; those of the released lists are"),
        ({"wav": " "}, "no wav"),
        ({"question": None}, "no question"),
        ({"mapped_label": None}, r"no mapped_label \(or correct_label\)"),
        ({"mapped_label": "cow"}, "mapped_label 'cow' is not among the options"),
        ({"options": "dog, cat"}, "options 'dog, cat' are not a list of texts"),
        ({"options": ["dog", "Dog"]}, r"options \[.*\] are not two or more different ones"),
        ({"wav": "nowhere.wav"}, r"no recording nowhere\.wav in .*, nor for 0 other records"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_record(folder, change, message):
    records = [RECORD | OPTIONS, RECORD | OPTIONS | change]
    save(folder / "esc_mcq_test.json", records)
    with pytest.raises(DatasetError, match=rf"esc_mcq_test\.json: record 2: {message}"):
        read_released(folder)


def test_lists_that_are_none(folder):
    file = folder / "esc_mcq_test.json"
    for text, message in (("{", "not JSON"), ("[]", "not a list of records"), ("[3]", "record 1")):
        file.write_text(text)
        with pytest.raises(DatasetError, match=rf"esc_mcq_test\.json: .*{message}"):
            read_released(folder)


def test_missing_recordings(folder):
    save(folder / "esc_mcq_test.json", [RECORD, RECORD | {"wav": "gone.wav"}])
    with pytest.raises(DatasetError, match="record 2: no recording gone"):
        read_released(folder)
    with pytest.warns(UserWarning, match=r"1 questions have no recording: gone\.wav"):
        split = read_released(folder, missing="warn")
    assert (len(split.questions), split.absent) == (3, 1)
    with pytest.raises(DatasetError, match="none of the 4 recordings"):
        read_released(folder, folder / "elsewhere", missing="warn")
    with pytest.raises(ValueError, match="missing='skip'"):
        read_released(folder, missing="skip")
    write(folder / "copies" / "1-7-A-0.wav")
    with pytest.raises(DatasetError, match=r"1-7-A-0 is here 2 times, audio/1-7-A-0\.wav and c"):
        read_released(folder)


def test_which_lists(folder):
    names = {"train": None, "val": None, "test": None}
    assert set(released.find_lists(folder, names)) == {"train", "test"}
    save(folder / "esc_mcq_train_1shot.json", [RECORD])
    with pytest.raises(DatasetError, match=r"several lists for train, esc_mcq_train\.json, "):
        read_released(folder)
    split = read_released(folder, train="esc_mcq_train_1shot.json")
    assert (split.questions["part"] == "train").sum() == 1
    with pytest.raises(DatasetError, match=r"here\.json: no list for val here\. Get the released"):
        read_released(folder, train="esc_mcq_train.json", val="here.json")
    (folder / "esc_mcq_test.json").rename(folder / "LA_eval.json")
    (folder / "esc_mcq_train_1shot.json").rename(folder / "esc_mcq_val.json")
    found = {part: file.name for part, file in released.find_lists(folder, names).items()}
    assert found == {"train": "esc_mcq_train.json", "val": "esc_mcq_val.json"} | {
        "test": "LA_eval.json"
    }
    (folder / "esc_mcq_train.json").unlink()
    with pytest.raises(DatasetError, match="no list for train here"):
        read_released(folder)


def test_videos(folder):
    (folder / "video").mkdir()
    (folder / "video" / "1-7-A-0.mp4").write_bytes(b"")
    save(folder / "esc_mcq_train.json", [RECORD | {"video": "/far/away/1-7-A-0.mp4"}])
    save(folder / "esc_mcq_test.json", [RECORD | {"video": "1-7-A-0"}])  # as in some of the lists
    split = read_released(folder, modality="audio+video")
    assert split.clips.table["path"].tolist() == ["audio/1-7-A-0.wav"]
    assert split.clips.table["video"].tolist() == ["video/1-7-A-0.mp4"]
    (folder / "audio" / "1-7-A-0.wav").unlink()
    assert read_released(folder).clips.table["path"].tolist() == ["video/1-7-A-0.mp4"]
    (folder / "video" / "1-7-A-0.mp4").unlink()
    write(folder / "audio" / "1-7-A-0.wav")
    with pytest.raises(DatasetError, match="record 1: no recording"):
        read_released(folder, modality="video")


def test_fields_of_lists_that_a_model_labelled(folder):
    more = {"pseudo_label_confidence": 0.5, "trial_predictions": ["dog"], "vote_count": 4}
    spoofed = {"mapped_label": "spoofed", "options": ["bonafide", "spoofed"]}
    save(folder / "esc_mcq_train.json", [RECORD | more | {"_was_normalized": False} | spoofed])
    save(folder / "esc_mcq_test.json", [RECORD | {"mapped_label": "spoof"}])
    table = read_released(folder).questions
    assert table["label"].tolist() == ["spoof", "spoof"]
    assert table["options"].iloc[0] == ["bonafide", "spoof"]
