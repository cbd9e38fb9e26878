"""What is fetched is whole or not there, and no archive writes outside its folder."""

import io
import os
import tarfile
import time
import zipfile

import pytest

from ccsav.clips.corpora import _fetch
from ccsav.clips.dataset import DatasetError

URL = "https://example.org/release.{}"


def made(path, entries):
    """A zip or tar file with these entries, {name: bytes, or where a link leads}."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in entries.items():
                archive.writestr(name, data)
        return path
    with tarfile.open(path, "w:gz") as archive:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            if isinstance(data, str):
                info.type, info.linkname = tarfile.SYMTYPE, data
            else:
                info.size = len(data)
            archive.addfile(info, None if isinstance(data, str) else io.BytesIO(data))
    return path


@pytest.fixture(params=["zip", "gz"])
def retrieved(request, tmp_path, monkeypatch):
    """A function that makes an archive, which pooch then gives."""

    def give(entries):
        archive = made(tmp_path / f"release.{request.param}", entries)
        monkeypatch.setattr("pooch.retrieve", lambda *_, **__: str(archive))
        return URL.format(request.param)

    return give


def fetched(folder, url):
    return _fetch.get_archive(folder, url, None, "1 MB", True, "list.csv")


ENTRIES = {"release-1/list.csv": b"a", "release-1/audio/a.wav": b"b", "release-1/audio/b.wav": b"c"}


def test_an_unpacking_that_is_broken_off_leaves_no_data(retrieved, tmp_path, monkeypatch):
    url, folder = retrieved(ENTRIES), tmp_path / "data" / "mine"
    folder.parent.mkdir()
    for kind in (zipfile.ZipFile, tarfile.TarFile):
        working = kind._extract_member

        def breaking(self, member, *rest, working=working, **options):
            if "b.wav" in str(getattr(member, "name", member)):
                raise KeyboardInterrupt
            return working(self, member, *rest, **options)

        monkeypatch.setattr(kind, "_extract_member", breaking)
    with pytest.raises(KeyboardInterrupt):
        fetched(folder, url)
    assert not list(folder.parent.iterdir())
    monkeypatch.undo()
    retrieved(ENTRIES)
    for name, age in (("mine.partial-killed", 7200), ("mine.partial-running", 60)):
        (folder.parent / name / "audio").mkdir(parents=True)
        os.utime(folder.parent / name, (time.time() - age,) * 2)
    fetched(folder, url)
    assert {p.name for p in folder.parent.iterdir()} == {"mine", "mine.partial-running"}
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.*")}
    assert found == {name.removeprefix("release-1/"): data for name, data in ENTRIES.items()}


def test_what_is_there_is_not_overwritten(retrieved, tmp_path):
    url, folder = retrieved(ENTRIES), tmp_path / "mine"
    folder.mkdir()
    fetched(folder, url)  # into an empty one
    (folder / "list.csv").unlink()
    with pytest.raises(DatasetError, match=r"mine: holds other files, and no list\.csv: move it"):
        fetched(folder, url)
    with pytest.raises(DatasetError, match=r"other: https.* contains no list\.csv\."):
        fetched(tmp_path / "other", retrieved({"release-1/other.csv": b""}))


@pytest.mark.parametrize("name", ["../out.txt", "release-1/../../out.txt", "/tmp/ccsav-out.txt"])
@pytest.mark.parametrize("old", [False, True])
def test_entries_that_lead_outside(retrieved, tmp_path, monkeypatch, name, old):
    if old:  # Python 3.11.0 to 3.11.3
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    url, folder = retrieved(ENTRIES | {name: b"out"}), tmp_path / "data" / "mine"
    folder.parent.mkdir()
    with pytest.raises(DatasetError, match=rf"not unpacked: {name} would be outside"):
        fetched(folder, url)
    assert not list(folder.parent.iterdir()) and not list(tmp_path.rglob("*out.txt"))


@pytest.mark.parametrize("old", [False, True])
def test_links_that_lead_outside(tmp_path, monkeypatch, old):
    if old:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    (tmp_path / "in").mkdir()
    links = {"release-1/away": str(tmp_path), "release-1/away/out.txt": b"out"}
    archive = made(tmp_path / "release.gz", links)
    with pytest.raises(DatasetError, match=r"release\.gz: not unpacked: "):
        _fetch.unpack(archive, tmp_path / "in")
    assert not list(tmp_path.rglob("out.txt"))


def test_archives_that_are_none(tmp_path):
    whole = made(tmp_path / "whole.zip", ENTRIES).read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2]):
        (tmp_path / "x.zip").write_bytes(content)
        with pytest.raises(DatasetError, match=r"x\.zip: not unpacked: "):
            _fetch.unpack(tmp_path / "x.zip", tmp_path / "in")


def test_an_address_that_does_not_answer(tmp_path, monkeypatch):
    def refusing(*_, **__):
        raise ConnectionError("no\nroute")

    monkeypatch.setattr("pooch.retrieve", refusing)
    with pytest.raises(DatasetError, match=r"release\.zip: not downloaded: no route$"):
        fetched(tmp_path / "mine", URL.format("zip"))
