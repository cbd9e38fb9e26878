"""Jobs that are killed while they run, and a process that forks them, so that imports cost once.

To add a job: write `name(folder)`, which does its work in a folder that earlier, killed runs may
have left anything in, and `check_name(folder)`, which raises unless what is there is right, whole
or absent; enter both in JOBS. `python -m tests.robust.kill_jobs FOLDER` reads lines of job, folder
and seconds until the kill (inf: never), and answers each with the seconds that the job ran, and
"killed" or "ended".
"""

import functools
import hashlib
import json
import os
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

import ccsav
from ccsav.clips.dataset import Dataset
from ccsav.disk import store
from ccsav.lalm.loading import SMALL_PARTS
from ccsav_lab import small as small_lalm
from ccsav_lab.paper import few_shot, fill_table, kept
from tests import tiny_models

MODEL = Path("model")  # in the folder that the process is given
METHODS = {"SAV": ccsav.SAVClassifier(), "CALM": ccsav.CCSAVClassifier.calm()}


@functools.cache
def classifiers():
    """Two fitted classifiers of different sizes, and vectors for them."""
    X = np.random.default_rng(0).normal(size=(30, 40, 24)).astype(np.float32)
    fitted = [ccsav.CCSAVClassifier().fit(X[:, :k], np.arange(30) % 3) for k in (40, 20)]
    return fitted, X


def save(folder):
    fitted, _ = classifiers()
    for i in range(60):
        ccsav.save_classifier(fitted[i % 2], folder / "it")


def check_save(folder):
    if (folder / "it").exists():
        fitted, X = classifiers()
        found = ccsav.load_classifier(folder / "it")
        first, second = (clf.n_heads_in_ for clf in fitted)
        true = fitted[0] if found.n_heads_in_ == first else fitted[1]
        assert found.n_heads_in_ in (first, second)
        X = X[:, : found.n_heads_in_]
        np.testing.assert_array_equal(found.decision_function(X), true.decision_function(X))


@functools.cache
def lalm():
    return ccsav.load_lalm(tiny_models.qwen2_audio(MODEL.resolve()), device="cpu")


@functools.cache
def clips():
    t, rng = np.arange(2_400) / 8_000, np.random.default_rng(0)
    pitches = np.repeat([150, 500, 1_500], 4)
    waves = [np.sin(2 * np.pi * p * t) * 0.4 + rng.normal(0, 0.05, len(t)) for p in pitches]
    rows = [(f"{i}.wav", f"at {p} Hz", ("train", "test")[i % 2]) for i, p in enumerate(pitches)]
    table = pd.DataFrame(rows, columns=["path", "label", "split"])
    return Dataset(table, waveforms=waves, rate=8_000)


def paper(folder):
    few_shot.COMPARED, kept.CHUNK = METHODS, 2
    options = {"shots": 1, "n_episodes": 2, "batch_size": 3}
    fill_table(lalm(), clips(), folder / "out", "Which pitch?", **options)


def check_paper(folder):
    out = folder / "out"
    if (out / "settings.json").exists():
        assert json.loads((out / "settings.json").read_text("utf-8"))["shots"] == 1
    for file in out.glob("*.csv"):
        table = kept.read_rows(file)
        keys = ["heads", "method", "episode"] if file.name == "few_shot.csv" else ["path"]
        assert len(table) and not table.duplicated(keys).any(), file
        assert table[keys[1:]].notna().all(axis=None), file
        assert file.read_text("utf-8").endswith("\n"), file


def small(folder):
    model = lalm()
    small_lalm.read_language_model = lambda wheel: (None, None)
    small_lalm.join = lambda *_: (model.model, model.processor)  # in place of what takes minutes
    small_lalm.make_small(folder / "any.whl", parts=SMALL_PARTS, out=folder / "made")


def check_small(folder):
    if (folder / "made").exists():
        assert small_lalm.is_made(out=folder / "made")
        assert ccsav.load_lalm(folder / "made", device="cpu").heads.equals(lalm().heads)


def extract(folder):
    store.SECONDS, store.ROWS = 0.0, 5  # each batch is written at once, and small shards are joined
    options = {"batch_size": 1, "progress": False, "cache": folder / "cache"}
    ccsav.extract(lalm(), clips(), **options)
    (folder / "done").touch()


@functools.cache
def true_vectors():
    return ccsav.extract(lalm(), clips(), batch_size=1, progress=False)


def check_extract(folder):
    """Every row that is stored is whole and right, and none is missing after a run that ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for found in (folder / "cache").glob("*/identity.json"):
            about = json.loads(found.read_text("utf-8"))
            rows = store.Store(found.parent, about["shape"], "float16")
            (prompt,) = true_vectors().provenance["prompts"]
            content = [f"{clips().digest(i)}\n{prompt}".encode() for i in range(len(clips()))]
            keys = [hashlib.sha256(x).digest() for x in content]
            X = np.zeros_like(true_vectors().X)
            good = rows.read(keys, X, range(len(keys)))
            np.testing.assert_array_equal(X[good], true_vectors().X[good])
            assert good.all() or not (folder / "done").exists()


class Job(NamedTuple):
    run: object
    check: object
    kills: int  # of 25
    again: bool  # whether a killed run is continued in its folder, or the next one is in a new one


JOBS = {
    "extract": Job(extract, check_extract, 10, True),
    "save": Job(save, check_save, 10, True),
    "paper": Job(paper, check_paper, 9, True),
    "small": Job(small, check_small, 6, False),
}


def forked(job, folder, seconds):
    """Run a job in a process of its own; returns the seconds that it ran, and how it ended."""
    start, pid = time.monotonic(), os.fork()
    if pid == 0:
        code = 1
        try:
            job(folder)
            code = 0
        finally:
            if code:
                traceback.print_exc()
            os._exit(code)
    ended = 0
    while not ended and time.monotonic() - start < seconds:
        time.sleep(0.001)
        ended, status = os.waitpid(pid, os.WNOHANG)
    if not ended:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    how = {0: "ended", -signal.SIGKILL: "killed"}.get(code, f"failed with {code}")
    return f"{time.monotonic() - start:.4f}\t{how}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    os.chdir(sys.argv[1])
    for material in (classifiers, lalm, clips, true_vectors):
        material()
    print("ready", flush=True)
    for line in sys.stdin:
        name, folder, seconds = line.rstrip("\n").split("\t")
        print(forked(JOBS[name].run, Path(folder), float(seconds)), flush=True)
