"""Recordings and videos for the tests of datasets."""

import hashlib

import numpy as np
import soundfile

from tests import videos


def write(path, seconds=0.1, rate=8_000):
    """A short recording that no other name has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int(hashlib.sha256(path.name.encode()).hexdigest()[:8], 16)
    soundfile.write(path, np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate)), rate)


def video(path, seconds=0.3):
    path.parent.mkdir(parents=True, exist_ok=True)
    return videos.write(path, seconds=seconds, size=(32, 32))


def same(table, **columns):
    for name, values in columns.items():
        assert table[name].tolist() == values, name
