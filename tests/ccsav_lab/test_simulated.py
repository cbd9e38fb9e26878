"""Simulated heads know what they are said to know, and borders lie where points are put."""

import numpy as np
import pytest
from sklearn.base import clone

from ccsav import CCSAVClassifier, HeadActivations
from ccsav_lab import interactions, specialise
from ccsav_lab.simulated import as_activations, border, specialist_vectors

CLASSES, CLIPS = 10, 20


def activations(seed=0, **options) -> HeadActivations:
    return as_activations(*specialist_vectors(CLASSES, CLIPS, seed=seed, **options))


def test_the_same_seed_gives_the_same_vectors():
    X, y = specialist_vectors(4, 3, n_heads=5, dim=6, seed=1)
    again, _ = specialist_vectors(4, 3, n_heads=5, dim=6, seed=1)
    other, _ = specialist_vectors(4, 3, n_heads=5, dim=6, seed=2)
    assert X.shape == (12, 5, 6) and X.dtype == np.float32
    assert y.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    np.testing.assert_array_equal(X, again)
    assert np.abs(X - other).max() > 0.1


@pytest.mark.parametrize("misled", [False, True])
@pytest.mark.parametrize("known", [0.2, 0.5])
def test_sharp_heads_find_the_classes_that_they_know_and_no_others(known, misled):
    recall = specialise.probe(activations(known=known, noise=0.1, misled=misled)).to_numpy()
    best_first = -np.sort(-recall, axis=1).mean(axis=0)  # (C,), mean over heads
    number = round(known * CLASSES)
    assert best_first[:number].mean() > best_first[number:].mean() + 0.4


def test_sharper_heads_have_a_larger_reliable_share():
    shares = [
        interactions.split_half(activations(sharpness=s, noise=0.5), n=2)["reliable share"]
        for s in (0.0, 0.6, 1.0)
    ]
    assert shares[0] < 0.3 < shares[1] < 0.7 < shares[2]


def test_misled_heads_are_surer_of_classes_that_they_do_not_know():
    surest = []
    for misled in (False, True):
        X, y = specialist_vectors(CLASSES, CLIPS, noise=0.3, misled=misled)
        support = np.arange(len(y)) % CLIPS < 5
        wrong = []
        for head in range(8):
            clf = CCSAVClassifier.calm().fit(X[support][:, [head]], y[support])
            p = clf.predict_proba(X[~support][:, [head]])
            wrong.extend(p.max(axis=1)[p.argmax(axis=1) != y[~support]])
        surest.append(np.mean(wrong))
    assert surest[1] > surest[0] + 0.1


def test_weights_per_class_pay_where_heads_are_sharp():
    calm, gains = CCSAVClassifier.calm(), []
    for sharpness in (0.0, 1.0):
        X, y = specialist_vectors(50, 8, sharpness=sharpness, noise=1.5, misled=True)
        support = np.arange(len(y)) % 8 < 5
        right = [
            np.mean(clf.fit(X[support], y[support]).predict(X[~support]) == y[~support])
            for clf in (calm, clone(calm).set_params(alpha=np.inf, shrink_to="head"))
        ]
        gains.append(right[0] - right[1])
    assert gains[1] > 0.03 > gains[0]


@pytest.mark.parametrize(
    "wrong", [{"n_classes": 1}, {"sharpness": 1.5}, {"known": -0.1}, {"noise": -1.0}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        specialist_vectors(**{"n_classes": 3, "n_clips": 2} | wrong)


def test_the_border_of_a_step():
    rng = np.random.default_rng(0)
    shares = rng.random(200)
    gains = np.where(shares > 0.6, 0.04, 0.0) + 0.01 * rng.standard_normal(200)
    share, low, high = border(shares, gains)
    assert low <= share <= high
    assert share == pytest.approx(0.6, abs=0.05)
    assert high - low < 0.15


def test_no_border_where_nothing_is_gained():
    assert border([0.1, 0.5, 0.9], [0.0, -0.01, 0.0], n=5) == (np.inf, np.inf, np.inf)


def test_a_border_needs_points():
    with pytest.raises(ValueError, match=r"\(2,\)"):
        border([0.1, 0.2], [0.0])
