"""A folder of results is of one run, of one set of clips and settings."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ccsav_lab.paper import fill_released, fill_table, kept, released_table, steps
from ccsav_lab.sounds import tasks

DIGEST = "paths, labels, groups and splits"
HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""  # what `only_run` does in another process


def test_two_runs_in_one_folder(tmp_path):
    with kept.only_run(tmp_path / "out"):
        pass
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "out" / ".lock")]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ValueError, match=r"out: another run writes into this folder: wait"):
            kept.only_run(tmp_path / "out").__enter__()
        with kept.only_run(tmp_path / "elsewhere"):
            pass
    finally:
        other.kill()
        other.communicate()
    with (
        kept.only_run(tmp_path / "out"),  # the killed run holds nothing
        ThreadPoolExecutor(1) as pool,
        pytest.raises(ValueError, match="another run writes"),
    ):
        pool.submit(kept.only_run(tmp_path / "out").__enter__).result()
    with kept.only_run(tmp_path / "out"):
        pass


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def missing(file, kind):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(kept, "flock", missing)
    with pytest.warns(UserWarning, match=r"no locks here .*: start one run only"):
        kept.only_run(tmp_path).__enter__()


def test_settings_are_written_once(tmp_path):
    kept.keep_settings(tmp_path, {"a": 1})
    before = (tmp_path / "settings.json").stat()
    kept.keep_settings(tmp_path, {"a": 1})
    after = (tmp_path / "settings.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    with pytest.raises(ValueError, match="holds results of other a: choose another folder"):
        kept.keep_settings(tmp_path, {"a": 2})
    for content in (b"{", b"[1]", b"\xff"):
        (tmp_path / "settings.json").write_bytes(content)
        with pytest.raises(ValueError, match=r"settings\.json: damaged, no JSON"):
            kept.keep_settings(tmp_path, {"a": 1})


@pytest.fixture(scope="module")
def clips():
    made = tasks.make(["bird", "dog", "siren"], clips=4, progress=False)
    table = made.table.assign(split=np.tile(["train", "test"], 6))
    return replace(made, table=table)


def changed(clips):
    """The same clips with something else about them."""
    table = clips.table
    labels = table["label"].replace({"dog": "bird", "bird": "dog"})
    paths = table["path"].iloc[[1, 0, *range(2, 12)]].to_numpy()
    splits = np.tile(["test", "train"], 6)
    others = {"label": labels, "path": paths, "split": splits}
    return [replace(clips, table=table.assign(**{k: x})) for k, x in others.items()]


def test_other_paths_labels_splits_and_prompts(clips, tmp_path, monkeypatch, qwen):
    monkeypatch.setattr(steps, "_fill", lambda *_: None)  # the settings are checked before it
    episode = steps.Episode("test", np.arange(12), np.arange(12))
    monkeypatch.setattr(steps, "plan", lambda *_: [episode])
    options = {"shots": 1, "n_episodes": 1}
    fill_table(qwen, clips, tmp_path, **options)
    fill_table(qwen, clips, tmp_path, **options)
    for other in changed(clips):
        with pytest.raises(ValueError, match=rf"of other {DIGEST}: choose another"):
            fill_table(qwen, other, tmp_path, **options)
    monkeypatch.setattr(type(qwen), "prompt", lambda *_: "another template")
    with pytest.raises(ValueError, match="of other prompt: choose another"):
        fill_table(qwen, clips, tmp_path, **options)


def test_other_lists(clips, tmp_path, monkeypatch, qwen):
    monkeypatch.setattr(released_table, "_fill", lambda *_: None)
    questions = pd.DataFrame(
        {
            "part": clips.table["split"],
            "question": "Which?",
            "label": clips.table["label"],
            "options": None,
            "clip": range(12),
            "source": clips.table["path"],
        }
    )
    split = released_table.Split(None, clips, questions)
    fill_released(qwen, split, tmp_path)
    fill_released(qwen, split, tmp_path)
    for column, value in {"question": "What?", "clip": range(11, -1, -1), "source": "one"}.items():
        other = replace(split, questions=questions.assign(**{column: value}))
        with pytest.raises(ValueError, match="holds results of other lists: choose another"):
            fill_released(qwen, other, tmp_path)
