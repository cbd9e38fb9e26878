"""The mini LALM of the repository, its training script, and its model card."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

import ccsav
from ccsav.lalm.loading import MINI
from ccsav_lab.sounds import CLASSES, render, resynthesise, tasks
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="module")
def mini():
    return ccsav.load_lalm("mini", device="cpu")


def test_its_size_and_shape(mini):
    assert type(mini.model).__name__ == "Qwen2AudioForConditionalGeneration"
    assert (mini.name, mini.family.name, mini.window, mini.rate) == (
        "mini",
        "Qwen2-Audio",
        4,
        16_000,
    )
    assert sum(p.numel() for p in mini.model.parameters()) <= 8e6
    assert (MINI / "model.safetensors").stat().st_size <= 16e6
    decoder = mini.heads.query("kind == 'decoder'")
    assert (decoder["layer"].nunique(), decoder["head"].nunique()) == (6, 8)


def test_it_names_sounds_in_words(mini):
    names = CLASSES.index[~CLASSES["held_out"]]
    waves = [render(name, 987_654).waveform for name in names]
    said = mini.answer(waves, "What sound is this?")
    right = np.mean([answer == name for answer, name in zip(said, names, strict=True)])
    assert right > 0.5  # chance is 1 in 46
    assert set(said) <= set(names) | {"rooster", "sneeze"}  # names of its training, and no others


def test_it_compares_names_and_recognises_copies(mini):
    """An earlier training learned neither: it always gave the same answer."""
    names = CLASSES.index[~CLASSES["held_out"]].to_list()
    waves = [render(name, 987_655).waveform for name in names]
    asked = [names[i if i % 2 else i - 1] for i in range(len(names))]
    prompts = [mini.prompt(f"Is this {name}?") for name in asked]
    said = mini.say(mini.inputs(waves, prompts)[0])
    verdicts = ["yes" if a == b else "no" for a, b in zip(names, asked, strict=True)]
    assert np.mean([s.endswith(f"so {v}") for s, v in zip(said, verdicts, strict=True)]) > 0.8
    copies = [resynthesise(wave, 16_000, kind="vocoder") for wave in waves]
    question = "Is this real or resynthesised?"
    right = [answer == "real" for answer in mini.answer(waves, question)]
    right += [answer == "resynthesised" for answer in mini.answer(copies, question)]
    assert np.mean(right) > 0.65


def test_few_shot_on_sounds_that_it_cannot_name(mini):
    data = tasks.sounds_heldout(clips=12, progress=False)
    acts = ccsav.extract(mini, data, progress=False)
    methods = {"CCSAV": ccsav.CCSAVClassifier()}
    options = {"shots": [5], "n_episodes": 5, "progress": False}
    results = ccsav.evaluate(methods, acts.X, acts.y, **options)
    assert results["accuracy"].mean() > 0.5  # chance is 1 in 18


def test_a_missing_mini_is_explained(monkeypatch, tmp_path):
    monkeypatch.setattr("ccsav.lalm.loading.MINI", tmp_path / "nowhere")
    with pytest.raises(OSError, match="comes with a clone of the repository"):
        ccsav.load_lalm("mini")


def test_named_tasks():
    heldout = tasks.sounds_heldout(clips=2, progress=False)
    trained = tasks.sounds_trained(clips=2, progress=False)
    assert not set(heldout.labels) & set(trained.labels)
    assert len(heldout.labels) == CLASSES["held_out"].sum() >= 14
    assert len(trained) == 2 * (~CLASSES["held_out"]).sum()
    again = tasks.sounds_heldout(clips=2, progress=False)
    other = tasks.sounds_heldout(clips=2, seed=1, progress=False)
    assert [heldout.digest(i) for i in range(4)] == [again.digest(i) for i in range(4)]
    assert heldout.digest(0) != other.digest(0)
    families = tasks.sounds_families(clips=1, progress=False)
    assert families.labels.tolist() == sorted(set(CLASSES["family"]))
    assert families.table["group"].nunique() == len(CLASSES)
    pairs = tasks.spoof(clips=1, progress=False)
    assert pairs.labels.tolist() == ["bona fide", "spoof"]
    assert set(pairs.table["attack"]) == {"none", "griffin-lim", "vocoder"}
    assert pairs.table.groupby("group")["label"].nunique().eq(2).all()
    assert ccsav.load_dataset("sounds-heldout").labels.tolist() == heldout.labels.tolist()


def test_training_runs_and_continues(tmp_path, monkeypatch, capsys):
    import train_mini_lalm

    monkeypatch.setattr("mini_lalm.batches.BATCH", 4)  # of 32
    for steps in ("1", "2"):
        command = ["train_mini_lalm", "--out", tmp_path / "out", "--work", tmp_path / "work"]
        command += ["--clips", "12", "--workers", "1", "--steps", steps]
        monkeypatch.setattr(sys, "argv", [str(part) for part in command])
        train_mini_lalm.main()
    assert "continuing from step 1" in capsys.readouterr().out
    log = json.loads((tmp_path / "work" / "log.json").read_text())
    assert [row[0] for row in log] == [1, 2]
    lalm = ccsav.load_lalm(tmp_path / "out", device="cpu")
    assert lalm.model.dtype == torch.float32
    assert len(lalm.heads) == len(ccsav.load_lalm("mini", device="cpu").heads)


def test_the_training_script_is_a_command(tmp_path):
    script = ROOT / "scripts" / "train_mini_lalm.py"
    command = [sys.executable, script, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Train the mini LALM" in done.stdout


def test_questions_and_answers():
    from mini_lalm.questions import PHRASINGS, WEIGHTS, ask, possible

    facts = {
        "name": "dog",
        "family": "animals",
        "pitch": 900.0,
        "events": 3,
        "level": -20.0,
        "real": "real",
    }
    rng = np.random.default_rng(0)
    assert set(possible(facts)) == set(WEIGHTS) - {"digit"}
    assert set(PHRASINGS) == set(WEIGHTS)
    expected = {
        "name": "dog",
        "family": "animals",
        "pitch": "high",
        "events": "3",
        "level": "loud",
        "real": "real",
    }
    for task in possible(facts):
        for _ in range(10):
            _, question, answer = ask(
                rng, facts, ["cat", "dog", "cow", "owl", "bee"], frozenset(WEIGHTS) - {task}
            )
            if task == "is it":
                assert answer == "dog, so " + ("yes" if "dog" in question else "no")
            elif task == "options":
                assert answer == "dog" and question.count(",") == 3
            else:
                assert answer == expected[task]
    assert possible({"pitch": 500.0, "events": 9, "level": -35.0}) == []
    with pytest.raises(ValueError, match="no question is left"):
        ask(rng, {"digit": "one"}, ["cat"], frozenset({"digit", "is it", "options"}))


def test_the_card_says_what_was_measured():
    from measure_mini_lalm import written

    text = (MINI / "README.md").read_text(encoding="utf-8")
    measured = json.loads((MINI / "measured.json").read_text())
    assert written(text, measured) == text
    changed = measured | {"parameters": 7e9}
    assert "7000.00 M parameters" in written(text, changed)
    assert written(text, changed) != text


def test_a_question_whose_answer_is_clear_is_left_out():
    from mini_lalm.questions import ABOUT_THE_NAME, settled

    assert settled("name") == settled("is it") == settled("digit") == ABOUT_THE_NAME
    assert settled("events") == {"events"}


def test_a_pruned_classifier_needs_fewer_layers(mini):
    """With heads of the first layers alone, the layers above are never run."""
    dataset = tasks.sounds_heldout(clips=4, progress=False)
    acts = ccsav.extract(mini, dataset, heads=mini.heads.query("layer > 0").index)
    decoder = acts.heads["kind"] == "decoder"
    low = (decoder & (acts.heads["layer"] < 3)).to_numpy()
    small = ccsav.CCSAVClassifier().fit(acts.X[:, low], acts.y).prune(2)
    needed = acts.heads[low].iloc[small.heads_]
    assert len(needed) < low.sum()
    layers = mini.model.get_decoder().layers
    deepest = needed["layer"].max()
    ran = []
    hooks = [
        layer.register_forward_pre_hook(lambda *_, i=i: ran.append(i))
        for i, layer in enumerate(layers)
    ]
    few = ccsav.extract(mini, dataset, heads=needed)
    for hook in hooks:
        hook.remove()
    assert max(ran) == deepest < len(layers) - 1
    np.testing.assert_array_equal(few.X, acts.X[:, low][:, small.heads_])
    assert small.score(few.X, acts.y) > 0.5
