import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from ccsav import load_dataset
from ccsav.extraction import batches
from ccsav.extraction.store import Cache, write_whole
from tests.ccsav.extraction.helpers import rows_in, run

WORKER = """
import json, sys
import ccsav
from ccsav.lalm.model import LALM

lalm = ccsav.load_lalm(sys.argv[1], device="cpu")
job = json.loads(sys.stdin.readline())
compute, sizes = LALM.head_vectors_of, []

def watched(lalm, prepared, heads):
    sizes.append(len(prepared[1]))
    if len(sizes) == job["pause_at"]:
        print("paused", flush=True)
        sys.stdin.readline()
    return compute(lalm, prepared, heads)

LALM.head_vectors_of = watched
dataset = ccsav.load_dataset(job["folder"])
ccsav.extract(lalm, dataset, cache=job["cache"], batch_size=2, progress=False)
print(sum(sizes), flush=True)
"""


@pytest.fixture(scope="module")
def workers(model_folders):
    """Two processes that extract, and pause before a given forward pass; started together."""
    command = [sys.executable, "-c", WORKER, str(model_folders["whisper"])]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(2)]
    yield iter(processes)
    for process in processes:
        process.kill()
        process.communicate()


def begin(worker, folder, cache, pause_at):
    """Let a worker extract, until it pauses."""
    job = {"folder": str(folder), "cache": str(cache), "pause_at": pause_at}
    print(json.dumps(job), file=worker.stdin, flush=True)
    assert worker.stdout.readline() == "paused\n"


@pytest.fixture
def many(tmp_path):
    """Twenty clips of half a second."""
    rng = np.random.default_rng(0)
    for i in range(20):
        path = tmp_path / "many" / "ab"[i % 2] / f"{i}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, rng.normal(0, 0.1, 8_000), 16_000)
    return tmp_path / "many"


@pytest.mark.slow
def test_kill_loses_at_most_the_batches_in_flight(workers, whisper, many, tmp_path, passes):
    cache, worker = tmp_path / "cache", next(workers)
    begin(worker, many, cache, pause_at=4)
    worker.kill()
    assert worker.wait() == -signal.SIGKILL
    assert len(rows_in(cache)) == 6  # of three passes; the fourth was in flight
    acts = run(whisper, load_dataset(many), cache=cache)
    assert sum(passes) == 20 - 6  # locks of the dead process are not in the way
    plain = run(whisper, load_dataset(many))
    np.testing.assert_allclose(acts.X, plain.X, rtol=1e-2, atol=1e-3)


def test_two_processes_share_a_cache(workers, whisper, many, tmp_path, passes, monkeypatch):
    cache, worker, sleep, waits = tmp_path / "cache", next(workers), time.sleep, []
    begin(worker, many, cache, pause_at=3)

    def wait(seconds):
        """Called when the worker has claimed all clips that are left: let it continue."""
        if not waits:
            print(file=worker.stdin, flush=True)
        waits.append(seconds)
        sleep(0.01)

    monkeypatch.setattr(batches.time, "sleep", wait)
    acts = run(whisper, load_dataset(many), cache=cache)
    assert waits
    # the worker had two batches, and claims on two more: no clip was computed twice
    assert int(worker.stdout.readline()) == 8 and sum(passes) == 12
    assert len(rows_in(cache)) == 20
    np.testing.assert_allclose(acts.X, run(whisper, load_dataset(many)).X, rtol=1e-2, atol=1e-3)


def test_claims_are_exclusive_and_end_with_their_row(tmp_path):
    one, two = Cache(tmp_path, {"a": 1}), Cache(tmp_path, {"a": 1})
    assert one.folder == two.folder != Cache(tmp_path, {"a": 2}).folder
    assert one.claim("abc")
    assert not two.claim("abc")  # the other computes it
    assert two.get("abc") is None
    one.put("abc", np.arange(3))
    assert not two.claim("abc")  # the other has stored it
    assert two.get("abc").tolist() == [0, 1, 2]
    assert one.claim("xyz")
    one.close()
    assert two.claim("xyz")
    two.close()
    assert not list(two.folder.glob("locks/*"))


def test_damaged_row_is_computed_again(whisper, dataset, tmp_path, passes):
    cache = tmp_path / "cache"
    first = run(whisper, dataset, cache=cache)
    next(cache.rglob("*.safetensors")).write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="is damaged and will be computed again"):
        again = run(whisper, dataset, cache=cache)
    assert passes == [12, 1]
    np.testing.assert_allclose(first.X, again.X, rtol=1e-2, atol=1e-3)


def test_without_a_folder_nothing_is_stored(tmp_path):
    store = Cache(None, {"a": 1})
    assert store.claim("abc")
    store.put("abc", np.arange(3))
    assert store.get("abc") is None and store.claim("abc")
    store.release("abc")
    store.close()


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    file = tmp_path / "file.txt"
    write_whole(file, lambda path: path.write_text("first"))
    assert file.read_text() == "first"

    def fail(path):
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(file, fail)
    assert file.read_text() == "first"
    write_whole(file, lambda path: path.write_text("second"))
    assert [(f.name, f.read_text()) for f in tmp_path.iterdir()] == [("file.txt", "second")]
