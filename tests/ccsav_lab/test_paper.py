import json
import sys

import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.clips import corpora
from ccsav.clips.dataset import Dataset, DatasetError
from ccsav.evaluation import metrics
from ccsav_lab.paper import PUBLISHED, caution, fill_table, miniature, plan, protocol
from ccsav_lab.paper.__main__ import main
from tests import releases, tiny_models, videos


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


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
    Y, proba = np.array([[1, 0], [1, 1], [0, 1]]), np.array([[0.9, 0.2], [0.8, 0.4], [0.1, 0.7]])
    found = metrics.multi_label_score(Y, proba)
    assert found == {"exact_match": pytest.approx(2 / 3), "mean_average_precision": 1.0}


def test_esc50_end_to_end_and_continued(mini, tmp_path, monkeypatch):
    clips = corpora.load_esc50(miniature.write_esc50(tmp_path / "ESC-50-master", releases.SOUNDS))
    options = {"shots": 3, "n_episodes": 1, "batch_size": 8}
    table = fill_table(mini, clips, tmp_path / "out", **options)
    methods = table.loc["decoder heads"].index.tolist()
    assert methods == ["SAV", "CALM", "CCSAV", "logistic regression", "ridge"]
    assert (table.loc["all heads", "accuracy"] > 0.7).all()
    zero_shot = table.loc["", "accuracy"]
    assert len(zero_shot) == 4 and (zero_shot > 0.7).all()
    row = table.loc[("decoder heads", "CCSAV")]
    assert row["accuracy_interval"] >= 0 and "equal_error_rate" not in table
    few = pd.read_csv(tmp_path / "out" / "few_shot.csv")
    assert len(few) == 5 * 2 * 5  # folds, sets of heads, methods

    file = tmp_path / "out" / "few_shot.csv"  # as if it had been broken off in the last episode
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-5]))
    monkeypatch.setattr(type(mini), "head_vectors_of", lambda *_: pytest.fail("computed again"))
    monkeypatch.setattr(type(mini), "say", lambda *_: pytest.fail("asked again"))
    again = fill_table(mini, clips, tmp_path / "out", **options)
    pd.testing.assert_frame_equal(again, table, atol=1e-9)
    with pytest.raises(ValueError, match="results of other shots: choose another folder"):
        fill_table(mini, clips, tmp_path / "out", **options | {"shots": 2})


def test_answers_continue_where_they_stopped(mini, tmp_path, monkeypatch):
    clips = corpora.load_esc50(miniature.write_esc50(tmp_path / "ESC-50-master", releases.SOUNDS))
    options = {"shots": 1, "n_episodes": 1, "limit": 1, "batch_size": 4}
    monkeypatch.setattr("ccsav_lab.paper.steps.CHUNK", 7)
    whole = fill_table(mini, clips, tmp_path / "whole", **options)
    say, calls = type(mini).say, []

    def breaking(lalm, *arguments, **how):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return say(lalm, *arguments, **how)

    monkeypatch.setattr(type(mini), "say", breaking)
    with pytest.raises(KeyboardInterrupt):
        fill_table(mini, clips, tmp_path / "broken", **options)
    kept = pd.read_csv(tmp_path / "broken" / "open-answer.csv")
    assert 0 < len(kept) < 20
    resumed = fill_table(mini, clips, tmp_path / "broken", **options)
    pd.testing.assert_frame_equal(resumed, whole)


def test_spoofing(mini, tmp_path):
    clips = corpora.load_asvspoof2019(releases.asvspoof2019(tmp_path / "LA"))
    table = fill_table(
        mini, clips, tmp_path / "out", "Real?", shots=3, n_episodes=3, zero_shot=False
    )
    rates = table["equal_error_rate"]
    assert rates.notna().all() and (rates < 0.5).any()
    assert {"accuracy", "macro_f1"} < set(table.columns)


def test_audioset_with_several_labels(mini, tmp_path):
    clips = corpora.load_audioset(releases.audioset(tmp_path / "AudioSet"))
    assert "Rain; Siren, alarm" in clips.table["labels"].tolist()
    table = fill_table(mini, clips, tmp_path / "out", shots=3, n_episodes=1, batch_size=8)
    precision = table["mean_average_precision"]
    chance = protocol.class_indicators(clips).to_numpy().mean()
    assert (precision > chance + 0.1).all()
    assert table.loc["all heads", "exact_match"].notna().all()
    assert "zero-shot, open, rank" in table.loc[""].index
    text = protocol.to_markdown(table, "audioset", "audio", "a rehearsal")
    assert "| 70.50 |" in text and protocol.SEVERAL in text


