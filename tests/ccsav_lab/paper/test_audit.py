import json

import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.weights.sav import SAVClassifier
from ccsav_lab.methods import METHODS
from ccsav_lab.paper import (
    audit_split,
    audit_to_markdown,
    first_seconds,
    read_released,
    split_of,
    write_lists,
)
from ccsav_lab.paper.audit_tuning import tune_calm
from ccsav_lab.paper.heard import CHOICE, Heard, in_place_of_clips, silence_and_noise

CHECKS = ["sources", "options", "text alone", "open question", "few against all", "tuning"]
FEW = {name: METHODS[name] for name in ("SAV", "CALM")}


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("heads")


def test_esc50s_lists(mini, cache, tmp_path):
    split = read_released(write_lists(tmp_path, shots=4, test=2, seconds=0.7))
    audit = audit_split(mini, split, few=2, draws=2, methods=FEW, cache=cache)
    assert list(audit.sentences) == CHECKS
    assert audit.accuracy.columns.tolist() == [*FEW, CHOICE]
    of = audit.accuracy["CALM"]
    text_alone = of[["silence in place of every clip", "noise in place of every clip"]]
    assert of["as asked"] > text_alone.max() + 0.2
    assert of["settings chosen on the test part"] >= of["settings chosen on the validation list"]
    assert of["settings chosen on the test part"] >= of["as asked"]
    train, test = (split.questions.iloc[split.rows(part)] for part in ("train", "test"))
    shared = test["source"].isin(train["source"])
    assert 0 < shared.sum() < len(test)
    sentence = audit.sentences["sources"]
    assert f"{shared.sum()} ({100 * shared.mean():.1f} %) about a source recording" in sentence
    assert "of these and in" in sentence
    folds = split.clips.table["path"].str.extract(r"(\d)-")[0].to_numpy()
    sides = [", ".join(sorted(set(folds[part["clip"]]))) for part in (train, test)]
    assert f"folds: {sides[0]} in the support set, {sides[1]} in the test part" in sentence
    assert audit.sentences["options"].startswith("100.0 % of the test questions and 100.0 %")
    assert "the options in 25.0 %" in audit.sentences["options"]
    assert f"CALM {100 * of['open question']:.1f} %" in audit.sentences["open question"]
    gain = of["settings chosen on the test part"] - of["settings chosen on the validation list"]
    assert f"{100 * gain:.1f} points less" in audit.sentences["tuning"]
    assert "were not used" not in audit.sentences["tuning"]
    text = audit_to_markdown(audit)
    assert f"| as asked | {100 * audit.accuracy.loc['as asked', 'SAV']:.1f} |" in text
    assert all(f"- *{name}*: {sentence}" in text for name, sentence in audit.sentences.items())


def test_validation_questions_about_test_clips_are_not_used(mini, cache, tmp_path):
    folder = write_lists(tmp_path, "vggsound", shots=2, test=1, seconds=0.3)
    whole = json.loads((folder / "vggsound_mcq_test_split.json").read_text())
    whole += json.loads((folder / "vggsound_mcq_val.json").read_text())
    (folder / "vggsound_mcq_test.json").write_text(json.dumps(whole))  # as the released one is
    split = read_released(folder, test="vggsound_mcq_test.json")
    audit = audit_split(mini, split, few=1, draws=1, methods=FEW, cache=cache)
    sentence = audit.sentences["tuning"]
    assert "6 of the 6 validation questions are about clips of the test part and were" in sentence
    assert "best on support questions that are left out" in sentence


def test_a_clip_with_several_questions(mini, cache, tmp_path):
    split = read_released(write_lists(tmp_path, "audioset", shots=2, test=2, seconds=0.5))
    audit = audit_split(mini, split, few=1, draws=1, methods=FEW, cache=cache)
    test = split.questions.iloc[split.rows("test")]
    several = (test["clip"].value_counts() > 1).sum()
    assert f"{several} test clips have a question for each of several" in audit.sentences["sources"]
    assert "support questions that are left out" in audit.sentences["tuning"]  # no validation list


