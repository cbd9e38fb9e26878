"""The closed forms against prototypes and temperatures computed the slow, obvious way."""

import numpy as np
import pytest
import torch
from scipy import optimize

from ccsav.weights import readout

GROUPS = torch.tensor([0, 1, 1, 0, 2, 2, 1, 0, 3])


@pytest.fixture(params=[6, 20], ids=["more clips than numbers", "more numbers than clips"])
def support(request):
    rng = np.random.default_rng(0)
    y = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2])
    X = torch.as_tensor(
        rng.normal(size=(len(y), 5, request.param)) + 0.5 * y[:, None, None].numpy()
    )
    return X.float(), y


def test_leave_one_out_is_refitting_without_the_clip(support):
    X, y = support
    mu, counts = readout.prototypes(X, y, 3)
    cos = readout.cosines(X, readout.directions(mu))
    closed = readout.leave_one_out(cos, X, y, mu, counts)
    for i in range(len(y)):
        others = torch.arange(len(y)) != i
        without, _ = readout.prototypes(X[others], y[others], 3)
        refitted = readout.cosines(X[i : i + 1], readout.directions(without))[0]
        torch.testing.assert_close(closed[i], refitted)
        assert not torch.allclose(cos[i], refitted)


def test_leave_one_out_can_take_part_of_the_support_set(support):
    X, y = support
    mu, counts = readout.prototypes(X, y, 3)
    cos = readout.cosines(X, readout.directions(mu))
    whole = readout.leave_one_out(cos, X, y, mu, counts)
    part = readout.leave_one_out(cos[4:6], X[4:6], y[4:6], mu, counts)
    torch.testing.assert_close(part, whole[4:6])


def test_zero_vectors_give_equal_posteriors():
    cos = readout.cosines(torch.zeros(1, 1, 4), readout.directions(torch.ones(3, 1, 4)))
    p = readout.posteriors(cos, 0.07)
    torch.testing.assert_close(p, torch.full((1, 1, 3), 1 / 3))


def test_temperatures_with_uniform_clips_are_those_of_softened_labels():
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(30) % 3
    scores = torch.nn.functional.one_hot(y, 3)[:, None] + torch.rand(30, 1, 3, generator=generator)
    softened = 0.01 / 3 + 0.99 * torch.nn.functional.one_hot(y, 3)
    tau = readout.temperatures(scores, y, uniform_clips=30 * 0.01 / 0.99)

    def loss(tau):
        return -(softened * torch.log_softmax(scores[:, 0] / tau, -1)).sum(-1).mean()

    assert loss(tau) < min(loss(0.97 * tau), loss(1.03 * tau))
    assert tau > readout.temperatures(scores, y)


def test_prototypes_without_a_group(support):
    X, y = support
    _, _, outside = readout.nearest_prototype(X, y, 3, GROUPS)
    for i in range(len(y)):
        rows = GROUPS[i] != GROUPS
        mu, counts = readout.prototypes(X[rows], y[rows], 3)
        expected = readout.cosines(X[i : i + 1], readout.directions(mu))[0]
        torch.testing.assert_close(outside[i], expected * (counts > 0))


def test_temperatures_are_the_likeliest():
    rng = np.random.default_rng(1)
    y = torch.as_tensor(rng.integers(0, 3, 40))
    noise = torch.tensor([0.3, 1.0, 3.0])  # a head each
    scores = torch.nn.functional.one_hot(y, 3)[:, None] + noise[:, None] * torch.as_tensor(
        rng.normal(size=(40, 3, 3))
    )
    share = (1 / torch.bincount(y))[y].double() / 3
    found = readout.temperatures(scores, y)

    def loss(log_tau, k):
        p = readout.posteriors(scores[:, [k]], float(np.exp(log_tau)))
        return -float(share @ p[torch.arange(40), 0, y].log())

    bounds = np.log([readout.MIN_TAU, readout.MAX_TAU])
    for k in range(3):
        best = optimize.minimize_scalar(loss, bounds=bounds, args=(k,), method="bounded")
        assert loss(np.log(float(found[k])), k) == pytest.approx(best.fun, abs=1e-4)
    assert found[0] < found[1] < found[2]
    sure = readout.temperatures(0.3 * torch.nn.functional.one_hot(y, 3)[:, None].double(), y)
    assert sure.item() < found[0]  # always right: the lowest is the likeliest
