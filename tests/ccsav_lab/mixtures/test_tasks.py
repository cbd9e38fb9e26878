"""The named datasets of mixtures."""

import numpy as np
import pytest

import ccsav
from ccsav.clips.corpora import dataset_names, indicator
from ccsav_lab.mixtures import mixture_parts, tasks
from ccsav_lab.recordings import load_recordings
from ccsav_lab.sounds import CLASSES, render

FEW = {"clips": 10, "sources": 5, "progress": False}


@pytest.mark.slow
def test_mixtures_of_procedural_sounds():
    heldout, again = tasks.mixtures_heldout(**FEW), tasks.mixtures_heldout(**FEW)
    assert [heldout.digest(i) for i in range(10)] == [again.digest(i) for i in range(10)]
    assert len(heldout) == 10 and heldout.seconds(0) == 4
    classes = set(indicator(heldout.table["labels"]))
    assert classes <= set(CLASSES.index[CLASSES["held_out"]])
    few = {"sources": 5, "clips": 5, "sound_seconds": 0.2, "progress": False}
    trained = tasks.mixtures_trained(**few)
    assert set(indicator(trained.table["labels"])) <= set(CLASSES.index[~CLASSES["held_out"]])
    other = tasks.mixtures_heldout(**FEW, seed=1).table["sources"].str.split("; ").sum()
    assert not set(other) & set(heldout.table["sources"].str.split("; ").sum())
    row = heldout.table[heldout.table["number"] == 1].iloc[0]  # its source, rendered again
    name, seed = row["sources"].rsplit(" ", 1)
    wave = render(name, int(seed), conditions=tasks.NO_BACKGROUND).waveform
    first = round(float(row["onsets"]) * 16_000)
    mixture = heldout.waveforms[row.name][first : first + len(wave)]
    assert np.corrcoef(mixture[200:-200], wave[200:-200])[0, 1] > 0.9999


@pytest.mark.slow
def test_mixtures_of_recordings():
    mixtures = tasks.mixtures_recordings(progress=False)
    table, sources = mixtures.table, load_recordings()
    assert len(mixtures) == 600 and set(table["group"]) == {1, 2, 3, 4, 5}
    recording = dict(zip(sources.table["path"], sources.table["group"], strict=True))
    pool_of = {}
    for paths, pool in zip(table["sources"].str.split("; "), table["group"], strict=True):
        for path in paths:
            assert pool_of.setdefault(recording[path], pool) == pool
    assert len(pool_of) == sources.table["group"].nunique()  # each is heard
    per_class = indicator(table["labels"]).groupby(table["group"]).sum()
    assert set(per_class) == set(sources.labels) and per_class.min(axis=None) > 5
    parts = mixture_parts(mixtures, 5, sources)
    assert np.array_equal(parts.sum(axis=0).astype(np.float32), mixtures.waveforms[5])


@pytest.mark.parametrize("kind", ["heldout", "trained", "recordings"])
def test_they_have_names(kind, monkeypatch):
    made = []
    monkeypatch.setattr(tasks, f"mixtures_{kind}", lambda: made.append(kind) or load_recordings())
    assert f"mixtures-{kind}" in dataset_names()
    ccsav.load_dataset(f"mixtures-{kind}")
    assert made == [kind]
