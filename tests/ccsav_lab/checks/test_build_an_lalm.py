import numpy as np
import pandas as pd
import torch

from ccsav_lab import checks
from tests.ccsav_lab.checks import refused, waits


def test_share_trained(qwen):
    linear = qwen.model.model.multi_modal_projector.linear
    weights, bias = linear.weight.numel(), linear.bias.numel()
    total = sum(weight.numel() for weight in qwen.model.parameters())
    right = (weights + bias) / total
    waits(checks.share_trained, qwen)
    checks.share_trained(right, qwen)
    checks.share_trained(np.float64(right), qwen)
    refused("per cent", checks.share_trained, 100 * right, qwen)
    refused("divide", checks.share_trained, weights + bias, qwen)
    refused("bias", checks.share_trained, weights / total, qwen)
    refused("numel", checks.share_trained, 2 * right, qwen)
    refused("shape", checks.share_trained, [right], qwen)
    refused("number", checks.share_trained, "much", qwen)


def test_loss_of_guessing():
    waits(checks.loss_of_guessing, 100)
    checks.loss_of_guessing(np.log(100), 100)
    refused("bits", checks.loss_of_guessing, np.log2(100), 100)
    refused("base of 10", checks.loss_of_guessing, 2, 100)
    refused("negative", checks.loss_of_guessing, -np.log(100), 100)
    refused("minus its logarithm", checks.loss_of_guessing, 0.01, 100)
    refused("1 / vocabulary", checks.loss_of_guessing, 50, 100)
    refused("shape", checks.loss_of_guessing, [1, 2], 100)


def test_connector_undone():
    torch.manual_seed(0)
    linear, encoded = torch.nn.Linear(6, 9), torch.randn(4, 6)
    weight, bias = linear.weight.detach(), linear.bias.detach()
    audio = linear(encoded).detach()
    inverse = torch.linalg.pinv(weight).T
    task = (audio, linear, encoded)
    waits(checks.connector_undone, *task)
    checks.connector_undone((audio - bias) @ inverse, *task)
    checks.connector_undone(encoded.numpy(), *task)
    refused("bias", checks.connector_undone, audio @ inverse, *task)
    refused("transpose", checks.connector_undone, audio @ weight, *task)
    refused("transpose", checks.connector_undone, (audio - bias) @ weight, *task)
    refused("pseudo-inverse", checks.connector_undone, torch.zeros(4, 6), *task)
    refused("shape", checks.connector_undone, audio, *task)


def test_head_that_gained():
    before = pd.DataFrame({"learned": [0.2, 0.5, 0.4, 0.3], "others": [0.3, 0.4, 0.2, 0.1]})
    after = pd.DataFrame({"learned": [0.6, 0.8, 0.1, 0.4], "others": [0.4, 0.3, 0.3, 0.6]})
    task = (before, after)
    waits(checks.head_that_gained, *task)
    checks.head_that_gained((0, 0.4, 0.1), *task)
    checks.head_that_gained([np.int64(0), np.float64(0.4), 0.1], *task)
    refused("3 things", checks.head_that_gained, 0, *task)
    refused("3 things", checks.head_that_gained, (0, 0.4), *task)
    refused("before.index", checks.head_that_gained, (9, 0.4, 0.1), *task)
    refused("before.index", checks.head_that_gained, ([0], 0.4, 0.1), *task)
    refused("lost most", checks.head_that_gained, (2, 0.3, -0.1), *task)
    refused("best head after", checks.head_that_gained, (1, 0.3, -0.1), *task)
    refused("choose it on learned", checks.head_that_gained, (3, 0.1, 0.5), *task)
    refused("per cent", checks.head_that_gained, (0, 40, 10), *task)
    refused("take away those before", checks.head_that_gained, (0, 0.6, 0.4), *task)
    refused("after - before", checks.head_that_gained, (0, 0.1, 0.4), *task)
    refused("number", checks.head_that_gained, (0, "much", 0.1), *task)
    more = pd.concat([before, before]).reset_index(drop=True)
    rose = pd.concat([after, before + 0.05]).reset_index(drop=True)
    refused("another head gained more", checks.head_that_gained, (5, 0.05, 0.05), more, rose)
