"""Every head alone against refitting by hand, and its luck against slow shuffles."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import recall_score

from ccsav.extraction.activations import HeadActivations
from ccsav_lab import specialise
from ccsav_lab.shuffles import shuffled_labels

NAMES = np.array(["bell", "dog", "rain"])


def made(signal=1.0, n=12, heads=4, dim=5, groups=None, y=None, seed=0):
    """Clips whose head k knows the classes the better the larger k is; head 0 knows nothing."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(3), n) if y is None else np.asarray(y)
    means = rng.normal(size=(3, heads, dim)) * np.linspace(0, signal, heads)[:, None]
    X = (means[y] + rng.normal(size=(len(y), heads, dim))).astype(np.float32)
    table = pd.DataFrame({"layer": np.arange(heads) // 2, "head": np.arange(heads) % 2})
    table.index = pd.Index(10 + np.arange(heads), name="index")
    none = pd.DataFrame()
    return HeadActivations(X, y, NAMES, groups, table, none, none, {"model": "made up"})


def refitted(X, y, groups):
    """Nearest class mean of each head, every clip judged without its group, (N, K)."""
    said = np.empty(X.shape[:2], dtype=int)
    for i, head in np.ndindex(said.shape):
        others = groups != groups[i]
        cos = []
        for c in np.unique(y):
            mean = X[others & (y == c), head].mean(axis=0)
            cos.append(X[i, head] @ mean / np.linalg.norm(mean))
        said[i, head] = np.argmax(cos)
    return said


GROUPS = {
    "none": None,
    "of several classes": np.tile(np.arange(6), 6),
    "of one class": np.repeat(np.arange(9), 4),
    "of both kinds": np.ravel([[c] * 4 + [3 + c] * 4 + [6, 7] * 2 for c in range(3)]),
}


@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
def test_probe_is_the_recall_of_each_head_refitted_without_the_clip(groups):
    acts = made(groups=groups)
    table = specialise.probe(acts)
    said = refitted(acts.X.astype(float), acts.y, np.arange(36) if groups is None else groups)
    for k, index in enumerate(acts.heads.index):
        right = recall_score(acts.y, said[:, k], average=None)
        np.testing.assert_allclose(table.loc[index], right)
    assert list(table.columns) == list(NAMES)
    assert table.iloc[-1].mean() > table.iloc[0].mean() + 0.2


def test_probe_takes_other_labels_and_groups():
    acts, other = made(), made(y=np.resize(np.arange(3), 36))
    table = specialise.probe(acts, y=other.y, groups=GROUPS["of one class"])
    said = refitted(acts.X.astype(float), other.y, GROUPS["of one class"])
    np.testing.assert_allclose(
        table.iloc[2], recall_score(other.y, said[:, 2], average=None), atol=1e-12
    )


def test_a_head_to_which_all_clips_are_alike_is_at_chance_and_not_selective():
    acts = made()
    acts.X[:, 0] = [1, 2, 3, 4, 5]
    acts.X[:, 1] = 0
    table = specialise.probe(acts)
    np.testing.assert_allclose(table.iloc[:2], 1 / 3)
    np.testing.assert_allclose(specialise.selectivity(table).iloc[:2], 0, atol=1e-12)
    assert (specialise.better_than_chance(acts, n=20)["p"].iloc[:2] == 1).all()


def test_a_class_that_cannot_be_judged_is_named():
    with pytest.raises(ValueError, match=r"'rain'.*of one group"):
        specialise.probe(made(groups=np.r_[np.arange(24), np.full(12, 24)]))
    with pytest.raises(ValueError, match="'dog'"):
        specialise.probe(made(y=[0, 0, 0, 1, 2, 2]))


def test_a_class_without_clips_is_not_a_number():
    table = specialise.probe(made(y=np.repeat([0, 2], 12)))
    assert table["dog"].isna().all()
    assert table[["bell", "rain"]].notna().all(axis=None)


def test_what_does_not_fit_is_refused():
    acts = made()
    with pytest.raises(ValueError, match=r"y \(3,\)"):
        specialise.probe(acts, y=np.arange(3))
    unlabelled = HeadActivations(
        acts.X, None, NAMES, None, acts.heads, acts.table, acts.skipped, acts.provenance
    )
    with pytest.raises(ValueError, match="no labels"):
        specialise.probe(unlabelled)
    with pytest.raises(ValueError, match="at least once"):
        specialise.permutation_null(acts, n=0)
    with pytest.raises(ValueError, match="4 heads"):
        specialise.better_than_chance(acts, null=np.zeros((10, 3)))


def test_selectivity_by_hand():
    table = pd.DataFrame(
        [[0.9, 0.3, 0.3], [0.5, 0.5, 0.5], [0, 2, 0], [0, 0, 0]], index=[7, 8, 9, 4]
    )
    index = specialise.selectivity(table)
    np.testing.assert_allclose(index, [0.5, 0, 1, 0])
    assert index.index.tolist() == [7, 8, 9, 4]
    np.testing.assert_allclose(specialise.selectivity(1000 * table.to_numpy()), [0.5, 0, 1, 0])


@pytest.mark.parametrize(
    ("table", "words"),
    [([[0.1, -0.1]], "negative"), ([[0.1, np.nan]], "NaN"), ([[0.1], [0.2]], "fewer than 2")],
)
def test_selectivity_refuses(table, words):
    with pytest.raises(ValueError, match=words):
        specialise.selectivity(np.array(table))


@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
def test_the_null_is_probing_with_shuffled_labels(groups):
    acts = made(groups=groups)
    null = specialise.permutation_null(acts, n=6, seed=3, progress=False)
    codes = np.arange(36) if groups is None else groups
    shuffled = shuffled_labels(acts.y, codes, 6, 3)
    slow = [specialise.probe(acts, y=y).mean(axis=1) for y in shuffled]
    np.testing.assert_allclose(null, slow, atol=1e-9)
    assert len(np.unique(shuffled, axis=0)) == 6


def test_labels_stay_with_their_groups():
    y, groups = made().y, GROUPS["of both kinds"]
    shuffled = shuffled_labels(y, groups, 200, 0)
    for group in np.unique(groups):
        before = np.sort(y[groups == group])
        after = np.sort(shuffled[:, groups == group], axis=1)
        if len(np.unique(before)) > 1:
            assert (after == before).all()
        else:
            assert (after == after[:, :1]).all()  # still of one class
            assert len(np.unique(after)) > 1  # but not always of the same
    assert (shuffled[:, groups >= 6].std(axis=0) > 0).any()
    assert (np.sort(shuffled, axis=1) == np.sort(y)).all()  # these groups are equally large


def test_the_same_seed_is_the_same_null():
    acts = made()
    one, two, other = (specialise.permutation_null(acts, 5, s, progress=False) for s in (1, 1, 2))
    assert (one == two).all()
    assert (one != other).any()


def test_p_is_uniform_where_labels_mean_nothing():
    acts = made(signal=0, n=15, heads=300, dim=3)
    table = specialise.better_than_chance(acts, n=99, seed=1)
    assert stats.kstest(table["p"], "uniform").statistic < 0.12
    assert 0.01 < (table["p"] <= 0.05).mean() < 0.10
    assert (table["p_corrected"] > 0.05).all()
    assert (table["p_corrected"] >= table["p"]).all()


def test_family_wise_errors_are_as_rare_as_promised():
    """Of 60 families of heads that know nothing, about 10 % hold one with p_corrected ≤ 0.1."""
    found = [
        specialise.better_than_chance(made(signal=0, heads=8, seed=s), n=39)["p_corrected"].min()
        for s in range(60)
    ]
    assert 1 <= np.sum(np.array(found) <= 0.1) <= 13  # binomial, 0.1 % on either side


def test_knowing_heads_are_found():
    table = specialise.better_than_chance(made(signal=3), n=99)
    assert table["p_corrected"].iloc[-1] == 0.01
    assert table["p"].iloc[0] > 0.05


def test_p_counts_the_true_labels_as_one_shuffle():
    acts = made()
    accuracy = specialise.probe(acts).mean(axis=1).to_numpy()
    null = np.tile(accuracy - 0.01, (9, 1))
    null[:3, 1] = accuracy[1]  # as good counts
    table = specialise.better_than_chance(acts, null=null)
    np.testing.assert_allclose(table["p"], [0.1, 0.4, 0.1, 0.1])
    best = null.max(axis=1)
    right = [(1 + np.sum(best >= a - 1e-9)) / 10 for a in accuracy]
    np.testing.assert_allclose(table["p_corrected"], right)


def test_the_null_is_computed_for_all_shuffles_at_once(monkeypatch):
    """One call per head, not one per shuffle: 200 shuffles are then cheap enough for a notebook."""
    acts = made(n=60, heads=6, dim=32, y=np.resize(np.arange(3), 540))
    shapes, accuracies = [], specialise._accuracies

    def counted(h, codes, *arguments):
        shapes.append(tuple(codes.shape))
        return accuracies(h, codes, *arguments)

    monkeypatch.setattr(specialise, "_accuracies", counted)
    specialise.permutation_null(acts, n=200, progress=False)
    assert shapes == 6 * [(200, 540)]


def test_similarity_is_correlation_over_heads():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.random((20, 3)), columns=NAMES).assign(flat=0.5)
    r = specialise.similarity(table)
    np.testing.assert_allclose(
        r.loc["bell", "rain"], stats.pearsonr(table["bell"], table["rain"]).statistic
    )
    assert (np.diag(r) == 1).all()
    assert (r["flat"].drop("flat") == 0).all()
    assert list(r.index) == list(r.columns) == [*NAMES, "flat"]


def test_order_brings_like_beside_like():
    rng = np.random.default_rng(0)
    kinds = rng.random((50, 3))
    columns = {f"{kind}{copy}": kinds[:, kind] for copy in range(3) for kind in range(3)}
    table = pd.DataFrame(columns) + 0.05 * rng.random((50, 9))
    names = specialise.order(specialise.similarity(table))
    assert sorted(names) == sorted(columns)
    assert sum(a[0] != b[0] for a, b in pairwise(names)) == 2
    assert specialise.order(specialise.similarity(table[["00"]])) == ["00"]
