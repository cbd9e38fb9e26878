import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

import ccsav
from ccsav.clips import corpora
from ccsav_lab.methods import METHODS
from ccsav_lab.paper import fill_table, miniature, protocol, to_markdown
from tests import releases, tiny_models, videos


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.mark.slow
def test_esc50_end_to_end_and_continued(mini, tmp_path, monkeypatch):
    clips = corpora.load_esc50(miniature.write_esc50(tmp_path / "ESC-50-master", releases.SOUNDS))
    options = {"shots": 3, "n_episodes": 1, "batch_size": 8}
    table = fill_table(mini, clips, tmp_path / "out", **options)
    methods = table.loc["decoder heads"].index.tolist()
    assert methods == list(protocol.COMPARED) == [*METHODS, "logistic regression", "ridge"]
    assert (table.loc["all heads", "accuracy"] > 0.7).all()
    zero_shot = table.loc["", "accuracy"]
    assert len(zero_shot) == 4 and (zero_shot > 0.7).all()
    row = table.loc[("decoder heads", "CCSAV")]
    assert row["accuracy_interval"] >= 0 and "equal_error_rate" not in table
    few = pd.read_csv(tmp_path / "out" / "few_shot.csv")
    assert len(few) == 5 * 2 * len(methods)  # folds, sets of heads

    file = tmp_path / "out" / "few_shot.csv"  # as if it had been broken off in the last episode
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-5]))
    monkeypatch.setattr(type(mini), "head_vectors_of", lambda *_: pytest.fail("computed again"))
    monkeypatch.setattr(type(mini), "say", lambda *_: pytest.fail("asked again"))
    again = fill_table(mini, clips, tmp_path / "out", **options)
    pd.testing.assert_frame_equal(again, table, atol=1e-9)
    with pytest.raises(ValueError, match="results of other shots: choose another folder"):
        fill_table(mini, clips, tmp_path / "out", **options | {"shots": 2})


@pytest.mark.slow
def test_answers_continue_where_they_stopped(mini, tmp_path, monkeypatch):
    clips = corpora.load_esc50(miniature.write_esc50(tmp_path / "ESC-50-master", releases.SOUNDS))
    options = {"shots": 1, "n_episodes": 1, "limit": 1, "batch_size": 4}
    monkeypatch.setattr("ccsav_lab.paper.kept.CHUNK", 7)
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
    assert table.loc["all heads", ["exact_match", "macro_f1"]].notna().all(axis=None)
    acts = ccsav.extract(mini, clips, heads="all", progress=False)
    Y = protocol.class_indicators(clips).to_numpy()
    (episode,) = protocol.plan(clips, 3, 1)
    clf = ccsav.MultiLabelCCSAVClassifier().fit(acts.X[episode.support], Y[episode.support])
    scores = clf.decision_function(acts.X[episode.query])
    wanted = average_precision_score(Y[episode.query], scores)
    assert precision["all heads", "CCSAV"] == pytest.approx(wanted, abs=1e-3)
    assert "zero-shot, open, rank" in table.loc[""].index
    text = to_markdown(table, "audioset", "audio", "a rehearsal")
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


@pytest.mark.slow
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
