import pytest

from ccsav.clips import corpora
from ccsav.clips.dataset import DatasetError
from tests.ccsav.clips.recordings import write


def test_fsdd(tmp_path):
    for name in ("0_ann_0.wav", "1_ann_0.wav", "0_bob_12.wav"):
        write(tmp_path / "recordings" / name)
    counted = pytest.warns(UserWarning, match="3 recordings, but release 1.0.9 has 3,000")
    with counted:
        digits = corpora.load_fsdd(tmp_path)
    assert digits.table[["label", "group"]].to_numpy().tolist() == [
        ["0", "ann"],
        ["0", "bob"],
        ["1", "ann"],
    ]
    with counted:
        assert corpora.load_fsdd(tmp_path, label="speaker").labels.tolist() == ["ann", "bob"]
    with pytest.raises(DatasetError, match=r"release 1\.0\.9 has 3,000: move the folder away"):
        corpora.load_fsdd(tmp_path, fetch=True)
    assert digits.table["split"].tolist() == ["test", "train", "test"]
    write(tmp_path / "recordings" / "odd.wav")
    with pytest.raises(DatasetError, match=r"odd\.wav"):
        corpora.load_fsdd(tmp_path)
    with pytest.raises(ValueError, match="digit"):
        corpora.load_fsdd(tmp_path, label="age")
