import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.clips import corpora
from ccsav.clips.dataset import DatasetError
from ccsav_lab.paper import fill_table, plan, spoofing
from tests import releases
from tests.ccsav_lab.paper.test_protocol import dataset

LINES = ["- target 4", "- target 3", "- target 2", "- target 1", "- nontarget 2.5"]
LINES += ["- nontarget 0", "- nontarget -1", "- nontarget -2", "A07 spoof 0.5", "A08 spoof 3.5"]


def write_scores(folder):
    """Scores of speaker verification in the official place."""
    file = folder / spoofing.ASV_SCORES
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(LINES) + "\n")
    return file


def test_support_per_attack_and_per_bona_fide_speaker():
    train = [("none", speaker) for speaker in ("s1", "s2", "s3") for _ in range(4)]
    train += [(attack, "s1") for attack in ("A01", "A02") for _ in range(9)]
    test = [("none", "s9"), ("A07", "s9")] * 5
    attack, speaker = zip(*train, *test, strict=True)
    label = np.where(np.array(attack) == "none", "bona fide", "spoof")
    split = ["train"] * len(train) + ["eval"] * len(test)
    clips = dataset(label=list(label), attack=attack, speaker=speaker, split=split)
    episodes = plan(clips, shots=2, n_episodes=3, per="source")
    for episode in episodes:
        support = clips.table.loc[episode.support]
        assert support["attack"].value_counts().to_dict() == {"none": 6, "A01": 2, "A02": 2}
        bona_fide = support.loc[support["attack"] == "none", "speaker"]
        assert bona_fide.value_counts().to_dict() == {"s1": 2, "s2": 2, "s3": 2}
        assert len(episode.query) == len(test)
    assert not np.array_equal(episodes[0].support, episodes[1].support)
    with pytest.raises(DatasetError, match="source 'bona fide speaker s1' has 4 training clips, b"):
        plan(clips, shots=5, n_episodes=1, per="source")
    with pytest.raises(ValueError, match="per='attack': choose 'class' or 'source'"):
        plan(clips, shots=1, n_episodes=1, per="attack")
    with pytest.raises(DatasetError, match=r"no column \['attack', 'speaker'\]"):
        plan(dataset(label=["a", "b"], split=["train", "test"]), 1, 1, per="source")


def test_errors_of_speaker_verification(tmp_path):
    file = write_scores(tmp_path / "LA")
    assert spoofing.find_asv_scores(tmp_path) == file == spoofing.find_asv_scores(file.parents[1])
    assert spoofing.find_asv_scores(tmp_path / "elsewhere") is None
    found = spoofing.verification_errors(file)  # one of four targets below 2, one other above it
    assert found == spoofing.VerificationErrors(miss=0.25, alarm=0.25, spoof_miss=0.5)
    for text in ("A07 spoof\n", "A07 spoof high\n", "- target 1\n- nontarget 0\n"):
        file.write_text(text)
        with pytest.raises(DatasetError, match=r"not lines of source, key .* official LA\.zip"):
            spoofing.verification_errors(file)


def test_tandem_cost_by_hand():
    errors = spoofing.VerificationErrors(miss=0.1, alarm=0.05, spoof_miss=0.3)
    refused = 0.95 * 0.99 * (1 - 0.1) - 0.95 * 0.01 * 10 * 0.05
    accepted = 10 * 0.05 * (1 - 0.3)
    rng = np.random.default_rng(0)
    spoofed = rng.random(60) < 0.5
    ranking = spoofed + rng.normal(0, 0.7, 60)
    costs = [
        refused * np.mean(ranking[~spoofed] >= t) + accepted * np.mean(ranking[spoofed] < t)
        for t in [*ranking, np.inf]
    ]
    wanted = min(costs) / min(refused, accepted)
    assert 0.05 < wanted < 0.95  # a case in between
    assert spoofing.min_tdcf(spoofed, ranking, errors) == pytest.approx(wanted)
    assert spoofing.min_tdcf(spoofed, 3 * ranking - 1, errors) == pytest.approx(wanted)
    with pytest.raises(ValueError, match="too large for a tandem cost"):
        spoofing.min_tdcf(spoofed, ranking, errors._replace(spoof_miss=1.0))


def test_the_tandem_cost_needs_the_official_scores(tmp_path):
    folder = releases.asvspoof2019(tmp_path / "LA", clips=12)
    clips = corpora.load_asvspoof2019(folder)
    mini = ccsav.load_lalm("mini", device="cpu")
    options = {"shots": 1, "n_episodes": 2, "per": "source", "zero_shot": False}
    options |= {"cache": tmp_path / "heads"}
    without = fill_table(mini, clips, tmp_path / "a", "Real?", **options)
    assert "min_tdcf" not in without and without["equal_error_rate"].notna().all()
    write_scores(folder)
    table = fill_table(mini, clips, tmp_path / "b", "Real?", **options)
    assert table["min_tdcf"].between(0, 1).all() and table["min_tdcf"].std() > 0
    pd.testing.assert_frame_equal(table[without.columns], without)
