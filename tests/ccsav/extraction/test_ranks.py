import numpy as np
import pytest

from ccsav import extract, load_dataset
from ccsav.extraction.ranks import checked_rank, find_rank, local_device
from tests.ccsav.extraction.helpers import rows_in, run

ARRAY = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "1"}


@pytest.mark.parametrize(
    ("environment", "rank"),
    [
        ({}, (0, 1)),
        ({"RANK": "3", "WORLD_SIZE": "4", "SLURM_PROCID": "0", "SLURM_NTASKS": "9"}, (3, 4)),
        ({"SLURM_PROCID": "2", "SLURM_NTASKS": "8"}, (2, 8)),
        (ARRAY | {"SLURM_ARRAY_TASK_STEP": "2"}, (3, 4)),
        (ARRAY | {"SLURM_ARRAY_TASK_ID": "1"}, (0, 4)),
        (ARRAY | {"SLURM_ARRAY_TASK_ID": "2", "SLURM_PROCID": "1", "SLURM_NTASKS": "2"}, (3, 8)),
        (ARRAY | {"SLURM_ARRAY_TASK_ID": "1", "SLURM_PROCID": "0", "SLURM_NTASKS": "1"}, (0, 4)),
    ],
)
def test_numbers_that_engines_set(environment, rank):
    assert find_rank(environment) == rank


@pytest.mark.parametrize("rank", [(4, 4), (-1, 2), (0, 0), "first", 3, (1, 2, 3), ("a", 2)])
def test_ranks_that_are_not_possible(rank):
    with pytest.raises(ValueError, match="rank="):
        checked_rank(rank)


def test_each_process_has_a_device():
    assert [local_device(2, {"LOCAL_RANK": str(i)}) for i in range(4)] == [0, 1, 0, 1]
    assert local_device(0, {}) == 0 and local_device(8, {"SLURM_LOCALID": "5"}) == 5


def test_ranks_come_together_in_the_cache(whisper, dataset, tmp_path, passes):
    cache = tmp_path / "cache"
    parts = [run(whisper, dataset, cache=cache, rank=(i, 5)) for i in range(5)]
    assert [len(part.X) for part in parts] == [3, 3, 2, 2, 2] and sum(passes) == 12
    assert len(set(rows_in(cache))) == len(rows_in(cache)) == 12
    whole = run(whisper, dataset, cache=cache)
    assert sum(passes) == 12
    for i, part in enumerate(parts):
        np.testing.assert_array_equal(part.X, whole.X[i::5])
        assert part.table["path"].tolist() == whole.table["path"].tolist()[i::5]
        assert part.labels.tolist() == whole.labels.tolist()
        assert part.y.tolist() == whole.y.tolist()[i::5]


def test_more_ranks_than_clips(whisper, dataset, tmp_path):
    acts = run(whisper, dataset.subset([0, 1]), cache=tmp_path / "cache", rank=(2, 3))
    assert acts.X.shape[0] == len(acts.y) == len(acts.table) == 0


def test_a_rank_needs_a_cache(whisper, dataset, monkeypatch):
    with pytest.raises(ValueError, match="give a cache, in which the parts come together"):
        run(whisper, dataset, rank=(0, 2))
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert len(run(whisper, dataset.subset([0])).X) == 1  # unasked, a process computes all clips
    with pytest.raises(ValueError, match="give a cache"):
        run(whisper, dataset, rank="auto")


def test_the_errors_of_a_rank_are_its_own(whisper, broken, tmp_path):
    kept, reasons = 0, []
    for i in range(2):
        with pytest.warns(UserWarning, match="clips were left out"):
            part = run(whisper, broken, on_error="skip", cache=tmp_path / "cache", rank=(i, 2))
        kept += len(part.X)
        reasons += part.skipped["path"].tolist()
    assert kept == 12 and len(reasons) == len(set(reasons)) == 4


def test_progress_of_all_ranks(whisper, dataset, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ccsav.extraction.pipeline._TELL", 0.0)
    monkeypatch.setattr("ccsav.disk.store.SECONDS", 0.0)
    for i in range(2):
        extract(whisper, dataset, cache=tmp_path / "cache", rank=(i, 2), batch_size=1)
    shown = capsys.readouterr().err
    assert "rank 0 of 2" in shown and "all ranks: 12 rows stored" in shown


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_torchrun(ranks, model_folders, folder, tmp_path, whisper, dataset, torchrun):
    cache = tmp_path / "cache"
    out = torchrun(ranks, "--model", model_folders["whisper"], "--data", folder, "--cache", cache)
    for i in range(ranks):
        assert f"rank {i} of {ranks}: {len(range(i, 12, ranks))} of 12 clips" in out
    assert len(rows_in(cache)) == len(set(rows_in(cache))) == 12
    stored = run(whisper, load_dataset(folder), cache=cache, heads="all")
    plain = run(whisper, dataset, heads="all")
    np.testing.assert_allclose(stored.X, plain.X, rtol=1e-2, atol=1e-3)


@pytest.mark.slow
def test_a_rank_that_dies_is_started_again(model_folders, folder, tmp_path, torchrun):
    cache = tmp_path / "cache"
    out = torchrun(
        *(2, "--model", model_folders["whisper"], "--data", folder, "--cache", cache),
        restarts=1,
        dies=tmp_path / "died",
    )
    assert (tmp_path / "died").exists() and "rank 1 of 2: 6 of 12 clips" in out
    assert len(set(rows_in(cache))) == len(rows_in(cache)) == 12
