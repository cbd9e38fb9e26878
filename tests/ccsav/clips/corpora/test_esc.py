import functools
import hashlib
import http.server
import threading
import zipfile

import pytest

from ccsav import load_dataset
from ccsav.clips import corpora
from ccsav.clips.dataset import DatasetError


def test_esc(esc_release):
    fifty = corpora.load_esc50(esc_release)
    assert fifty.labels.tolist() == ["dog", "pig", "rooster"]
    assert fifty.table["group"].tolist() == ["1", "2", "3", "4"]  # source recordings
    assert corpora.load_esc50(esc_release, group="fold").table["group"].tolist() == [1, 2, 1, 2]
    assert corpora.load_esc10(esc_release).labels.tolist() == ["dog", "rooster"]
    assert corpora.load_esc10(esc_release, group="fold").table["group"].tolist() == [1, 2, 1]
    assert len(load_dataset(esc_release)) == 4
    assert load_dataset(esc_release, group="fold").table["group"].tolist() == [1, 2, 1, 2]
    with pytest.raises(ValueError, match='group=\'take\': choose "source" or "fold"'):
        load_dataset(esc_release, group="take")
    second = load_dataset(esc_release, split="fold 2")
    assert second.table["filename"].tolist() == ["2-2-A-0.wav", "2-4-A-2.wav"]
    with pytest.raises(DatasetError, match="split='test': choose one of fold 1, fold 2"):
        load_dataset(esc_release, split="test")


def test_esc_whose_list_is_another(esc_release):
    (esc_release / "meta" / "esc50.csv").write_text("filename,fold,label\n1-1-A-0.wav,1,dog\n")
    with pytest.raises(DatasetError, match=r"esc50\.csv: no column \['category', 'esc10'\]"):
        corpora.load_esc50(esc_release)


def test_takes_of_one_recording_are_one_group(esc_release):
    audio, file = esc_release / "audio", esc_release / "meta" / "esc50.csv"
    (audio / "1-3-B-1.wav").write_bytes((audio / "1-3-A-1.wav").read_bytes())
    file.write_text(file.read_text() + "\n1-3-B-1.wav,1,1,rooster,True,3,B\n")
    for clips in (corpora.load_esc50(esc_release), corpora.load_esc10(esc_release)):
        roosters = clips.table[clips.table["label"] == "rooster"]
        assert roosters["group"].tolist() == ["3", "3"]
    file.write_text(file.read_text().replace("1-1-A-0.wav", "dog.wav"))
    with pytest.raises(DatasetError, match=r"without fold-source-take: dog\.wav"):
        corpora.load_esc50(esc_release)


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
    monkeypatch.setattr(corpora.esc, "DOWNLOADS", target.parent)
    assert load_dataset("esc10", group="fold", fetch=True).table["group"].tolist() == [1, 2, 1]
