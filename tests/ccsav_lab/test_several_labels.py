"""Episodes and measures of clips with several labels."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from ccsav import MultiLabelCCSAVClassifier
from ccsav_lab import several_labels
from ccsav_lab.several_labels import evaluate_detectors, multilabel_episodes, multilabel_score


@pytest.fixture
def Y():
    """200 clips, 12 classes, one to three of them in each."""
    rng = np.random.default_rng(0)
    rows = np.zeros((200, 12), int)
    for row in rows:
        row[rng.permutation(12)[: rng.integers(1, 4)]] = 1
    return rows


def test_episodes(Y):
    groups = np.arange(200) % 5
    drawn = list(multilabel_episodes(Y, groups, clips=40, n_episodes=20))
    assert len(drawn) == 20
    for support, query in drawn:
        assert len(set(support)) == len(support) == 40
        assert (Y[support].sum(axis=0) >= 2).all() and Y[query].any(axis=0).all()
        given = set(groups[support])
        assert len(given) == 2 and given.isdisjoint(groups[query])
        assert len(query) == 40 * (5 - len(given))  # all the others
    assert len({tuple(sorted(set(groups[s]))) for s, _ in drawn}) > 3


def test_a_rare_class_is_in_two_support_clips(Y):
    Y[:, 0] = 0
    Y[[10, 50, 90, 130], 0] = 1
    for support, query in multilabel_episodes(Y, clips=20, n_episodes=20):
        assert 2 <= Y[support, 0].sum() <= 3 and Y[query, 0].any()


def test_more_groups_give_support_where_half_of_them_are_too_few(Y):
    groups = np.arange(200) % 4
    for support, query in multilabel_episodes(Y, groups, clips=150, n_episodes=5):
        assert len(support) == 150 and len(query) == 50


def test_seeds(Y):
    def first(seed):
        return next(multilabel_episodes(Y, clips=30, n_episodes=1, seed=seed))[0].tolist()

    assert first(1) == first(1) != first(2)


def test_impossible_episodes(Y):
    table = pd.DataFrame(Y[:, :2], columns=["dog", "rain"])
    groups = np.arange(200) % 4
    table["dog"] = 0
    table.loc[[0, 4, 8, 1], "dog"] = 1
    table["rain"] = 1
    with pytest.raises(ValueError, match=r"class 'dog' is in 2 clips of 2 groups, so at most 1 "):
        few = table.assign(dog=np.where(table.index.isin([0, 1]), 1, 0))
        list(multilabel_episodes(few, groups, clips=10, n_episodes=1))
    list(multilabel_episodes(table, groups, clips=10, n_episodes=5))  # one more is enough
    with pytest.raises(ValueError, match=r"160 support clips .* at most 150 of 200 are for suppo"):
        list(multilabel_episodes(Y, groups, clips=160, n_episodes=1))
    with pytest.raises(ValueError, match=r"or 3 clips are too few for 12 classes"):
        list(multilabel_episodes(Y, groups, clips=3, n_episodes=1))
    with pytest.raises(ValueError, match="must both be at least 1"):
        list(multilabel_episodes(Y, clips=10, n_episodes=0))
    with pytest.raises(ValueError, match="3 entries for 200 clips"):
        list(multilabel_episodes(Y, [1, 2, 3], clips=10, n_episodes=1))


def test_measures_of_perfect_and_of_wrong_answers(Y):
    perfect = multilabel_score(Y, Y + 0.0, Y)
    assert perfect == {"mean_average_precision": 1, "exact_match": 1, "macro_f1": 1}
    wrong = multilabel_score(Y, -Y, 1 - Y)
    assert wrong["exact_match"] == wrong["macro_f1"] == 0
    assert wrong["mean_average_precision"] < Y.mean()
    noise = np.random.default_rng(0).normal(size=Y.shape)
    chance = multilabel_score(Y, noise, noise > 0)["mean_average_precision"]
    assert chance == pytest.approx(Y.mean(), abs=0.05)


def test_classes_without_clips_do_not_count_in_means_but_their_alarms_are_no_exact_match():
    Y = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]])
    scores = np.array([[3.0, 1, 9], [1, 3, 0], [2, 0, 0], [0, 2, 0]])
    found = multilabel_score(Y, scores, scores > 1.5)
    both = [average_precision_score(Y[:, c], scores[:, c]) for c in (0, 1)]
    assert found["mean_average_precision"] == pytest.approx(np.mean(both))
    assert found["macro_f1"] == pytest.approx(
        (1 + 0.5) / 2
    )  # of the second: 1 hit, 1 alarm, 1 miss
    assert found["exact_match"] == 1 / 4  # the first clip has an alarm of the third class
    one = multilabel_score(Y[:, :1], scores[:, :1], scores[:, :1] > 1.5)
    assert one["mean_average_precision"] == 1


def test_what_cannot_be_measured(Y):
    with pytest.raises(ValueError, match=r"of one shape, .* \(200, 12\), \(200, 3\)"):
        multilabel_score(Y, Y[:, :3], Y)
    with pytest.raises(ValueError, match="no clip has any class"):
        multilabel_score(0 * Y, Y, Y)


def test_methods_are_measured_on_the_same_draws(Y):
    X = np.random.default_rng(1).normal(size=(200, 3, 4))
    same = {name: MultiLabelCCSAVClassifier() for name in ("first", "second")}
    rows = evaluate_detectors(same, X, Y, clips=80, n_episodes=3, seed=5)
    first, second = (rows[rows["method"] == name].drop(columns="method") for name in same)
    np.testing.assert_array_equal(first, second)
    assert first["mean_average_precision"].nunique() == 3
    assert rows["shots"].eq(80).all()


def test_fewer_classes_are_drawn_anew_in_each_draw(Y, monkeypatch):
    asked, measure = [], several_labels.multilabel_score
    monkeypatch.setattr(
        several_labels,
        "multilabel_score",
        lambda of, *given: asked.append(of) or measure(of, *given),
    )
    X = np.random.default_rng(1).normal(size=(200, 3, 4))
    methods = {"CCSAV": MultiLabelCCSAVClassifier()}
    evaluate_detectors(methods, X, Y, clips=80, n_episodes=4, n_classes=2)
    assert [of.shape[1] for of in asked] == [2] * 4
    assert len({tuple(of.sum(0)) for of in asked}) > 1
