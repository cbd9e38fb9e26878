"""Processes that are killed at any moment leave what is whole, or nothing; the next run goes on.

`KILLS` of the environment is how many kills there are in all: 25 in `make test`, 1,000 in
`make soak`.
"""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from ccsav_lab.paper.kept import read_rows
from tests import ROOT
from tests.robust import kill_jobs
from tests.robust.kill_jobs import JOBS

KEYS = ["heads", "method", "episode", "path", "label", "answer", "predicted"]
KILLS = int(os.environ.get("KILLS", "25"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, not on Windows"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that runs a job until it ends or is killed: the seconds, and how it ended."""
    home = tmp_path_factory.mktemp("kills")
    command = [sys.executable, "-W", "ignore", "-m", "tests.robust.kill_jobs", str(home)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    server = subprocess.Popen(command, **pipes, text=True, cwd=ROOT)

    def told(name, folder, seconds="inf"):
        server.stdin.write(f"{name}\t{folder}\t{seconds}\n")
        server.stdin.flush()
        for line in server.stdout:
            if line.count("\t") == 1:
                lasted, how = line.split("\t")
                return float(lasted), how.strip()
        return pytest.fail("the process that forks the jobs has ended")

    for line in server.stdout:
        if line == "ready\n":
            break
    yield told
    server.stdin.close()
    server.kill()
    server.wait()
    server.stdout.close()


@pytest.fixture(autouse=True)
def models(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(kill_jobs, "MODEL", tmp_path_factory.mktemp("here") / "model")


@pytest.mark.parametrize("name", JOBS)
def test_kills(run, tmp_path, name):
    job, rng = JOBS[name], np.random.default_rng(len(name))
    (tmp_path / "whole").mkdir()
    lasts, how = run(name, tmp_path / "whole")
    assert how == "ended"
    job.check(tmp_path / "whole")
    killed = 0
    for i in range(max(1, KILLS * job.kills // 25)):
        folder = tmp_path / ("killed" if job.again else f"killed {i}")
        folder.mkdir(exist_ok=True)
        _, how = run(name, folder, rng.uniform(0, lasts))
        assert how in ("killed", "ended")
        killed += how == "killed"
        job.check(folder)
        if not job.again or how == "ended":
            assert run(name, folder)[1] == "ended"
            job.check(folder)
            same_results(folder, tmp_path / "whole")
            if job.again:
                folder.rename(tmp_path / f"ended {i}")
    assert killed >= 1
    folder.mkdir(exist_ok=True)
    assert run(name, folder)[1] == "ended"
    job.check(folder)
    same_results(folder, tmp_path / "whole")


def same_results(folder, whole):
    """The same files, but for unfinished ones; in the tables the same rows."""
    files, found = (
        {p.relative_to(place) for p in place.rglob("*") if not {"heads", "cache"} & set(p.parts)}
        for place in (whole, folder)
    )
    assert files <= found and all(".partial" in str(p) for p in found - files)
    for file in (p for p in files if p.suffix == ".csv"):
        one, other = (read_rows(place / file).fillna("") for place in (folder, whole))
        keys = one.columns.intersection(KEYS)
        pd.testing.assert_frame_equal(one[keys], other[keys])