def test_spoofing_from_few_and_from_all(mini, cache, tmp_path):
    split = read_released(write_lists(tmp_path, "asvspoof2019", shots=2, test=2, seconds=0.5))
    audit = audit_split(mini, split, few=3, draws=2, methods=FEW, cache=cache)
    assert audit.accuracy.loc["3 support questions per class", ["SAV", "CALM"]].notna().all()
    assert "Equal error rate from few and from all: SAV " in audit.sentences["few against all"]
    assert "names of the files do not tell the source" in audit.sentences["sources"]
    assert "list no options" in audit.sentences["open question"]
    assert "open question" not in audit.accuracy.index
    silent = audit.accuracy.loc["silence in place of every clip"]
    assert silent.isin([1 / 3, 2 / 3]).all()  # one answer to all, a third of which are bona fide
    all_of_it = audit_split(mini, split, few=50, draws=1, methods=FEW, cache=cache)
    assert "no more than 50" in all_of_it.sentences["few against all"]


@pytest.mark.slow
def test_recordings(mini, cache):
    clips = first_seconds(ccsav.load_dataset("recordings"), mini.window)
    split = split_of(clips, "recordings", most=4, limit=2)  # all of it: a minute
    audit = audit_split(mini, split, few=2, methods=FEW, draws=1, cache=cache)
    assert "0 (0.0 %) about a source recording" in audit.sentences["sources"]
    assert "folds: 5 in the support set, 4 in the test part" in audit.sentences["sources"]
    assert audit.accuracy.loc["as asked"].min() > 0.4
    assert audit.accuracy.loc["silence in place of every clip"].max() < 0.4
    assert audit.accuracy.loc["open question", ["SAV", "CALM"]].min() > 0.4


def test_questions_about_other_sounds(mini, tmp_path):
    split = read_released(write_lists(tmp_path, shots=1, test=1, seconds=0.4))
    sounds = silence_and_noise(mini, split, seed=3)
    (silence,), noise = sounds["silence"], sounds["noise"]
    assert len(silence) == round(0.4 * mini.rate) and not silence.any()
    assert len(noise) == 8 and np.std(noise) == pytest.approx(0.1, rel=0.05)
    assert np.array_equal(noise, silence_and_noise(mini, split, seed=3)["noise"])
    other = in_place_of_clips(split, noise, mini.rate)
    columns = ["part", "question", "label", "options", "source"]
    pd.testing.assert_frame_equal(other.questions[columns], split.questions[columns])
    assert other.questions["clip"].is_unique
    assert np.array_equal(other.clips.waveform(9, mini.rate), noise[1])


def heard_of(y, groups, n_support):
    rng = np.random.default_rng(0)
    X = np.eye(3)[y][:, None].repeat(6, axis=1) + rng.normal(0, 0.6, (len(y), 6, 3))
    places = np.split(np.arange(len(y)), [n_support])
    labels = np.array(list("abc"))[y]
    return Heard(X.astype(np.float32), labels, np.array(groups), *places, labels[n_support:])


def test_choosing_on_the_test_part_against_elsewhere():
    y = np.tile([0, 1, 2], 20)
    heard = heard_of(y, np.arange(60) // 2, 30)
    tuned = tune_calm(heard)
    assert tuned.settings == 4 * 2 * 2  # six heads: keeping 20 is keeping all
    assert tuned.best >= max(tuned.nested, tuned.default)
    accuracies = [heard.right(ccsav.CCSAVClassifier.calm()).mean(), tuned.default]
    assert accuracies[0] == accuracies[1]
    on_test = tune_calm(heard, heard.X[heard.query], heard.y[heard.query])
    assert on_test.nested == on_test.best == tuned.best  # the very clips that are scored
    assert np.isnan(tune_calm(heard_of(y[:33], np.arange(33), 3)).nested)  # one clip per class


def test_equal_error_rate_of_heard_questions():
    y = np.tile([0, 1], 20)
    heard = heard_of(y, np.arange(40), 20)
    fitted = SAVClassifier().fit(heard.X[:20], heard.y[:20])
    ranking = fitted.predict_proba(heard.X[20:])[:, 1]
    wanted = ccsav.evaluation.metrics.equal_error_rate(heard.y[20:] == "b", ranking)
    assert heard.error_rate(SAVClassifier()) == wanted
