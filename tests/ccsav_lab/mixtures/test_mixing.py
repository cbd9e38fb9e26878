"""Mixtures are sums of their sounds, at the levels and times that their table states."""

import io

import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.clips.corpora import indicator
from ccsav.clips.dataset import Dataset, DatasetError
from ccsav_lab.mixtures import by_class, mix_sounds, mixture_parts
from ccsav_lab.mixtures.draws import deal_pools

RATE = 16_000
SHORT = {"seconds": 1.0, "sound_seconds": 0.5, "progress": False}


@pytest.fixture(scope="module")
def sources():
    """Four classes of noise in different bands, eight sources each, two sources to a group."""
    rng = np.random.default_rng(0)
    waves = [rng.normal(0, rng.uniform(0.01, 0.3), 9_600) for _ in range(32)]
    labels, groups = np.repeat([*"abcd"], 8), np.repeat(np.arange(16), 2)
    return Dataset.from_arrays(waves, RATE, labels, groups)


@pytest.fixture(scope="module")
def mixtures(sources):
    return mix_sounds(sources, clips=60, pools=4, **SHORT)


def listed(table, column):
    return table[column].str.split("; ").tolist()


def test_what_stands_in_the_table(sources, mixtures):
    table = mixtures.table
    assert set(table["number"]) == {1, 2, 3}
    label_of = dict(zip(sources.table["path"], sources.table["label"], strict=True))
    for labels, paths, number in zip(
        listed(table, "labels"), listed(table, "sources"), table["number"], strict=True
    ):
        assert labels == sorted(set(labels)) == [label_of[path] for path in paths]
        assert len(labels) == number
    assert (table["overlap"].isna() == (table["number"] == 1)).all()
    assert len({mixtures.digest(i) for i in range(60)}) == 60
    assert all(mixtures.seconds(i) == 1 for i in range(60))


def test_a_csv_holds_the_table(mixtures):
    again = pd.read_csv(io.StringIO(mixtures.table.to_csv(index=False)))
    pd.testing.assert_frame_equal(again.astype(mixtures.table.dtypes), mixtures.table)


def test_a_mixture_without_a_sound_is_the_sum_of_the_others(sources, mixtures):
    chosen = np.flatnonzero(mixtures.table["number"] == 3)[:5]
    for i in chosen:
        wave, parts = mixtures.waveforms[i], mixture_parts(mixtures, i, sources)
        assert parts.shape == (3, RATE) and parts.any(axis=1).all()
        for k in range(3):
            others = np.delete(parts, k, axis=0).sum(axis=0)
            np.testing.assert_allclose(wave - parts[k], others, atol=1e-6)
            assert np.abs(wave - others).max() > 0.01  # and the sound is really there
        assert np.array_equal(parts.sum(axis=0).astype(np.float32), wave)


