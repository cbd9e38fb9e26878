import numpy as np
import pandas as pd
import pytest

from ccsav.clips import corpora
from ccsav.clips.dataset import Dataset, DatasetError
from ccsav_lab.paper import PUBLISHED, caution, plan, protocol, to_markdown


def dataset(**columns):
    """A table of clips in memory, for what needs no sound."""
    n = len(next(iter(columns.values())))
    table = pd.DataFrame({"path": [f"clip {i}" for i in range(n)]} | columns)
    return Dataset(table, waveforms=[np.ones(10)] * n, rate=16_000)


def test_every_fold_is_the_test_part_once():
    clips = dataset(label=list("ab") * 20, fold=list(np.repeat(range(1, 6), 8)))
    episodes = plan(clips, shots=3, n_episodes=2)
    assert [e.part for e in episodes] == [f"fold {f}" for f in range(1, 6) for _ in range(2)]
    for e in episodes:
        fold = clips.table["fold"]
        assert set(fold[e.query]) == {int(e.part[-1])} and len(e.query) == 8
        assert int(e.part[-1]) not in set(fold[e.support])
        assert clips.table["label"][e.support].value_counts().to_dict() == {"a": 3, "b": 3}
    assert not np.array_equal(episodes[0].support, episodes[1].support)
    again = plan(clips, shots=3, n_episodes=2)
    assert all(np.array_equal(a.support, b.support) for a, b in zip(episodes, again, strict=True))


def test_official_splits_and_limits():
    clips = dataset(label=list("ab") * 10, split=["train"] * 8 + ["test"] * 10 + ["dev"] * 2)
    (episode,) = plan(clips, shots=2, n_episodes=1)
    assert episode.query.tolist() == list(range(8, 18))
    assert episode.support.max() < 8
    (episode,) = plan(clips, shots=2, n_episodes=1, limit=3)
    assert clips.table["label"][episode.query].value_counts().to_dict() == {"a": 3, "b": 3}
    with pytest.raises(DatasetError, match="class 'a' has 4 training clips, but shots=5"):
        plan(clips, shots=5, n_episodes=1)
    with pytest.raises(DatasetError, match="no column `split` or `fold`"):
        plan(dataset(label=list("ab")), 1, 1)
    with pytest.raises(DatasetError, match=r"the splits are \['dev', 'train'\]"):
        plan(dataset(label=list("ab"), split=["train", "dev"]), 1, 1)


def test_several_labels_per_clip():
    clips = dataset(labels=["a", "a; b", "b", "c; a"] * 3, split=["train"] * 8 + ["eval"] * 4)
    (episode,) = plan(clips, shots=2, n_episodes=1)
    classes = protocol.class_indicators(clips).iloc[episode.support]
    assert (classes.sum() >= 2).all()


def test_published_numbers_are_of_datasets_that_can_be_read():
    assert {data for data, _ in PUBLISHED} <= set(corpora.NAMED)
    assert all(50 < x < 100 for numbers in PUBLISHED.values() for x in numbers.values())


def test_the_table_says_what_it_is_of(tmp_path):
    made = caution("esc50", 40, procedural=True)
    assert "MINIATURE: 40 sounds made by rule" in made
    assert "72 videos made by rule" in caution("vggsound", 72, procedural=True)
    part = caution("esc50", 1999)
    assert "a PART of esc50: 1,999 of its 2,000" in part and "Published numbers are of all" in part
    assert caution("esc10", 40).endswith("40 of its 400 test clips.")  # nothing is published
    assert "the real esc50, all of its 2,000" in caution("esc50", 2000)
    assert caution("recordings", 80) == "These numbers are of 80 test clips of recordings."
    index = pd.MultiIndex.from_tuples([("all heads", "SAV")], names=["heads", "method"])
    table = pd.DataFrame({"accuracy": [0.5], "accuracy_interval": [0.1]}, index=index)
    text = to_markdown(table, "esc50", "audio", "Settings.", made)
    assert text.startswith(f"**{made}**\n\n| method |")  # the table itself still begins a block
    assert "| SAV | all heads | 50.0 ± 10.0 |" in text
    assert set(protocol.OFFICIAL) == set(corpora.NAMED)
    scores = {"equal_error_rate": [0.2], "min_tdcf": [0.4567], "min_tdcf_interval": [0.01]}
    text = to_markdown(pd.DataFrame(scores, index), "asvspoof2019", "audio", "Settings.")
    assert "| SAV | all heads | 20.0 | 0.457 ± 0.010 |" in text and "No min t-DCF" not in text


def test_what_is_known_of_the_published_protocol_is_said():
    text = " ".join(protocol.DIFFERENCES)
    for fact in ("lists are public", "four options in every question", "chosen on the clips that"):
        assert fact in text
    for fact in ("mix the official folds", "one question per clip and label", "25,380 clips"):
        assert fact in text
    assert "chosen on the clips" in protocol.DIFFERENCES[1]  # the second, in notebook 10
