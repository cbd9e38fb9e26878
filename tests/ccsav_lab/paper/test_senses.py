import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.clips import corpora
from ccsav_lab import paper
from tests import tiny_models


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("VGGSound")
    names = ["owl", "spiral", "xylophone rock"]
    return corpora.load_vggsound(paper.miniature.write_vggsound(folder, names, 3, 2))


def test_every_modality_on_the_same_episodes(clips, tmp_path):
    omni = ccsav.load_lalm(
        tiny_models.qwen2_5_omni(tmp_path / "omni"), device="cpu", max_pixels=6272
    )
    options = {"shots": 2, "n_episodes": 2, "zero_shot": False, "cache": tmp_path / "heads"}
    table = paper.fill_each_modality(omni, clips, tmp_path / "out", "What is this?", **options)
    assert table.index.unique("modality").tolist() == ["audio", "video", "audio+video"]
    assert table.loc["video"].index.unique("heads").tolist() == ["decoder heads"]
    assert table.loc["audio"].index.unique("heads").tolist() == ["decoder heads", "all heads"]
    alone = paper.fill_table(
        omni, clips, tmp_path / "alone", "What is this?", modality="video", **options
    )
    pd.testing.assert_frame_equal(table.loc["video"], alone)

    gains = paper.sense_gains(tmp_path / "out")
    assert gains.loc["audio"].index.unique("heads").tolist() == ["decoder heads", "all heads"]
    assert gains.loc["video"].index.unique("heads").tolist() == ["decoder heads"]
    row = ("decoder heads", "CCSAV")
    wanted = table.loc[("audio+video", *row), "accuracy"] - table.loc[("video", *row), "accuracy"]
    assert gains.loc[("video", *row), "mean"] == pytest.approx(wanted)

    text = paper.senses_to_markdown(table, "vggsound", "Settings.", "Of these.")
    lines = text.splitlines()
    assert lines[0] == "**Of these.**"
    assert lines[2:4] == ["| method | heads | audio | video | audio+video |", "|" + " --- |" * 5]
    (without,) = [line for line in lines if line.startswith("| CALM | all heads |")]
    assert without.split("|")[4].strip() == ""  # a video has no sound for the encoder
    assert "| *CALM, published* |  | 88.15 |  | 91.02 |" in lines
    assert "| *SAV, published* |  |  |  | 89.49 |" in lines
    assert "- Accuracy in per cent; Settings." in lines
    assert lines[-1].startswith("- The published numbers are of two models")


def test_a_model_without_sight_is_refused_at_once(clips, tmp_path):
    mini = ccsav.load_lalm("mini", device="cpu")
    with pytest.raises(ValueError, match="modality='video': Qwen2-Audio takes audio"):
        paper.fill_each_modality(mini, clips, tmp_path, modalities=["audio", "video"])
    assert not list(tmp_path.iterdir())


def test_gains_are_paired_by_episode(tmp_path):
    for modality, scores in {"audio": [0.5, 0.7], "video": [0.2, 0.2], "both": [0.6, 0.9]}.items():
        few = pd.DataFrame({"heads": "decoder heads", "method": "SAV", "accuracy": scores})
        (tmp_path / modality).mkdir()
        few.assign(episode=[0, 1]).to_csv(tmp_path / modality / "few_shot.csv", index=False)
    gains = paper.sense_gains(tmp_path, "both").droplevel(["heads", "method"])
    assert gains["mean"].to_dict() == pytest.approx({"audio": 0.15, "video": 0.55})
    half = 12.706 * np.std([0.1, 0.2], ddof=1) / np.sqrt(2)
    assert gains.loc["audio", "interval"] == pytest.approx(half, rel=1e-4)


def test_markdown_of_several_labels_and_of_one_published_number():
    index = pd.MultiIndex.from_tuples(
        [("audio", "", "zero-shot"), ("audio", "all heads", "SAV"), ("video", "all heads", "SAV")],
        names=["modality", "heads", "method"],
    )
    scores = {"exact_match": [np.nan, 0.5, 0.25], "exact_match_interval": [np.nan, 0.1, np.nan]}
    text = paper.senses_to_markdown(pd.DataFrame(scores, index), "audioset", "Settings.")
    assert "| zero-shot |  |  |  |" in text and "| SAV | all heads | 50.0 ± 10.0 | 25.0 |" in text
    assert "| *CALM, published* |  | 70.50 |  |" in text
    assert "- Exact match in per cent; Settings." in text and "two models" not in text