def test_parts_are_the_sources_at_the_stated_levels_and_times(sources, mixtures):
    """Measured on the waveforms alone."""
    table, path = mixtures.table, sources.table["path"].tolist()
    for i in range(20):
        row, parts = table.iloc[i], mixture_parts(mixtures, i, sources)
        onsets, levels, starts = (
            [float(x) for x in row[name].split("; ")] for name in ("onsets", "levels", "starts")
        )
        for part, onset, level, start, name in zip(
            parts, onsets, levels, starts, row["sources"].split("; "), strict=True
        ):
            first = round(onset * RATE)
            inside = part[first : first + RATE // 2]
            assert not np.delete(part, np.arange(first, first + RATE // 2)).any()
            loudness = 20 * np.log10(np.sqrt(np.mean(inside**2)) / row["scale"])
            assert loudness == pytest.approx(level, abs=1e-6)
            source = sources.waveforms[path.index(name)][round(start * RATE) :][: RATE // 2]
            middle = slice(200, -200)  # between the fades
            ratio = inside[middle] / source[middle]
            np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)
        assert np.abs(mixtures.waveforms[i]).max() == pytest.approx(10 ** (-3 / 20), rel=1e-6)


@pytest.mark.parametrize("overlap", [0.5, 0.75, 1.0])
def test_overlap(sources, overlap):
    table = mix_sounds(sources, clips=10, number=3, overlap=overlap, pools=4, **SHORT).table
    for onsets in listed(table, "onsets"):
        steps = np.diff(sorted(float(x) for x in onsets))
        np.testing.assert_allclose(steps, 0.5 * (1 - overlap), atol=1e-9)
    drawn = mix_sounds(sources, clips=40, number=3, pools=4, **SHORT).table["overlap"]
    assert 0.5 <= drawn.min() < 0.6 and 0.9 < drawn.max() <= 1  # 0.5: from end to end


def test_levels(sources):
    table = mix_sounds(sources, clips=10, number=2, levels=-9, pools=4, **SHORT).table
    assert {tuple(sorted(levels)) for levels in listed(table, "levels")} == {("-9.0", "0.0")}
    first = [levels[0] for levels in listed(table, "levels")]
    assert len(set(first)) == 2  # the louder sound is not always that of the first label
    table = mix_sounds(sources, clips=20, levels=[0, -3, -6], pools=4, **SHORT).table
    assert {x for levels in listed(table, "levels") for x in levels} == {"0.0", "-3.0", "-6.0"}


def test_to_fix_one_parameter_does_not_change_another(sources, mixtures):
    kept = mixtures.table["number"] == 2
    for fixed in ({"levels": 0}, {"overlap": 0.5}, {"number": 2}):
        table = mix_sounds(sources, clips=60, pools=4, **SHORT, **fixed).table
        changed = [
            name for name in table if not table[name][kept].equals(mixtures.table[name][kept])
        ]
        allowed = {"levels": {"levels", "scale"}, "overlap": {"overlap", "onsets", "scale"}}
        assert set(changed) <= allowed.get(next(iter(fixed)), set())
        assert fixed == {"number": 2} or changed
    other = mix_sounds(sources, clips=60, pools=4, seed=1, **SHORT)
    assert not set(other.table["path"]) & set(mixtures.table["path"])
    assert (other.table["sources"] != mixtures.table["sources"]).any()


def test_no_source_and_no_group_of_sources_stands_in_two_pools(sources, mixtures):
    group_of = dict(zip(sources.table["path"], sources.table["group"], strict=True))
    pools, members = {}, {}
    for paths, pool in zip(listed(mixtures.table, "sources"), mixtures.table["group"], strict=True):
        for path in paths:
            pools.setdefault(group_of[path], set()).add(pool)
            members.setdefault(pool, set()).add(path)
    assert len(members) == 4 and all(len(found) == 1 for found in pools.values())
    classes = indicator(mixtures.table["labels"])
    assert (classes.groupby(mixtures.table["group"]).sum() > 0).all(axis=None)


def test_groups_are_dealt_evenly():
    labels = np.repeat([*"ab"], 12)
    groups = np.r_[np.repeat([0, 1, 2], 4), 3 + np.arange(12)]
    pools = deal_pools(labels, groups, 3)
    assert all(len(set(pools[groups == g])) == 1 for g in np.unique(groups))
    assert pd.crosstab(labels, pools).to_numpy().tolist() == [[4, 4, 4], [4, 4, 4]]
    crossed = deal_pools(np.tile([*"ab"], 6), np.repeat(np.arange(6), 2), 3)  # speakers
    assert pd.crosstab(np.tile([*"ab"], 6), crossed).to_numpy().tolist() == [[2, 2, 2]] * 2
    with pytest.raises(DatasetError, match=r"class 'a' has sources in 3 groups.* than pools=4"):
        deal_pools(labels, groups, 4)


def test_by_class_is_in_the_order_of_the_indicators(mixtures):
    levels, classes = by_class(mixtures.table, "levels"), indicator(mixtures.table["labels"])
    assert levels.columns.tolist() == classes.columns.tolist() == [*"abcd"]
    assert (levels.notna() == (classes == 1)).all(axis=None)
    assert levels.min(axis=None) >= -12 and levels.max(axis=None) <= 0
    sources = by_class(mixtures.table, "sources")
    assert (sources.notna() == (classes == 1)).all(axis=None)
    single = pd.DataFrame({"labels": ["a", "b"], "levels": [0.0, -3.0]})  # as read from a CSV
    assert by_class(single, "levels").loc[1, "b"] == -3


def test_the_loudest_part_of_a_long_source_is_used():
    quiet = np.random.default_rng(0).normal(0, 0.01, 3 * RATE)
    quiet[2 * RATE : 2 * RATE + 8_000] *= 20
    one = mix_sounds(Dataset.from_arrays([quiet], RATE, ["a"]), clips=1, number=1, pools=1, **SHORT)
    assert one.table["starts"].tolist() == ["2.0"]


def test_from_a_mixture_to_head_vectors(whisper, mixtures):
    acts = ccsav.extract(whisper, mixtures.subset(range(3)), progress=False)
    assert acts.y is None and acts.groups.tolist() == [1, 2, 3]
    assert (
        indicator(acts.table["labels"]).to_numpy().sum(1).tolist() == acts.table["number"].tolist()
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"overlap": 0.2}, r"overlap=0.2 must be from 0.50, .* at most 0.38, or fix a smaller"),
        ({"overlap": 1.2}, r"overlap=1.2 must be from 0.50"),
        ({"number": 5}, r"number=5: there are only 4 classes"),
        ({"number": 0}, r"number=0: give a whole number of sounds"),
        ({"number": (1, 3)}, r"number=\(1, 3\): give a whole number of sounds"),
        ({"levels": [0, 1]}, r"levels=\[0, 1\]: give one for each of up to 3 sounds"),
        ({"levels": -np.inf}, r"levels=-inf must be finite"),
        ({"sound_seconds": 1.5}, r"sound_seconds=1.5 must be above 0, and at most seconds=1"),
        ({"sound_seconds": 0.7}, r"32 sources shorter than sound_seconds=0.7: clip 0, "),
        ({"pools": 0}, r"pools=0: choose at least 1"),
        ({"pools": 5}, r"class 'a' has sources in 4 groups"),
    ],
)
def test_impossible_requests(sources, options, message):
    with pytest.raises(ValueError, match=message):
        mix_sounds(sources, clips=1, **({"pools": 4} | SHORT | options))


def test_sources_that_cannot_be_mixed():
    waves = [np.ones(8_000), np.zeros(8_000)]
    options = {"clips": 4, "pools": 1} | SHORT
    with pytest.raises(DatasetError, match="clip 1: silent"):
        mix_sounds(Dataset.from_arrays(waves, RATE, ["a", "b"]), **options, number=1)
    with pytest.raises(DatasetError, match="1 labels or paths that contain '; ': a; b"):
        mix_sounds(Dataset.from_arrays(waves, RATE, ["a; b", "b"]), **options, number=1)
    with pytest.raises(DatasetError, match="no column `label`"):
        mix_sounds(Dataset.from_arrays(waves, RATE), **options, number=1)
