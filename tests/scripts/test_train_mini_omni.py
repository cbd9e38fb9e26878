"""The training of the mini omni model, on a few clips and small batches."""

import json
import sys

import numpy as np
import pytest
import torch

import ccsav
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import train_mini_omni
from mini_omni import batches
from mini_omni.bank import RATE, make_bank, random_clip
from mini_omni.questions import PHRASINGS, WEIGHTS, draw_questions, possible


@pytest.mark.slow
def test_training_runs_continues_and_gives_what_the_library_gives(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("mini_omni.batches.BATCH", 4)  # of 16
    monkeypatch.setattr("mini_omni.batches.SIGHTS", 4)  # of 32
    monkeypatch.setattr(train_mini_omni, "LOOK_STEPS", 1)  # of 400
    monkeypatch.setattr(train_mini_omni, "SAVE_EVERY", 1)  # of 250
    command = ["train_mini_omni", "--out", tmp_path / "out", "--work", tmp_path / "work"]
    command += ["--clips", "12", "--workers", "1", "--steps", "3"]
    monkeypatch.setattr(sys, "argv", [str(part) for part in command])
    with monkeypatch.context() as patch:
        patch.setattr(train_mini_omni.Trainer, "train_step", stopped)
        with pytest.raises(KeyboardInterrupt):
            train_mini_omni.main()
    assert not (tmp_path / "out").exists()  # a model that is not finished
    train_mini_omni.main()
    assert "continuing from step 1" in capsys.readouterr().out
    log = json.loads((tmp_path / "work" / "log.json").read_text())
    assert [row[0] for row in log] == [1, 2, 3]
    assert log[0][1] is None and log[2][1] > 0  # the first step is of the vision tower alone
    lalm = ccsav.load_lalm(tmp_path / "out", device="cpu")
    assert (lalm.fps, lalm.window, lalm.rate) == (8, 2, RATE)
    assert sum(p.numel() for p in lalm.model.parameters()) < 10_000_000

    rng = np.random.default_rng(0)
    made = [random_clip(rng) for _ in range(2)]
    clips = iter(made)
    monkeypatch.setattr("mini_omni.bank.random_clip", lambda _: next(clips))
    bank, rows = make_bank(2, 0, 1), np.array([0, 1])
    monkeypatch.setattr(batches, "draw_questions", lambda *_: [("name", "What is this?", "x")])
    for modality in batches.MODALITIES:
        tokenizer = lalm.processor.tokenizer
        given = batches.arguments_of(rng, bank, tokenizer, modality, rows, rows, bank["facts"])
        waves = [clip.waveform for clip in made] if "audio" in modality else None
        frames = [clip.frames for clip in made] if "video" in modality else None
        wanted, _ = lalm.inputs(waves, [lalm.prompt("What is this?", modality)] * 2, frames)
        length = wanted["input_ids"].shape[1]
        assert torch.equal(given["input_ids"][:, :length], wanted.pop("input_ids"))
        del wanted["attention_mask"]
        for name, value in wanted.items():
            torch.testing.assert_close(given[name], value, rtol=0, atol=2e-3, check_dtype=False)
        assert set(given) - set(wanted) == {"input_ids", "attention_mask", "labels"}


def stopped(*_):
    raise KeyboardInterrupt


def test_questions_fit_to_what_is_given():
    facts = {"name": "flash", "sound": "rain", "motion": "flash", "colour": "red", "shape": "disc"}
    facts |= {"fits": True, "events": 3}
    assert set(possible(facts, "audio+video")) == set(PHRASINGS) == set(WEIGHTS)
    assert possible(facts, "audio") == ["name", "sound", "events"]
    assert possible(facts, "video") == ["name", "motion", "events", "colour", "shape"]
    assert possible(facts | {"fits": False}, "audio+video") == [
        "sound", "motion", "colour", "shape", "together"
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    for _ in range(50):
        asked = draw_questions(rng, facts, "audio+video", most=7)
        found = {task: answer for task, _, answer in asked}
        assert found["together"] == "yes" and found["events"] == "three"
        named = [task for task, *_ in asked].index("name")
        later = {task for task, *_ in asked[named:]}
        assert not later & {"sound", "motion"}  # both are clear from the name
    no = draw_questions(rng, facts | {"fits": False}, "audio+video", most=7)
    assert ("together", "no") in [(task, answer) for task, _, answer in no]


def test_pairs_that_do_not_belong_together():
    steady, beat = np.linspace(0, 1, 16), np.tile([1.0, 0.0], 8)
    bank = {"activity": np.stack([steady, steady + 0.01, beat, np.ones(16), np.ones(16)])}
    bank["places"] = np.zeros((5, 16, 4), np.float32)
    motions = ["orbit", "orbit", "bounce", "still", "drift"]
    bank["facts"] = [{"motion": motion, "sound": "rain", "fits": True} for motion in motions]
    rng = np.random.default_rng(0)
    others = {i: {batches.another(rng, bank, i) for _ in range(60)} for i in range(5)}
    assert others == {0: {2, 3, 4}, 1: {2, 3, 4}, 2: {0, 1, 3, 4}, 3: {0, 1, 2}, 4: {0, 1, 2}}
    facts = batches.joined_facts([{"sound": "a", "fits": True}, {"sound": "b", "fits": True}], 0, 1)
    assert facts == {"sound": "b", "fits": False}
