"""Heads that are silenced: their projections' inputs, the answers, fingerprints, nesting."""

import dataclasses

import numpy as np
import pytest
import torch

import ccsav
from ccsav.lalm.batch_inputs import model_arguments
from ccsav.lalm.silence import POSITIONS
from ccsav_lab.sounds import render, tasks


@pytest.fixture(scope="module")
def wave():
    return render("dog", 987_654).waveform


@pytest.fixture
def logits(mini, wave):
    """A function that gives the logits of the first token of the answer, (V,)."""
    inputs, _ = mini.inputs([wave], [mini.prompt("What sound is this?")])
    inputs.pop("position_ids")

    def forward():
        with torch.inference_mode(), model_arguments(mini, inputs) as arguments:
            return mini.model(**arguments).logits[0, -1]

    return forward


def hooks(lalm):
    return [m for m in lalm.heads["module"] if lalm.model.get_submodule(m)._forward_pre_hooks]


@pytest.mark.parametrize("positions", ["last", "prompt"])
def test_a_head_s_own_vector_changes_nothing(mini, wave, logits, positions):
    own = mini.head_vectors([wave], "What sound is this?", "decoder")[0]  # (K, D)
    intact = logits()
    with mini.silenced("decoder", own, positions):
        torch.testing.assert_close(logits(), intact, atol=1e-4, rtol=1e-4)
    with mini.silenced("decoder", own + 0.1, positions):
        assert not torch.allclose(logits(), intact, atol=1e-2)


def test_zero_takes_the_head_s_slice_of_the_projection_away(mini, wave, logits):
    row = mini.heads.query("kind == 'decoder' and layer == 3 and head == 2")
    vector = mini.head_vectors([wave], "What sound is this?", row)[0, 0]  # (D,)
    projection = mini.model.get_submodule(row["module"].iloc[0])
    kept = []
    handle = projection.register_forward_hook(lambda m, args, out: kept.append(out[0]))
    logits()
    with mini.silenced(row):
        logits()
    handle.remove()
    dim = int(row["dim"].iloc[0])
    part = projection.weight[:, 2 * dim : 3 * dim] @ vector  # what the head adds
    torch.testing.assert_close(kept[0][-1] - kept[1][-1], part, atol=1e-5, rtol=1e-4)
    assert part.abs().max() > 1e-2
    torch.testing.assert_close(kept[0][:-1], kept[1][:-1])  # the positions before: untouched


def test_positions(mini, wave):
    row = mini.heads.query("kind == 'decoder' and layer == 1 and head == 5")
    inputs, _ = mini.inputs([wave], [mini.prompt("What sound is this?")])
    projection = mini.model.get_submodule(row["module"].iloc[0])
    dim = int(row["dim"].iloc[0])
    for positions in POSITIONS:
        kept = []
        with mini.silenced(row, positions=positions):
            handle = projection.register_forward_pre_hook(
                lambda m, args, to=kept: to.append(args[0][0].unflatten(-1, (-1, dim)))
            )  # (T, H, dim), after the silencing
            answers = mini.say(inputs, max_new_tokens=3)
            handle.remove()
        assert len(answers) == 1
        prompt, *steps = [(x == 0).all(-1) for x in kept]  # (T, H)
        assert len(prompt) > 1
        assert steps
        assert prompt[-1, 5]
        assert prompt[:-1, 5].all() == (positions == "all")
        assert all(step.shape[0] == 1 and step[0, 5] == (positions != "prompt") for step in steps)
        assert not torch.cat([prompt, *steps])[:, [0, 4, 6]].any()


def test_values_in_several_layers(mini, wave):
    """Values are given row by row, whatever the order of the heads."""
    heads = [40, 3, 17, 2]
    values = torch.randn(4, 64)
    with mini.silenced(heads, values):
        read = mini.head_vectors([wave, wave[:8000]], "What sound is this?", heads)
    dim = mini.heads["dim"].iloc[0]
    for clip in read:
        torch.testing.assert_close(clip, values[:, :dim])


def test_encoder_heads_are_silenced_everywhere(mini, wave):
    for positions in ("last", "prompt"):
        with (
            pytest.raises(ValueError, match=r'the encoder: choose positions="all"'),
            mini.silenced("all", positions=positions),
        ):
            pass
    intact = mini.head_vectors([wave], heads="encoder")
    with mini.silenced([50], positions="all"):
        read = mini.head_vectors([wave], heads="encoder")
    assert not read[:, 2].any()
    assert intact[:, 2].any()
    assert not hooks(mini)


