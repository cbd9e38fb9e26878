"""Saved classifiers whose bytes were changed."""

import tracemalloc

import numpy as np
import pytest

import ccsav
from ccsav import storage


def test_a_flipped_bit_is_noticed(tmp_path):
    X = np.random.default_rng(0).normal(size=(24, 6, 5)).astype(np.float32)
    clf = ccsav.CCSAVClassifier().fit(X, np.array(["é", "b", "c"])[np.arange(24) % 3])
    file = storage.save_classifier(clf, tmp_path / "it", note="a")
    whole = file.read_bytes()
    header = int.from_bytes(whole[:8], "little")
    rng = np.random.default_rng(0)
    places = [*range(8), *rng.integers(8, 8 + header, 300), *rng.integers(header, len(whole), 100)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"it: (damaged|not a whole|a safetensors|written by)"):
            storage.load_classifier(file)
    file.write_bytes(whole)
    np.testing.assert_array_equal(storage.load_classifier(file).predict(X), clf.predict(X))


def test_a_header_that_claims_much_is_refused_at_once(tmp_path):
    for claimed in (2**33, 2**63):
        (tmp_path / "it").write_bytes(claimed.to_bytes(8, "little") + b"{}" * 100)
        tracemalloc.start()
        with pytest.raises(ValueError, match="it: not a whole safetensors file"):
            storage.load_classifier(tmp_path / "it")
        assert tracemalloc.get_traced_memory()[1] < 1e6
        tracemalloc.stop()
