import hashlib
import os
import shutil
import time

import numpy as np
import pytest

from ccsav.disk import store as stores
from ccsav.disk.shards import read_shard, row_count, write_shard
from ccsav.disk.store import Store
from ccsav.disk.writing import remove_unfinished, write_whole
from tests.ccsav.extraction.helpers import flip_a_bit

SHAPE = (4, 3)  # of a row


def key(i):
    return hashlib.sha256(str(i).encode()).digest()


def row(i, of=1):
    return np.full(SHAPE, i * of, np.float16)


def opened(folder, **options):
    return Store(folder, SHAPE, "float16", **{"most": 8} | options)


def filled(folder, rows, **options):
    """A closed store of some rows."""
    store = opened(folder, **options)
    for i in rows:
        store.put(key(i), row(i), f"prompt {i % 2}")
    store.close()
    return folder


def read(store, rows):
    out = np.full((len(rows), *SHAPE), -1, np.float16)
    return store.read([key(i) for i in rows], out, range(len(rows))), out[:, 0, 0].tolist()


def files(folder):
    return sorted(folder.glob("*.safetensors"))


def test_rows_are_found_in_any_order_and_only_those(tmp_path):
    store = opened(filled(tmp_path / "s", range(20)))
    assert len(store) == 20 and store.prompts() == ["prompt 0", "prompt 1"]
    good, values = read(store, [19, 99, 0, 7, 7])
    assert good.tolist() == [True, False, True, True, True]
    assert values == [19, -1, 0, 7, 7]
    assert store.find([key(3), key(50)])[:, 0].tolist() == [0, -1]
    out = np.zeros((2, 2, 3), np.float16)
    store.read([key(5), key(6)], out, [1, 0], heads=[0, 3])
    assert out[:, 0, 0].tolist() == [6, 5]


def test_an_empty_or_absent_folder_is_an_empty_store(tmp_path):
    store = opened(tmp_path / "absent")
    assert len(store) == 0 and not read(store, [1])[0].any()
    assert not (tmp_path / "absent").exists()  # made when the first row is written


def test_many_small_runs_leave_few_files(tmp_path):
    for i in range(30):
        filled(tmp_path / "s", [i])
        assert len(files(tmp_path / "s")) <= (i + 1) / 4 + 1  # half a shard each, and the rest
    assert read(opened(tmp_path / "s"), range(30))[1] == list(range(30))


def test_a_long_run_joins_what_it_wrote_each_minute(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "SECONDS", 0.0)  # every row is written at once
    store = opened(tmp_path / "s")
    for i in range(50):
        store.put(key(i), row(i))
        assert len(files(tmp_path / "s")) <= 50 // 8 + 8
        assert read(opened(tmp_path / "s"), range(i + 1))[0].all()  # nothing waits
    store.close()
    assert len(files(tmp_path / "s")) <= 7
    assert read(opened(tmp_path / "s"), range(50))[1] == list(range(50))


def test_ranks_join_only_their_own(tmp_path):
    one, two = (opened(tmp_path / "s", join_all=False) for _ in range(2))
    for i in range(3):
        one.put(key(i), row(i))
        one.flush()
    two.put(key(9), row(9))
    two.close()
    one.close()
    assert sorted(row_count(file) for file in files(tmp_path / "s")) == [1, 3]
    opened(tmp_path / "s").close()  # a run without ranks joins what they left, if it may write
    assert [row_count(file) for file in files(tmp_path / "s")] == [4]


def test_what_cannot_be_joined_stays(tmp_path, monkeypatch):
    for i in range(3):
        filled(tmp_path / "s", [i], join_all=False)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ccsav.disk.shards.save_file", full)
    opened(tmp_path / "s").close()
    assert len(files(tmp_path / "s")) == 3
    assert read(opened(tmp_path / "s"), range(3))[0].all()


def test_two_writers_of_one_row_do_no_harm(tmp_path):
    one, two = opened(tmp_path / "s"), opened(tmp_path / "s")
    for store in (one, two):
        for i in range(5):
            store.put(key(i), row(i))
    one.close()
    two.close()
    assert read(opened(tmp_path / "s"), range(5))[1] == list(range(5))


def test_a_reader_finds_rows_that_are_joined_meanwhile(tmp_path):
    folder = filled(tmp_path / "s", range(3))
    reader = opened(folder)
    filled(folder, [3])  # joins both
    assert len(files(folder)) == 1
    good, values = read(reader, range(4))
    assert good.all() and values == [0, 1, 2, 3]


