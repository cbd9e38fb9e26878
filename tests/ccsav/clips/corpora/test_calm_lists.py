import json

import pytest

from ccsav import load_dataset
from ccsav.clips.corpora.calm_lists import load_calm_list
from ccsav.clips.dataset import DatasetError
from tests.ccsav.clips.recordings import write


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
