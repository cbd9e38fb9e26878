import os
import time

import pytest

import ccsav
from ccsav.clips.dataset import Dataset
from ccsav.extraction.survey import Survey
from tests.ccsav.extraction.helpers import flip_a_bit, run


@pytest.fixture
def reads(monkeypatch):
    """Records the clips whose bytes are digested, and those whose duration is read."""
    taken = {"digest": [], "seconds": []}

    def watch(name):
        method = getattr(Dataset, name)

        def watched(self, i, *args):
            taken[name].append(i)
            return method(self, i, *args)

        monkeypatch.setattr(Dataset, name, watched)

    watch("digest")
    watch("seconds")
    return taken


def grown_old(dataset):
    """As if all files had been written a minute ago."""
    for i in range(len(dataset)):
        os.utime(dataset.path(i), (time.time() - 60,) * 2)


def test_recordings_are_read_once(whisper, dataset, tmp_path, reads, passes):
    grown_old(dataset)
    first = run(whisper, dataset, cache=tmp_path / "cache")
    assert len(reads["digest"]) == len(reads["seconds"]) == 12
    again = run(whisper, dataset, cache=tmp_path / "cache")
    assert len(reads["digest"]) == len(reads["seconds"]) == 12 and sum(passes) == 12
    assert (first.X == again.X).all()
    ccsav.open(tmp_path / "cache", dataset)
    assert len(reads["digest"]) == 12
    run(whisper, dataset, cache=tmp_path / "cache", verify=True)
    assert len(reads["digest"]) == len(reads["seconds"]) == 24 and sum(passes) == 12


def test_files_that_changed_are_read_again(whisper, dataset, tmp_path, reads, passes):
    grown_old(dataset)
    run(whisper, dataset, cache=tmp_path / "cache")
    content = dataset.path(3).read_bytes()
    dataset.path(3).write_bytes(content[:-2] + b"\0\1")  # of the same size
    os.utime(dataset.path(3), (time.time() - 30,) * 2)
    run(whisper, dataset, cache=tmp_path / "cache")
    assert reads["digest"][12:] == [3] and sum(passes) == 13


def test_files_written_a_moment_ago_are_not_believed(whisper, dataset, tmp_path, reads):
    """They may be written again within the resolution of the file system's clock."""
    for _ in range(2):
        run(whisper, dataset, cache=tmp_path / "cache")
    assert len(reads["digest"]) == 24


def test_without_a_folder_nothing_is_kept(dataset, tmp_path, reads):
    grown_old(dataset)
    for _ in range(2):
        survey = Survey(dataset, "audio", None)
        seconds, reasons = survey.seconds(range(12))
        assert list(seconds) == list(range(12)) and not reasons
        assert survey.digest(0) == survey.digest(0)
        survey.close()
    assert reads["digest"] == [0, 0]


def test_clips_without_a_duration_have_reasons(broken, tmp_path):
    seconds, reasons = Survey(broken, "audio", tmp_path).seconds(range(16))
    assert len(seconds) == 15 and "not WAV, FLAC, OGG or MP3" in reasons[10]


def test_damaged_entries_are_read_again(whisper, dataset, tmp_path, reads):
    grown_old(dataset)
    run(whisper, dataset, cache=tmp_path / "cache")
    (file,) = (tmp_path / "cache" / "recordings").glob("*.safetensors")
    flip_a_bit(file, "rows")
    with pytest.warns(UserWarning, match="1 rows are damaged"):
        run(whisper, dataset, cache=tmp_path / "cache")
    assert len(reads["digest"]) == 13