def test_afterwards_the_model_is_as_it_was(mini, logits):
    intact, print_ = logits(), mini.fingerprint
    weights = {name: w.clone() for name, w in mini.model.state_dict().items()}
    with pytest.raises(KeyError, match="stop"), mini.silenced("decoder"):
        assert hooks(mini)
        assert mini.fingerprint != print_
        raise KeyError("stop")
    assert not hooks(mini)
    assert mini.fingerprint == print_
    assert torch.equal(logits(), intact)
    for name, w in mini.model.state_dict().items():
        assert torch.equal(w, weights[name]), name


def test_nested(mini, logits):
    intact, print_ = logits(), mini.fingerprint
    with mini.silenced([8, 9]):
        both = logits()
    with mini.silenced([8]):
        outer, one = logits(), mini.fingerprint
        with mini.silenced([9]):
            assert torch.equal(logits(), both)
            assert len({mini.fingerprint, one, print_}) == 3
            assert len(mini.silences) == 2
        assert mini.fingerprint == one
        assert torch.equal(logits(), outer)
        with pytest.raises(KeyError, match="stop"), mini.silenced([8], np.ones((1, 32))):
            assert not torch.equal(logits(), outer)
            raise KeyError("stop")
        assert mini.fingerprint == one
        assert torch.equal(logits(), outer)
        assert not torch.equal(outer, both) and not torch.equal(outer, intact)
    assert torch.equal(logits(), intact)
    assert mini.fingerprint == print_
    assert mini.silences == []


def test_blocks_that_end_in_the_order_in_which_they_began(mini, logits):
    intact, print_ = logits(), mini.fingerprint
    with mini.silenced([9]):
        second_alone, second_print = logits(), mini.fingerprint
    first, second = mini.silenced([8]), mini.silenced([9])
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.equal(logits(), second_alone)
    assert mini.fingerprint == second_print
    second.__exit__(None, None, None)
    assert torch.equal(logits(), intact)
    assert mini.fingerprint == print_


def test_every_reference_to_the_model_has_the_silenced_fingerprint(mini, wave):
    """Another name for the model, and a copy with other settings, which has the same weights."""
    reference, copy = mini, dataclasses.replace(mini, window=2.0)
    intact = mini.fingerprint
    with mini.silenced([8]) as given:
        assert given is mini
        assert reference.fingerprint == copy.fingerprint == mini.fingerprint != intact
        assert not copy.head_vectors([wave[:16_000]], heads=[8]).any()
    assert reference.fingerprint == copy.fingerprint == intact


def test_a_cache_tells_silenced_head_vectors_from_intact_ones(mini, tmp_path):
    data = tasks.make(["dog", "rain"], clips=1, progress=False)

    def last_layer():
        options = {"heads": range(40, 48), "cache": tmp_path, "progress": False}
        return ccsav.extract(mini, data, "What sound is this?", **options).X

    intact = last_layer()
    with mini.silenced(range(8, 24)):
        changed = last_layer()
    with mini.silenced(range(8, 24), np.ones((16, 32))):
        otherwise = last_layer()
    assert not np.allclose(changed, intact, atol=1e-2)
    assert not np.allclose(changed, otherwise, atol=1e-2)
    np.testing.assert_array_equal(last_layer(), intact)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"heads": [99]}, "some of 0 to 71"),
        ({"heads": "cross"}, "no heads of kind"),
        ({"heads": [0], "positions": "first"}, "positions='first': choose one of"),
        ({"heads": [0, 1], "values": np.zeros((1, 32))}, r"a row for each head, \(2, 32\)"),
        ({"heads": [0, 1], "values": np.zeros((2, 31))}, r"but has \(2, 31\)"),
        ({"heads": [0, 1], "values": np.zeros(32)}, r"but has \(32,\)"),
    ],
)
def test_silenced_complains(mini, arguments, complaint):
    with pytest.raises(ValueError, match=complaint), mini.silenced(**arguments):
        pass
    assert not hooks(mini)


def test_both_families_cross_attention_too(lalm, waves):
    kinds = [kind for kind in lalm.heads["kind"].unique() if kind != "encoder"]
    for kind in kinds:
        with lalm.silenced(kind):
            assert not lalm.head_vectors(waves[:2], heads=kind).any()
        assert lalm.head_vectors(waves[:2], heads=kind).any()
