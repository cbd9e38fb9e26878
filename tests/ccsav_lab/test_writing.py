"""What heads write: parts that sum to the logits, each checked against the model's own modules."""

from contextlib import ExitStack

import numpy as np
import pytest
import torch
from torch import nn

import ccsav
from ccsav.lalm.batch_inputs import model_arguments
from ccsav_lab import residual_stream, writing
from tests import tiny_models
from tests.ccsav_lab.names import letters_first

RATE = 16_000
NAMES = ["dog", "piano", "siren"]
REFUSED = {"gemma3n": "several parts", "gemma4": "not add its heads"}  # families without a sum


@pytest.fixture(params=["mini", "mini_omni", "whisper", "qwen"])
def model(request):
    return letters_first(request.getfixturevalue(request.param))


@pytest.fixture
def waves(waves):
    """Not longer than the shortest window, that of mini-omni."""
    return [wave[: 2 * RATE] for wave in waves]


def own_logits(lalm, waves):
    inputs, _ = lalm.inputs(waves, [lalm.prompt()] * len(waves))
    with torch.inference_mode(), model_arguments(lalm, inputs) as arguments:
        return lalm.model(**arguments, use_cache=False).logits[:, -1].numpy()


def test_parts_sum_to_the_logits(model, waves):
    written = writing.direct_attribution(model, waves, NAMES, batch_size=2)
    tokens = writing.first_tokens(model, NAMES)
    logits = own_logits(model, waves)[:, tokens]
    np.testing.assert_allclose(written.logits, logits, atol=1e-4)
    total = written.by_head.sum(axis=1) + written.rest()
    np.testing.assert_allclose(total, logits, atol=1e-4)
    assert written.by_head.shape == (len(waves), len(model.select()), 3)
    assert np.abs(written.by_head).max() > 1e-3


def test_the_rest_is_embeddings_mlps_and_biases(model, waves):
    """Each from its own module, without the difference that `residual_stream` takes."""
    written = writing.direct_attribution(model, waves[:2], NAMES)
    kept, layers = {}, model.model.get_submodule(model.family.sites[0].layers)
    inputs, _ = model.inputs(waves[:2], [model.prompt()] * 2)
    with ExitStack() as stack, torch.inference_mode():
        for i, layer in enumerate(layers):
            last = getattr(layer, "mlp", None) or layer.fc2

            def keep(_, args, output, i=i):
                kept[i] = output[:, -1]

            stack.enter_context(last.register_forward_hook(keep))
        with model_arguments(model, inputs) as arguments:
            final = model.model.base_model(**arguments, use_cache=False).last_hidden_state[:, -1]
        ids, positions = (
            next(x for name, x in inputs.items() if name.endswith(key))
            for key in ("input_ids", "attention_mask")
        )
        start = model.model.get_decoder().embed_tokens(ids[:, -1])
        if hasattr(model.model.get_decoder(), "embed_positions"):
            table = model.model.get_decoder().embed_positions.weight
            start = start + table[positions.sum(-1) - 1]
    norm = residual_stream.last_position(model, inputs).norm
    size = final.abs().max()
    vectors = model.head_vectors(waves[:2])
    total = start + sum(kept.values())
    for module, rows in model.select().groupby("module"):
        projection, dim = model.model.get_submodule(module), rows["dim"].iloc[0]
        places = [model.select().index.get_loc(k) for k in rows.index]
        total = total + projection(vectors[:, places, :dim].flatten(1))
    torch.testing.assert_close(norm(total), final, atol=1e-4 * float(size), rtol=1e-4)
    rows = model.model.get_output_embeddings().weight[writing.first_tokens(model, NAMES)]
    scale, centred, _ = writing.frozen_norm(norm, total)
    for part, mine in ((start, written.embeddings), (kept[1], written.by_mlp[:, 1])):
        part = part - part.mean(-1, keepdim=True) if centred else part
        right = (scale * part) @ rows.T
        np.testing.assert_allclose(mine, right.numpy(), atol=1e-4)


