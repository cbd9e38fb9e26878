"""Specialists are found where they are planted, and hardly ever where there are none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ccsav import HeadActivations
from ccsav_lab import interactions, specialise

CLASSES, CLIPS, HEADS, DIM = 5, 24, 12, 8


def activations(seed, planted=(), groups=None, easier=False, noise=0.5):
    """Heads that know all classes equally well, or some classes better; planted: (head, class)."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(CLASSES), CLIPS)
    skill = np.ones(HEADS) if easier else rng.uniform(0.5, 1.5, HEADS)
    ease = rng.uniform(0.5, 1.5, CLASSES) if easier else np.ones(CLASSES)
    centres = np.eye(CLASSES, DIM)[:, None]  # (C, 1, D), all classes equally far from one another
    strength = skill * ease[y, None]  # (N, K)
    for head, label in planted:
        strength[y == label, head] += 3
    X = strength[..., None] * centres[y] + noise * rng.standard_normal((len(y), HEADS, DIM))
    heads = pd.DataFrame({"layer": 0, "head": range(HEADS), "kind": "decoder"})
    names = np.array(list("abcde"))
    table = pd.DataFrame({"label": names[y]})
    return HeadActivations(
        X.astype(np.float32), y, names, groups, heads, table, pd.DataFrame(), {"model": "simulated"}
    )


def test_planted_specialists_are_found():
    planted = [(3, 1), (7, 4)]
    acts = activations(0, planted, noise=0.9)
    table = interactions.specialists(acts, n=300, progress=False)
    found = table.index[table["p_corrected"] < 0.05]
    assert {(3, "b"), (7, "e")} <= set(found)
    assert len(found) <= 4
    assert (table.loc[[(3, "b"), (7, "e")], "excess"] > 0.2).all()


@pytest.mark.parametrize("easier", [False, True])
def test_without_specialists_hardly_any_is_found(easier):
    """About 1 in 20 such data sets may give a false specialist."""
    tables = [
        interactions.specialists(activations(seed, easier=easier), n=100, progress=False)
        for seed in range(20)
    ]
    assert sum((table["p_corrected"] <= 0.05).any() for table in tables) < 4


def test_the_table_adds_up():
    acts = activations(1, [(2, 2)])
    table = interactions.specialists(acts, n=20, progress=False)
    halves = interactions.halves_of(acts, 0)
    recall = np.mean([specialise.probe(half) for half in halves], axis=0)  # (K, C)
    np.testing.assert_allclose(table["recall"].unstack().to_numpy(), recall)
    np.testing.assert_allclose(table["expected"] + table["excess"], table["recall"])
    excess = specialise.interaction(pd.DataFrame(recall)).to_numpy()
    np.testing.assert_allclose(table["excess"].unstack().to_numpy(), excess, atol=1e-12)
    ratio = recall[2, 2] * recall.mean() / (recall[2].mean() * recall[:, 2].mean())
    assert table.loc[(2, "c"), "ratio"] == pytest.approx(ratio)
    assert (table["p"] <= table["p_corrected"]).all()


def test_what_a_group_shares_is_not_evidence():
    """Four copies of a clip in each group: without the groups they look like four clips."""
    groups = np.arange(CLASSES * CLIPS) // 4  # six groups in a class
    found = {"with groups": 0, "without": 0}
    for seed in range(20):
        acts = activations(seed, groups=groups, noise=0.9)
        acts = replace(acts, X=acts.X[4 * groups])
        for name, each in (("with groups", acts), ("without", replace(acts, groups=None))):
            table = interactions.specialists(each, n=100, progress=False)
            found[name] += int((table["p_corrected"] <= 0.05).any())
    assert found["with groups"] < 4
    assert found["without"] > 8


def test_halves_agree_on_specialists():
    many = [(head, head % CLASSES) for head in range(HEADS)]
    with_them = interactions.split_half(activations(3, many), n=4)
    without = interactions.split_half(activations(3), n=4)
    assert with_them["interaction"] > 0.5 > without["interaction"]
    assert 0 < with_them["reliable share"] < 1


def test_planted_specialists_are_reliable_and_outside_of_luck():
    table = interactions.specialists(
        activations(0, [(3, 1), (7, 4)], noise=0.9), n=100, progress=False
    )
    planted = table.loc[[(3, "b"), (7, "e")]]
    assert (planted["reliability"] > 0.8).all()
    assert (planted["low"] > 0).all()
    assert table["reliability"].drop(planted.index).median() < 0.5
    assert table["reliability"].between(-1, 1).all()
    np.testing.assert_allclose((table["low"] + table["high"]) / 2, table["excess"])


def test_intervals_hold_the_truth():
    """Heads that know all classes alike have no excess: about 95 % of intervals hold 0."""
    inside = []
    for seed in range(6):
        table = interactions.specialists(activations(seed), n=20, divisions=1, progress=False)
        inside.append(((table["low"] <= 0) & (table["high"] >= 0)).mean())
    assert 0.92 < np.mean(inside) <= 1


def test_reliability_by_hand():
    """The product of the halves' excess over its mean square, from both halves of one division."""
    acts = activations(2, [(1, 1)])
    table = interactions.specialists(acts, n=5, divisions=1, progress=False)
    halves = [
        specialise.interaction(specialise.probe(half)) for half in interactions.halves_of(acts)
    ]
    a, b = (half.loc[1, "b"] for half in halves)
    assert table.loc[(1, "b"), "reliability"] == pytest.approx(a * b / ((a**2 + b**2) / 2))


def test_one_class_and_the_sentence():
    acts = activations(0, [(3, 1)])
    table = interactions.specialists(acts, n=100, progress=False)
    one = interactions.specialists(acts, n=100, label="b", progress=False)
    pd.testing.assert_frame_equal(one, table.loc[(slice(None), "b"), :])
    found = int((table["p_corrected"] <= 0.05).sum())
    sentence = interactions.in_words(table)
    assert sentence.startswith(f"{found} of {HEADS * CLASSES} pairs of head and class")
    assert 0 < table["by_luck"].sum() < 0.5  # in one shuffle of twenty, a pair or a few
    with pytest.raises(ValueError, match="label='z': choose one of"):
        interactions.specialists(acts, label="z", progress=False)


def test_at_least_one_shuffle():
    with pytest.raises(ValueError, match="n=0: shuffle at least once"):
        interactions.specialists(activations(0), n=0)


def test_halves_have_whole_groups_and_all_classes():
    groups = np.arange(CLASSES * CLIPS) // 6
    several = np.tile(np.arange(6), CLASSES * CLIPS // 6)  # each has clips of every class
    for each in (None, groups, several):
        acts = activations(0, groups=each)
        first, second = interactions.halves_of(acts, 3)
        assert set(first.y) == set(second.y) == set(range(CLASSES))
        assert len(first.y) + len(second.y) == len(acts.y)
        assert 0.4 < len(first.y) / len(acts.y) < 0.6
        if each is not None:
            assert not set(first.groups) & set(second.groups)


def test_a_class_of_one_group_is_refused():
    acts = activations(0, groups=np.repeat(np.arange(CLASSES), CLIPS))
    with pytest.raises(ValueError, match="class 'a' cannot be divided into two halves"):
        interactions.specialists(acts, progress=False)
