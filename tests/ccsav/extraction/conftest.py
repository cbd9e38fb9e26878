import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from ccsav import load_dataset
from ccsav.lalm.model import LALM


@pytest.fixture
def dataset(folder):
    return load_dataset(folder)


@pytest.fixture
def passes(monkeypatch):
    """Records how many clips each forward pass takes."""
    sizes, read = [], LALM.head_vectors_of

    def counted(lalm, prepared, heads):
        sizes.append(len(prepared[1]))
        return read(lalm, prepared, heads)

    monkeypatch.setattr(LALM, "head_vectors_of", counted)
    return sizes


@pytest.fixture
def broken(folder):
    """The folder with a clip that is text, one that is too long and one with NaN."""
    (folder / "low" / "text.wav").write_text("no audio")
    soundfile.write(folder / "mid" / "long.wav", np.zeros(16_000 * 5), 16_000)
    wave = np.zeros(16_000, np.float32)
    wave[5] = np.nan
    soundfile.write(folder / "high" / "nan.wav", wave, 16_000, subtype="FLOAT")
    soundfile.write(folder / "high" / "short.wav", np.zeros(100), 16_000)
    return load_dataset(folder)


# run in place of `-m ccsav.extraction`: rank 1 kills itself once, when it has stored some rows
DIES = """
import os, pathlib, runpy, signal, sys
from ccsav.disk import store

died, sys.argv = pathlib.Path(sys.argv[1]), ["ccsav.extraction", *sys.argv[2:]]
store.SECONDS, flush = 0.0, store.Store.flush

def last_flush(self):
    flush(self)
    if os.environ["RANK"] == "1" and not died.exists() and self.folder.name != "recordings":
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)

store.Store.flush = last_flush
runpy.run_module("ccsav.extraction", run_name="__main__")
"""


@pytest.fixture
def torchrun(tmp_path):
    """Run the command line in several processes, by torchrun; returns what they print."""

    def start(ranks, *arguments, restarts=0, dies=None):
        program = ["-m", "ccsav.extraction"]
        if dies is not None:
            (tmp_path / "dies.py").write_text(DIES)
            program = [tmp_path / "dies.py", dies]
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        launcher += ["--nproc-per-node", ranks, "--max-restarts", restarts]
        options = ["--device", "cpu", "--batch-size", 2]
        command = [str(x) for x in (*launcher, *program, *arguments, *options)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return start
