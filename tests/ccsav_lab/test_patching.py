"""Activation patching, against the whole model run with a head's vector given by `silenced`."""

import numpy as np
import pandas as pd
import pytest
import torch

import ccsav
from ccsav.lalm.batch_inputs import model_arguments
from ccsav_lab import patching, writing
from tests import tiny_models
from tests.ccsav_lab.names import letters_first

RATE = 16_000
NAMES = ("dog", "siren")


@pytest.fixture(params=["mini", "mini_omni", "whisper", "qwen"])
def model(request):
    return letters_first(request.getfixturevalue(request.param))


def ratio(lalm, wave, names=NAMES):
    inputs, _ = lalm.inputs([wave], [lalm.prompt()])
    with torch.inference_mode(), model_arguments(lalm, inputs) as arguments:
        logits = lalm.model(**arguments, use_cache=False).logits[0, -1]
    a, b = writing.first_tokens(lalm, names)
    return float(logits[a] - logits[b])


def check_last(lalm, clean, corrupted, names=NAMES):
    """Each head alone, against the whole prompt with this head's vector replaced."""
    table = patching.patch_pairs(lalm, [clean], [corrupted], names, batch_size=5).iloc[0]
    vectors, before = lalm.head_vectors([clean])[0], ratio(lalm, corrupted, names)
    assert table["corrupted"] == pytest.approx(before, abs=1e-3)
    assert table["clean"] == pytest.approx(ratio(lalm, clean, names), abs=1e-3)
    rows = lalm.select()
    assert len(table) == len(rows) + 2
    for place, head in enumerate(rows.index):
        with lalm.silenced([head], vectors[[place]]):
            change = ratio(lalm, corrupted, names) - before
        assert table[head] == pytest.approx(change, abs=1e-3)
    assert np.abs(table.iloc[2:]).max() > 1e-3


def test_last_token_equals_the_whole_prompt(model, waves):
    check_last(model, waves[2], waves[3][: 2 * RATE])


def test_layers_and_all_positions(model, waves):
    """After the last layer nothing reads the other positions; before, they make a difference."""
    clean, corrupted = waves[2], waves[3][:RATE]
    last, everywhere = (
        patching.patch_pairs(
            model, [clean], [corrupted], NAMES, unit="layer", positions=positions
        ).iloc[0]
        for positions in patching.POSITIONS
    )
    kinds = model.select().groupby(["kind", "layer"], sort=False)
    assert list(last.index[2:]) == list(kinds.groups)
    decoder = [name for name in last.index[2:] if name[0] == "decoder"]
    assert everywhere[decoder[-1]] == pytest.approx(last[decoder[-1]], abs=1e-3)
    assert np.abs(everywhere.iloc[2:] - last.iloc[2:]).max() > 2e-3


def test_its_own_vectors_change_nothing(model, waves):
    for positions in patching.POSITIONS:
        table = patching.patch_pairs(model, waves[2:3], waves[2:3], NAMES, positions=positions)
        np.testing.assert_allclose(table.iloc[0, 2:], 0, atol=1e-3)


def test_clips_of_other_durations_are_refused_for_all_positions(mini, waves):
    with pytest.raises(ValueError, match="one duration"):
        patching.patch_pairs(mini, waves[2:3], waves[3:4], NAMES, positions="all")
    with pytest.raises(ValueError, match="pair them"):
        patching.patch_pairs(mini, waves[2:3], [], NAMES)
    with pytest.raises(ValueError, match="unit"):
        patching.patch_pairs(mini, waves[2:3], waves[2:3], NAMES, unit="neuron")
    with pytest.raises(ValueError, match="encoder"):
        patching.patch_pairs(mini, waves[2:3], waves[2:3], NAMES, heads="all")


def test_random_pairs_find_what_is_there_and_no_more():
    rng = np.random.default_rng(1)
    null = pd.DataFrame(rng.normal(0, 1, (20, 40)))
    changes = pd.DataFrame(rng.normal(0, 1, (20, 40)))
    changes[3] += 5
    table = patching.against_random(changes.assign(corrupted=0, clean=1), null, n=500)
    assert table.index[table["p_corrected"] < 0.01].tolist() == [3]
    assert (table["p_corrected"] >= table["p"]).all()
    assert 0.02 < (table["p"].drop(3) < 0.1).mean() < 0.3
    found = [
        patching.against_random(*(pd.DataFrame(rng.normal(0, 1, (8, 30))) for _ in range(2)), n=200)
        for _ in range(40)
    ]
    assert np.mean([(t["p_corrected"] < 0.1).any() for t in found]) < 0.3


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_every_family(family, tmp_path, waves):
    lalm = ccsav.load_lalm(tiny_models.FAMILIES[family](tmp_path / family), device="cpu")
    check_last(letters_first(lalm), waves[2], waves[3][:RATE], ("d", "p"))