def test_videos(tmp_path):
    omni = ccsav.load_lalm(
        tiny_models.qwen2_5_omni(tmp_path / "omni"), device="cpu", max_pixels=6272
    )
    rows = []
    for i in range(8):
        colour, label = ((220, 20, 20), "red, glowing") if i % 2 else ((20, 20, 220), "blue")
        (tmp_path / "VGGSound" / "video").mkdir(parents=True, exist_ok=True)
        name = f"id-{i}_______"
        file = tmp_path / "VGGSound" / "video" / f"{name}_{i:06d}.mp4"
        videos.write(file, colour=colour, pitch=200 + 50 * i, seconds=2 + 0.2 * i)
        rows.append((name, i, label, "train" if i < 4 else "test"))
    pd.DataFrame(rows).to_csv(tmp_path / "VGGSound" / "vggsound.csv", header=False, index=False)
    clips = corpora.load_vggsound(tmp_path / "VGGSound")
    table = fill_table(
        omni, clips, tmp_path / "out", shots=2, n_episodes=1, modality="video", zero_shot=False
    )  # fmt: skip
    assert table.loc[("decoder heads", "CCSAV"), "accuracy"] == 1


def test_whisper_on_real_recordings_in_the_official_layout(shared, tmp_path):
    manifest = pd.read_csv(shared / "real" / "esc10" / "manifest.csv")
    some = manifest.groupby(["label", "fold"]).head(2)
    some = some[some["label"].isin(sorted(manifest["label"].unique())[:4])]
    release = tmp_path / "ESC-50-master"
    (release / "meta").mkdir(parents=True)
    (release / "audio").symlink_to(shared / "real" / "esc10" / "clips")
    official = some.assign(filename=some["path"].str.removeprefix("clips/"), category=some["label"])
    official.assign(esc10=True)[["filename", "fold", "category", "esc10"]].to_csv(
        release / "meta" / "esc50.csv", index=False
    )
    whisper = ccsav.load_lalm(shared / "real" / "whisper-tiny.en", device="cpu", window=5.12)
    options = {"shots": 5, "n_episodes": 1, "zero_shot": False}
    table = fill_table(whisper, corpora.load_esc50(release), tmp_path / "out", **options)
    assert (table.loc["all heads", "accuracy"] > 0.6).all()


def test_the_command(tmp_path, monkeypatch, capsys):
    folder = miniature.write_esc50(tmp_path / "ESC-50-master", releases.SOUNDS[:2])
    command = ["paper", "--data", "esc50", "--folder", str(folder), "--out", str(tmp_path / "out")]
    command += ["--cache", str(tmp_path / "heads")]
    monkeypatch.setattr(sys, "argv", [*command, "--shots", "2", "--episodes", "1", "--limit", "1"])
    main()
    printed = capsys.readouterr().out
    assert "| *CALM, published* |  | 99.25 |" in printed
    assert "a PART of esc50: 10 of its 2,000 test clips" in printed
    assert "1 test clips per class" in printed and "2 shots" in printed
    assert all(note in printed for note in protocol.DIFFERENCES)
    assert (tmp_path / "out" / "table.md").read_text("utf-8") in printed
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["shots"] == 2
    monkeypatch.setattr(sys, "argv", [*command, "--shots", "30"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    assert "DatasetError: fold 1: class" in capsys.readouterr().err


def test_published_numbers_are_of_datasets_that_can_be_read():
    assert {data for data, _ in PUBLISHED} <= set(corpora.NAMED)
    assert all(50 < x < 100 for numbers in PUBLISHED.values() for x in numbers.values())


def test_the_table_says_what_it_is_of(tmp_path):
    made = caution("esc50", 40, procedural=True)
    assert "MINIATURE: 40 sounds made by rule" in made
    part = caution("esc50", 1999)
    assert "a PART of esc50: 1,999 of its 2,000" in part and "Published numbers are of all" in part
    assert caution("esc10", 40).endswith("40 of its 400 test clips.")  # nothing is published
    assert "the real esc50, all of its 2,000" in caution("esc50", 2000)
    index = pd.MultiIndex.from_tuples([("all heads", "SAV")], names=["heads", "method"])
    table = pd.DataFrame({"accuracy": [0.5], "accuracy_interval": [0.1]}, index=index)
    text = protocol.to_markdown(table, "esc50", "audio", "Settings.", made)
    assert text.startswith(f"**{made}**\n\n| method |")  # the table itself still begins a block
    assert "| SAV | all heads | 50.0 ± 10.0 |" in text
    assert set(protocol.OFFICIAL) == set(corpora.NAMED)
