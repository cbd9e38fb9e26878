"""The mini LALM of the repository."""

import sys
from pathlib import Path

import numpy as np
import pytest

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


@pytest.mark.slow
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


@pytest.mark.slow
def test_few_shot_on_sounds_that_it_cannot_name(mini):
    data = tasks.sounds_heldout(clips=12, progress=False)
    acts = ccsav.extract(mini, data, progress=False)
    methods = {"CCSAV": ccsav.CCSAVClassifier()}
    options = {"shots": [5], "n_episodes": 5, "progress": False}
    results = ccsav.evaluate(methods, acts.X, acts.y, **options)
    assert results["accuracy"].mean() > 0.5  # chance is 1 in 18


def test_a_folder_of_its_name_is_not_hidden(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mini").mkdir()
    with pytest.raises(ValueError, match=r"^mini: the name of a model, and also a path here"):
        ccsav.load_lalm("mini")
    for path in (Path("mini"), "./mini"):
        with pytest.raises(OSError, match="no model here"):
            ccsav.load_lalm(path)


def test_a_missing_mini_is_explained(monkeypatch, tmp_path):
    monkeypatch.setattr("ccsav.lalm.loading.MINI", tmp_path / "nowhere")
    with pytest.raises(OSError, match="comes with a clone of the repository"):
        ccsav.load_lalm("mini")


@pytest.mark.slow
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
