import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification

import ccsav
from ccsav_lab import checks


def refused(hint, check, mine, *args, **kwargs):
    with pytest.raises(checks.NotYet, match=hint):
        check(mine, *args, **kwargs)


def waits(check, *args, **kwargs):
    check(..., *args, **kwargs)  # neither passes nor raises


VOTES = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.5, 0.0, 0.5], [0.1, 0.8, 0.1]])


def test_least_sure(capsys):
    waits(checks.least_sure, VOTES)
    assert "Right." not in capsys.readouterr().out
    checks.least_sure(np.int64(1), VOTES)
    assert "Right." in capsys.readouterr().out
    refused("surest", checks.least_sure, 3, VOTES)
    refused("and of others less", checks.least_sure, 2, VOTES)  # row with the smallest minimum
    refused("rows 0 to 3", checks.least_sure, 7, VOTES)
    refused("whole number", checks.least_sure, VOTES, VOTES)


def test_learning_curve():
    x, y = make_classification(90, 40, n_informative=10, n_classes=3, random_state=0)
    X = x.reshape(90, 5, 8)
    task = (X, y, None, [1, 2], 0)
    waits(checks.learning_curve, *task)

    def curve(method, **options):
        options = {"shots": [1, 2], "seed": 0, "progress": False} | options
        return ccsav.summary(ccsav.evaluate({"default": method}, X, y, **options))

    default = ccsav.CCSAVClassifier()
    checks.learning_curve(curve(default), *task)
    refused("other episodes", checks.learning_curve, curve(default, seed=1), *task)
    refused("another method", checks.learning_curve, curve(ccsav.SAVClassifier()), *task)
    refused(r"lacks \[2\]", checks.learning_curve, curve(default, shots=[1]), *task)
    refused("as many episodes", checks.learning_curve, curve(default, n_episodes=3), *task)
    refused("table", checks.learning_curve, 0.5, *task)


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
    refused("one after the other", checks.heads_of_layer, scrambled, *task)
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


def test_leaked():
    groups = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    task = (groups, [0, 3], [1, 2, 4, 5, 6, 7, 7, 7])
    waits(checks.leaked, *task)
    checks.leaked(3 / 8, *task)
    refused("did \\*not\\*", checks.leaked, 5 / 8, *task)
    refused("for each query", checks.leaked, 2 / 3, *task)


def test_clear_differences():
    mean = [0.03, 0.01, -0.02, -0.01, 0.05]
    task = (mean, 0.015)
    waits(checks.clear_differences, *task)
    checks.clear_differences((2, 1), *task)
    refused("signs", checks.clear_differences, (3, 2), *task)
    refused("other way round", checks.clear_differences, (1, 2), *task)
    refused("clear above", checks.clear_differences, (5, 0), *task)
    refused("shape", checks.clear_differences, 2, *task)
