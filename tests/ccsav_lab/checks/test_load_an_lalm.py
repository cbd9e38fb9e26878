import numpy as np
import torch

from ccsav_lab import checks
from tests.ccsav_lab.checks import refused, waits


def test_audio_tokens(qwen, whisper):
    seconds = [0.8, 1.6, 3.2]
    waits(checks.audio_tokens, qwen, seconds)
    checks.audio_tokens([20, 40, 80], qwen, seconds)  # 25 per second
    checks.audio_tokens([40, 80, 160], whisper, seconds)  # 50 encoder frames per second
    refused("2 times", checks.audio_tokens, [40, 80, 160], qwen, seconds)
    refused("4 times", checks.audio_tokens, [80, 160, 320], qwen, seconds)
    refused("shape", checks.audio_tokens, 25, qwen, seconds)


def test_heads_of_layer(qwen, waves):
    wave, question = waves[2], "What sound is this?"
    task = (qwen, wave, question, 0)
    taken = []
    module = qwen.model.get_submodule(qwen.heads.iloc[0]["module"])
    hook = module.register_forward_hook(lambda m, a, out: taken.append((a[0], out)))
    inputs, _ = qwen.inputs([wave], [qwen.prompt(question)])
    qwen.say(inputs, 1)
    hook.remove()
    x, out = taken[0]
    dim = qwen.heads.iloc[0]["dim"]
    waits(checks.heads_of_layer, *task)
    checks.heads_of_layer(x[0, -1].unflatten(0, (-1, dim)), *task)
    refused("last", checks.heads_of_layer, x[0, 0].unflatten(0, (-1, dim)), *task)
    refused("shape", checks.heads_of_layer, x[0, -1], *task)
    if out.shape == x.shape:
        refused("input", checks.heads_of_layer, out[0, -1].unflatten(0, (-1, dim)), *task)
    heads = len(x[0, -1]) // dim
    scrambled = x[0, -1].reshape(dim, heads).T
    refused("contiguous block", checks.heads_of_layer, scrambled, *task)
    table = qwen.heads
    other = table[(table["kind"] == "decoder") & (table["layer"] == 1)]
    vectors = qwen.head_vectors([wave], question, other)[0]
    refused("layer 1", checks.heads_of_layer, vectors, *task)


def test_contributions():
    torch.manual_seed(0)
    projection, vectors = torch.nn.Linear(12, 10), torch.randn(3, 4)
    weight = projection.weight.detach()
    right = [(weight[:, 4 * h : 4 * h + 4] @ vectors[h]).norm().item() for h in range(3)]
    task = (projection, vectors)
    waits(checks.contributions, *task)
    checks.contributions(right, *task)
    refused("before the projection", checks.contributions, vectors.norm(dim=1), *task)
    refused("squares", checks.contributions, np.square(right), *task)
    refused("columns", checks.contributions, np.array(right)[::-1], *task)
    refused("shape", checks.contributions, sum(right), *task)
