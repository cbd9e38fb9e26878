import numpy as np
import pytest
import torch
from torch import nn

from ccsav.lalm.families import Site
from ccsav.lalm.heads import find_heads, read_heads

SITE = Site("decoder", "layers", "self_attn", "last")


class Attention(nn.Module):
    def __init__(self, heads=3, dim=4, width=8, name="o_proj"):
        super().__init__()
        self.head_dim = dim
        setattr(self, name, nn.Linear(heads * dim, width))


class Stack(nn.Module):
    def __init__(self, *attentions):
        super().__init__()
        self.layers = nn.ModuleList(nn.Module() for _ in attentions)
        for layer, attention in zip(self.layers, attentions, strict=True):
            if attention is not None:
                layer.self_attn = attention


def test_layers_may_differ_in_heads_and_in_the_projection_s_name():
    table = find_heads(Stack(Attention(3, 4), Attention(2, 6, name="out_proj")), [SITE])
    assert table["layer"].tolist() == [0, 0, 0, 1, 1]
    assert table["head"].tolist() == [0, 1, 2, 0, 1]
    assert table["dim"].tolist() == [4, 4, 4, 6, 6]
    assert table["module"].iloc[-1] == "layers.1.self_attn.out_proj"


def test_shorter_head_vectors_end_in_zeros():
    model = Stack(Attention(3, 4), Attention(2, 6))
    table = find_heads(model, [SITE])
    inputs = [torch.randn(2, 5, 12), torch.randn(2, 5, 12)]

    def forward():
        for layer, x in zip(model.layers, inputs, strict=True):
            layer.self_attn.o_proj(x)

    vectors = read_heads(model, table, torch.tensor([5, 5]), forward)
    assert vectors.shape == (2, 5, 6)
    torch.testing.assert_close(vectors[:, :3, :4].flatten(1), inputs[0][:, -1])
    torch.testing.assert_close(vectors[:, 3:].flatten(1), inputs[1][:, -1])
    assert not vectors[:, :3, 4:].any()


def test_a_layer_without_attention_is_named():
    with pytest.raises(ValueError, match=r"layers\.1 has no self_attn"):
        find_heads(Stack(Attention(), None), [SITE])


def test_heads_that_do_not_divide_the_projection():
    odd = Attention(3, 4)
    odd.head_dim = 5
    with pytest.raises(ValueError, match="takes 12 numbers, not a multiple of 5"):
        find_heads(Stack(odd), [SITE])


def test_a_layer_that_does_not_run_is_named():
    model = Stack(Attention(), Attention())
    table = find_heads(model, [SITE])
    x = torch.randn(1, 2, 12)
    with pytest.raises(RuntimeError, match=r"did not run .*layers\.1\.self_attn"):
        read_heads(model, table, torch.tensor([2]), lambda: model.layers[0].self_attn.o_proj(x))
    assert not any(m._forward_pre_hooks for m in model.modules())


def test_head_table(whisper, qwen):
    assert whisper.heads.groupby("kind").size().to_dict() == {
        "cross": 8,
        "decoder": 8,
        "encoder": 8,
    }
    assert set(whisper.heads["dim"]) == {12}
    assert qwen.heads.groupby("kind").size().to_dict() == {"decoder": 12, "encoder": 8}
    dims = qwen.heads.groupby("kind")["dim"].unique().map(list).to_dict()
    assert dims == {"decoder": [24], "encoder": [8]}
    assert qwen.heads.columns[:4].tolist() == ["layer", "head", "kind", "dim"]


def test_selecting_heads(whisper):
    assert set(whisper.select()["kind"]) == {"decoder", "cross"}
    assert len(whisper.select("all")) == len(whisper.heads) == 24
    assert set(whisper.select(["encoder", "cross"])["kind"]) == {"encoder", "cross"}
    assert whisper.select([3, 1]).index.tolist() == [3, 1]
    assert whisper.select(whisper.heads.query("layer == 1")).index.size == 12
    with pytest.raises(ValueError, match=r"no heads of kind \['video'\].*decoder, cross, encoder"):
        whisper.select("video")
    with pytest.raises(ValueError, match="some of 0 to 23"):
        whisper.select([24])
    with pytest.raises(ValueError, match="a mask of 3 for 24"):
        whisper.select(np.array([True, False, True]))


def test_subset_of_heads_and_early_stop(lalm, waves):
    everything = lalm.head_vectors(waves[:2], heads="all")
    chosen = lalm.heads.query("kind == 'decoder' and layer == 0 and head in [2, 1]")
    ran = []
    last = lalm.model.get_submodule(lalm.family.sites[0].layers)[-1]
    with last.register_forward_hook(lambda *_: ran.append("last layer")):
        some = lalm.head_vectors(waves[:2], heads=chosen)
        assert ran == []
    torch.testing.assert_close(some, everything[:, chosen.index, : some.shape[-1]])
    mask = (lalm.heads["kind"] == "encoder").tolist()
    encoder = lalm.head_vectors(waves[:2], heads=mask)
    torch.testing.assert_close(encoder, everything[:, mask, : encoder.shape[-1]])


def test_encoder_heads_ignore_padding(whisper, waves):
    """The mean is over true frames: for Whisper, that of a plain pass, frame by frame."""
    inputs, frames = whisper.inputs(waves[:1], [whisper.prompt()])
    assert frames.tolist() == [-(-len(waves[0]) // 320)]
    kept = []
    module = whisper.heads.query("kind == 'encoder'")["module"].iloc[0]
    hook = whisper.model.get_submodule(module).register_forward_pre_hook(
        lambda _, args: kept.append(args[0])
    )
    with torch.inference_mode():
        whisper.model.model.encoder(inputs["input_features"])
    hook.remove()
    mean = kept[0][0, : frames[0]].mean(0).view(4, 12)
    taken = whisper.head_vectors(waves[:1], heads="encoder")[0, :4]
    torch.testing.assert_close(taken, mean, rtol=1e-4, atol=1e-5)
