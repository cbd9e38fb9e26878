import numpy as np
import pytest

import ccsav
from ccsav import CCSAVClassifier, HECClassifier, MultiLabelCCSAVClassifier, SAVClassifier
from ccsav.disk.on_disk import RowsOnDisk
from ccsav.weights import arrays
from tests.ccsav.extraction.helpers import flip_a_bit, run, shards_in


@pytest.fixture
def pair(whisper, dataset, tmp_path):
    """The same head vectors in memory and on disk."""
    cache = tmp_path / "cache"
    return run(whisper, dataset, cache=cache), run(whisper, dataset, cache=cache, keep="disk")


@pytest.mark.parametrize(
    "index",
    [
        slice(2, 9, 3),
        [3, 0, 3],
        np.arange(12) % 2 == 0,
        (slice(None), [5, 1]),
        (slice(4), np.arange(16) < 3),
    ],
)
def test_an_index_of_clips_or_heads_reads_nothing(pair, index):
    memory, disk = pair
    part = disk.X[index]
    assert isinstance(part, RowsOnDisk) and part.shape == memory.X[index].shape
    np.testing.assert_array_equal(part, memory.X[index])
    np.testing.assert_array_equal(part[1:], memory.X[index][1:])
    np.testing.assert_array_equal(part[:, ::-2], memory.X[index][:, ::-2])


@pytest.mark.parametrize("index", [3, -1, (3, 2), (2, slice(3), 1), (slice(None), 4), ([1, 2], 0)])
def test_any_other_index_gives_an_array(pair, index):
    memory, disk = pair
    assert isinstance(disk.X[index], np.ndarray | np.floating)
    np.testing.assert_array_equal(disk.X[index], memory.X[index])


def test_an_array_of_all(pair):
    memory, disk = pair
    assert (disk.X.shape, disk.X.dtype, len(disk.X)) == (memory.X.shape, memory.X.dtype, 12)
    assert np.asarray(disk.X, np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="cannot be an array without being read"):
        np.array(disk.X, copy=False)
    with pytest.raises(IndexError):
        disk.X[12]


@pytest.mark.parametrize(
    "method", [CCSAVClassifier(), CCSAVClassifier.calm(), HECClassifier(), SAVClassifier(4)]
)
def test_classifiers_predict_a_few_clips_at_a_time(pair, method, monkeypatch):
    memory, disk = pair
    some = np.arange(12) % 2 == 0
    fitted = method.fit(disk.X[some], disk.y[some])
    expected = fitted.predict_proba(memory.X)
    monkeypatch.setattr(arrays, "CHUNK", 3 * memory.X[0].size)  # three clips at once
    taken = []
    read = RowsOnDisk.__array__
    monkeypatch.setattr(RowsOnDisk, "__array__", lambda x, *a: taken.append(len(x)) or read(x, *a))
    np.testing.assert_allclose(fitted.predict_proba(disk.X), expected, rtol=1e-5)
    assert max(taken) == 3 and sum(taken) == 12
    results = ccsav.evaluate({"it": method}, disk.X, disk.y, shots=2, n_episodes=2, progress=False)
    plain = ccsav.evaluate({"it": method}, memory.X, disk.y, shots=2, n_episodes=2, progress=False)
    np.testing.assert_allclose(results["accuracy"], plain["accuracy"])


def test_several_labels(pair):
    memory, disk = pair
    Y = np.eye(3, dtype=int)[memory.y]
    fitted = MultiLabelCCSAVClassifier().fit(disk.X, Y)
    expected = fitted.decision_function(memory.X)
    np.testing.assert_allclose(fitted.decision_function(disk.X), expected, rtol=1e-5)


def test_activations_on_disk(pair):
    memory, disk = pair
    assert "12 clips × 16 heads" in repr(disk)
    part = disk[disk.y == 1].with_heads("cross")
    assert isinstance(part.X, RowsOnDisk)
    np.testing.assert_array_equal(part.X, memory[memory.y == 1].with_heads("cross").X)
    both = ccsav.HeadActivations.joined([disk, disk])
    np.testing.assert_array_equal(both.X[:12], memory.X)


def test_skipped_clips_are_not_in_the_array(whisper, broken, tmp_path):
    with pytest.warns(UserWarning, match="4 clips were left out"):
        acts = run(whisper, broken, on_error="skip", cache=tmp_path, keep="disk")
    assert np.isfinite(acts.X).all() and len(acts.X) == 12


def test_disk_needs_a_cache(whisper, dataset):
    with pytest.raises(ValueError, match='keep="disk": give a cache'):
        run(whisper, dataset, keep="disk")


def test_a_damaged_row_is_named_and_computed_again(pair, whisper, dataset, tmp_path, passes):
    memory, disk = pair
    (shard,) = shards_in(tmp_path / "cache")
    flip_a_bit(shard, "rows")
    with (
        pytest.warns(UserWarning, match="1 rows are damaged"),
        pytest.raises(ValueError, match="1 rows are damaged or missing: call `extract` again with"),
    ):
        np.asarray(disk.X)
    assert len(run(whisper, dataset, cache=tmp_path / "cache", keep="disk").X) == 12
    assert passes == []  # nothing was read
    options = {"cache": tmp_path / "cache", "keep": "disk", "verify": True}
    with pytest.warns(UserWarning, match="1 rows are damaged"):
        again = run(whisper, dataset, **options)
    assert passes == [1]
    np.testing.assert_allclose(again.X, memory.X, rtol=1e-2, atol=1e-3)


def test_opening_without_a_model(pair, dataset, tmp_path):
    memory, _ = pair
    acts = ccsav.open(tmp_path / "cache", dataset)
    np.testing.assert_array_equal(acts.X, memory.X)
    for name in ("y", "labels", "groups"):
        np.testing.assert_array_equal(getattr(acts, name), getattr(memory, name))
    assert acts.heads.equals(memory.heads) and acts.table.equals(memory.table)
    named = set(memory.provenance) - {"truncated"}
    assert {k: acts.provenance[k] for k in named} == {k: memory.provenance[k] for k in named}
    pruned = CCSAVClassifier().fit(memory.X, memory.y).prune(1)
    few = ccsav.open(tmp_path / "cache", dataset.subset([7, 2]), heads=pruned.heads_)
    np.testing.assert_array_equal(pruned.predict(few.X), memory.y[[7, 2]])


def test_opening_what_is_not_there_or_there_twice(pair, whisper, dataset, tmp_path):
    cache = tmp_path / "cache"
    with pytest.raises(ValueError, match="holds 0 of the 12 clips in one way: call `extract`"):
        ccsav.open(tmp_path / "other", dataset)
    run(whisper, dataset.subset([0, 1]), "Is it high?", cache=cache)
    with pytest.raises(ValueError, match="holds 2 of the 12 clips in one way"):
        ccsav.open(cache, dataset, question="Is it high?")
    with pytest.raises(ValueError, match="stored in 2 ways, choose model, question: model="):
        ccsav.open(cache, dataset.subset([0, 1]))
    acts = ccsav.open(cache, dataset.subset([0, 1]), question="Is it high?", model=whisper.name)
    assert acts.X.shape == (2, 16, 12)