def test_one_head_by_hand(mini, waves):
    """W_O's slice times the head vector, scaled as the final norm does, times the name's row."""
    written = writing.direct_attribution(mini, waves[:1], NAMES)
    head = mini.select().iloc[29]
    dim, number = head["dim"], head["head"]
    weight = mini.model.get_submodule(head["module"]).weight
    added = weight[:, number * dim : (number + 1) * dim] @ mini.head_vectors(waves[:1])[0, 29, :dim]
    inputs, _ = mini.inputs(waves[:1], [mini.prompt()])
    x = residual_stream.last_position(mini, inputs).after[-1][0]
    norm = mini.model.get_decoder().norm
    scaled = added * norm.weight / (x.square().mean() + norm.variance_epsilon).sqrt()
    rows = mini.model.lm_head.weight[writing.first_tokens(mini, NAMES)]
    np.testing.assert_allclose(written.by_head[0, 29], (rows @ scaled).numpy(), atol=1e-5)


def test_it_is_the_effect_of_the_direct_path(mini, waves):
    """A head of the last layer is silenced: the stream before the last MLP changes by its part."""
    head = mini.select().index[-1]
    inputs, _ = mini.inputs(waves[:1], [mini.prompt()])
    intact = residual_stream.last_position(mini, inputs)
    with mini.silenced([head]):
        silent = residual_stream.last_position(mini, inputs)
    assert not silent.vectors[mini.heads["module"][head]][0, -32:].any()
    change = (intact.after[-1] - intact.mlps[-1]) - (silent.after[-1] - silent.mlps[-1])
    rows = intact.unembedding[writing.first_tokens(mini, NAMES)]
    scale, _, _ = writing.frozen_norm(intact.norm, intact.after[-1])
    written = writing.direct_attribution(mini, waves[:1], NAMES)
    np.testing.assert_allclose((scale * change @ rows.T)[0], written.by_head[0, -1], atol=1e-4)


def test_lens_ends_at_the_model(model, waves):
    lens = writing.logit_lens(model, waves, NAMES, batch_size=2)
    tokens = writing.first_tokens(model, NAMES)
    right = torch.as_tensor(own_logits(model, waves)).log_softmax(-1)[:, tokens]
    assert lens.shape[1] == model.select()["layer"].nunique() + 1
    np.testing.assert_allclose(lens[:, -1], right.numpy(), atol=1e-4)
    assert np.abs(lens[:, 0] - lens[:, -1]).max() > 0.01


def test_names_with_one_first_token_are_refused(mini):
    with pytest.raises(ValueError, match="'car' and 'car horn' begin with the same token"):
        writing.first_tokens(mini, ["car", "dog", "car horn"])


def test_accuracy_by_writing_by_hand():
    added = np.zeros((4, 2, 2))
    added[:, 0, 0] = [2.0, 1.0, -1.0, -2.0]  # head 0 tells clips 0, 1 from 2, 3
    added[:, 1] = [5.0, 0.0]  # head 1 says the same of every clip
    found = writing.accuracy_by_writing(added, [0, 0, 1, 1])
    np.testing.assert_allclose(found, [1.0, 0.5])
    found = writing.accuracy_by_writing(added, [0, 0, 0, 1])
    np.testing.assert_allclose(found[0], (2 / 3 + 1) / 2)


def test_norms_that_cannot_be_frozen_are_refused():
    class Cubed(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4))

        def forward(self, x):
            return x**3

    with pytest.raises(ValueError, match="Cubed is not a norm"):
        writing.frozen_norm(Cubed(), torch.arange(8.0).reshape(2, 4))


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_every_family_sums_or_says_why_not(family, tmp_path, waves):
    lalm = ccsav.load_lalm(tiny_models.FAMILIES[family](tmp_path / family), device="cpu")
    lalm = letters_first(lalm)
    names = ["d", "p"]
    if family in REFUSED:
        with pytest.raises(ValueError, match=REFUSED[family]):
            writing.direct_attribution(lalm, waves[2:3], names)
        return
    written = writing.direct_attribution(lalm, waves[2:4], names)
    tokens = writing.first_tokens(lalm, names)
    logits = np.concatenate([own_logits(lalm, [wave])[:, tokens] for wave in waves[2:4]])
    total = written.by_head.sum(axis=1) + written.rest()
    np.testing.assert_allclose(total, logits, atol=1e-4 * max(1, np.abs(logits).max()))
