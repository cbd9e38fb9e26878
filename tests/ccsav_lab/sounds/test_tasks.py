"""The course's few-shot tasks on procedural sounds."""

import pytest

import ccsav
from ccsav_lab.sounds import CLASSES, render, tasks


@pytest.mark.slow
def test_named_tasks():
    heldout = tasks.sounds_heldout(clips=2, progress=False)
    trained = tasks.sounds_trained(clips=2, progress=False)
    assert not set(heldout.labels) & set(trained.labels)
    assert len(heldout.labels) == CLASSES["held_out"].sum() >= 14
    assert len(trained) == 2 * (~CLASSES["held_out"]).sum()
    again = tasks.sounds_heldout(clips=2, progress=False)
    other = tasks.sounds_heldout(clips=2, seed=1, progress=False)
    assert [heldout.digest(i) for i in range(4)] == [again.digest(i) for i in range(4)]
    assert heldout.digest(0) != other.digest(0)
    families = tasks.sounds_families(clips=1, progress=False)
    assert families.labels.tolist() == sorted(set(CLASSES["family"]))
    assert families.table["group"].nunique() == len(CLASSES)
    pairs = tasks.spoof(clips=1, progress=False)
    assert pairs.labels.tolist() == ["bona fide", "spoof"]
    assert set(pairs.table["attack"]) == {"none", "griffin-lim", "vocoder"}
    assert pairs.table.groupby("group")["label"].nunique().eq(2).all()


def test_a_task_is_loaded_by_its_name(monkeypatch):
    """By the entry point, with 30 clips per class; their sound is tested elsewhere."""
    rendered = []

    def silent(name, seed, **options):
        rendered.append((name, seed))
        return render(name, seed, **options | {"seconds": 0.1})

    monkeypatch.setattr(tasks, "render", silent)
    dataset = ccsav.load_dataset("sounds-heldout")
    assert dataset.labels.tolist() == sorted(CLASSES.index[CLASSES["held_out"]])
    assert len(dataset) == len(rendered) == 30 * len(dataset.labels)
    assert set(dataset.table["label"].value_counts()) == {30}
