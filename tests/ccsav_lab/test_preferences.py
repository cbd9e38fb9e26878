"""What a head likes, and sweeps over recordings that the user gives."""

import numpy as np
import pytest

import ccsav
from ccsav import CCSAVClassifier
from ccsav_lab import explore, sounds
from ccsav_lab.sounds.tasks import make


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def dataset():
    return make(["dog", "siren", "rain"], clips=5, progress=False)


@pytest.fixture(scope="module")
def acts(mini, dataset):
    return ccsav.extract(mini, dataset, progress=False)


def test_clips_by_certainty(acts, dataset):
    ranked = explore.ranked_clips(acts, 20, label="dog")
    votes = explore.votes(acts, 20)[:, acts.labels.tolist().index("dog")]
    np.testing.assert_allclose(ranked["score"], np.sort(votes)[::-1])
    np.testing.assert_allclose(votes[ranked["clip"]], ranked["score"])
    assert (ranked["label"] == acts.labels[acts.y[ranked["clip"]]]).all()
    assert (ranked["label"].head(4) == "dog").sum() >= 3  # this head knows dogs
    page = explore.play_ranked(
        acts, dataset.subset(range(len(dataset) - 1, -1, -1)), ranked, 2
    ).data
    assert page.count("<audio") == 2
    first = ranked.iloc[0]
    assert f"{first['clip']}: dog, {first['score']:.2f}" in page


def test_clips_by_projection(acts):
    X = acts.X[:, 7].astype(float)
    direction = X[acts.y == 0].mean(0) - X[acts.y != 0].mean(0)
    ranked = explore.ranked_clips(acts, 7, direction=2 * direction)
    right = X @ direction / np.linalg.norm(direction)
    np.testing.assert_allclose(ranked["score"], np.sort(right)[::-1])
    assert ranked["clip"].iloc[0] == right.argmax()


def test_what_does_not_fit_is_refused(acts):
    for options, hint in (
        ({}, "give label or direction"),
        ({"label": "dog", "direction": np.ones(32)}, "give label or direction"),
        ({"label": "cow"}, "label='cow': choose one of"),
        ({"direction": np.ones(3)}, r"direction must be \(32,\)"),
        ({"direction": np.zeros(32)}, "not all zeros"),
    ):
        with pytest.raises(ValueError, match=hint):
            explore.ranked_clips(acts, 0, **options)
    with pytest.raises(ValueError, match="head=48"):
        explore.ranked_clips(acts, 48, label="dog")


def test_recordings_are_swept(mini, acts):
    """The unchanged value has the vectors of the recordings; the response falls in the noise."""
    waves = [sounds.render("dog", 900 + i).waveform for i in range(4)]
    swept = explore.sweep_recordings(
        mini, waves, "level_db", [-20.0, 0.0], heads=None, progress=False
    )
    assert swept.table["value"].tolist() == [-20.0] * 4 + [0.0] * 4
    assert swept.table["clip"].tolist() == [0, 1, 2, 3] * 2
    right = mini.head_vectors(waves).numpy()
    assert np.abs(swept.X[4:].astype(float) - right).max() < 0.01 * np.abs(right).max()
    clf = CCSAVClassifier(readout="prototype", joint=0).fit(acts.X, acts.labels[acts.y])
    head = int(clf.reliability_[:, clf.classes_.tolist().index("dog")].argmax())
    noisy = explore.sweep_recordings(
        mini, waves, "snr_db", [-20.0, 40.0], heads=None, progress=False
    )
    found = explore.responses(clf, noisy, "dog", [head]).groupby("value")["response"].mean()
    assert found[40.0] > found[-20.0] + 0.1


def test_nothing_to_sweep_is_refused(mini):
    with pytest.raises(ValueError, match="0 values, 1 clips"):
        explore.sweep_recordings(mini, [np.zeros(8000, np.float32)], "level_db", [])