@pytest.mark.parametrize("part", ["rows", "keys", "sums"])
def test_a_flipped_bit_costs_a_row_and_no_more(tmp_path, part):
    folder = filled(tmp_path / "s", range(6))
    (file,) = files(folder)
    flip_a_bit(file, part)
    store = opened(folder)
    if part == "keys":  # another key: the row is not found
        good, _ = read(store, range(6))
    else:
        with pytest.warns(UserWarning, match=f"{file.name}: 1 rows are damaged"):
            good, _ = read(store, range(6))
        assert not read(store, range(6))[0].all()  # without another warning
    assert good.sum() == 5
    (lost,) = np.flatnonzero(~good)
    filled(folder, [int(lost)])
    good, values = read(opened(folder), range(6))  # the later row counts
    assert good.all() and values == [0, 1, 2, 3, 4, 5]


def test_other_files_in_the_folder_are_no_shards(tmp_path):
    folder = filled(tmp_path / "s", range(4))
    store = opened(folder)
    (folder / "mine.safetensors").write_bytes(b"something else")
    (folder / "notes.txt").write_text("about this")
    assert store.count() == 4
    store.put(key(9), row(9))
    store.close()
    with pytest.warns(UserWarning, match="mine.safetensors: not a whole shard"):
        assert read(opened(folder), [0, 1, 2, 3, 9])[0].all()


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "header", "other rows"])
def test_damaged_shards_are_set_aside(tmp_path, damage):
    folder = filled(tmp_path / "s", range(6))
    (file,) = files(folder)
    content = file.read_bytes()
    if damage == "other rows":
        write_shard(folder, {key(8): np.zeros((2, 3), np.float16)})
        file.unlink()
    else:
        new = {"cut": content[:-5], "empty": b"", "text": b"damaged", "header": b"9" + content[1:]}
        file.write_bytes(new[damage])
    with pytest.warns(UserWarning, match=r"computed again"):
        store = opened(folder)
    assert not read(store, range(6))[0].any()
    assert len(list(folder.glob("*.damaged"))) == 1 and not files(folder)
    filled(folder, range(6))
    assert read(opened(folder), range(6))[0].all()


def test_swapped_rows_are_noticed(tmp_path):
    folder = filled(tmp_path / "s", range(2))
    shard = read_shard(files(folder)[0])
    rows = np.memmap(shard.path, shard.dtype, "r+", shard.start, shard.shape)
    rows[:] = rows[::-1].copy()
    rows.flush()
    with pytest.warns(UserWarning, match="2 rows are damaged"):
        assert not read(opened(folder), range(2))[0].any()


@pytest.mark.skipif(os.getuid() == 0, reason="the superuser may write to a read-only folder")
def test_a_folder_that_is_read_only_is_read(tmp_path):
    folder = filled(tmp_path / "s", range(4))
    folder.chmod(0o555)
    assert read(opened(folder), range(4))[0].all()
    folder.chmod(0o755)


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    store = opened(tmp_path / "s")
    store.put(key(1), row(1))
    monkeypatch.setattr("ccsav.disk.shards.save_file", lambda *_: os.listdir("/absent"))
    with pytest.raises(OSError, match=r"cannot be written.*safetensors"):
        store.close()
    assert not list((tmp_path / "s").glob("*.partial"))


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    file = tmp_path / "file.txt"
    write_whole(file, lambda path: path.write_text("first"))
    assert file.read_text() == "first"

    def fail(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"No space left on device: '.*file.txt'") as error:
        write_whole(file, fail)
    assert error.value.errno == 28
    assert file.read_text() == "first"
    write_whole(file, lambda path: path.write_text("second"))
    assert [(f.name, f.read_text()) for f in tmp_path.iterdir()] == [("file.txt", "second")]


def test_what_killed_writers_left_is_removed_after_an_hour(tmp_path):
    folder = filled(tmp_path / "s", [1])
    old, new = folder / "a.1.partial", folder / "b.2.partial"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 4000,) * 2)
    opened(folder)
    assert not old.exists() and new.exists()
    remove_unfinished(tmp_path / "absent")


def test_a_million_rows_are_indexed_by_their_headers(tmp_path):
    """Of 100,000 here: rows are never read, so that copies of one shard stand for all."""
    folder = tmp_path / "s"
    folder.mkdir()
    shape, rng = (64, 64), np.random.default_rng(0)
    rows = {rng.bytes(32): np.zeros(shape, np.float16) for _ in range(1000)}
    first = write_shard(folder, rows)
    for i in range(99):
        os.link(first, folder / f"{i:020d}-01000-copy.safetensors")
    store = Store(folder, shape, "float16")
    assert len(store) == 100_000
    assert (store.find(list(rows))[:, 0] == 99).all()  # the latest
    shutil.rmtree(folder)
