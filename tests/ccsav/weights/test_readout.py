"""The closed forms against the slow, obvious way."""

import numpy as np
import pytest
import torch

from ccsav.weights import readout
from ccsav.weights import reliability as rel


@pytest.fixture
def support():
    rng = np.random.default_rng(0)
    y = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2])
    X = torch.as_tensor(rng.normal(size=(len(y), 5, 6)) + 0.5 * y[:, None, None].numpy())
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


def test_zero_vectors_say_nothing():
    cos = readout.cosines(torch.zeros(1, 1, 4), readout.directions(torch.ones(3, 1, 4)))
    p = readout.posteriors(cos, 0.07)
    torch.testing.assert_close(p, torch.full((1, 1, 3), 1 / 3))


def test_margins_by_hand():
    p = torch.tensor([[[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]])  # one clip, two heads
    y = torch.tensor([0])
    torch.testing.assert_close(rel.margins(p, y), torch.tensor([[0.5, -0.5]]))
    torch.testing.assert_close(rel.clamped_margins(p, y), torch.tensor([[0.5, 0.0]]))
    torch.testing.assert_close(rel.true_posteriors(p, y), torch.tensor([[0.7, 0.1]]))
    briers = [[1.4 - 0.54, 0.2 - 0.46]]
    torch.testing.assert_close(rel.briers(p, y), torch.tensor(briers))


def test_margins_with_two_classes():
    p = torch.tensor([[[0.8, 0.2]]])
    torch.testing.assert_close(rel.margins(p, torch.tensor([1])), torch.tensor([[-0.6]]))


def test_class_means_and_a_class_without_clips():
    scores = torch.tensor([[0.2, 0.0], [0.4, 1.0], [0.9, 0.5]])  # 3 clips, 2 heads
    r, counts = rel.class_means(scores, torch.tensor([0, 0, 2]), 3)
    torch.testing.assert_close(r, torch.tensor([[0.3, 0.6, 0.9], [0.5, 0.5, 0.5]]))
    assert counts.tolist() == [2, 0, 1]


def test_shrinkage_by_hand():
    r, counts = torch.tensor([[0.2, 0.6], [0.0, 1.0]]), torch.tensor([1, 3])
    by_head = rel.shrink(r, counts, alpha=1, toward="head")
    torch.testing.assert_close(by_head, torch.tensor([[0.3, 0.55], [0.25, 0.875]]))
    to_all = rel.shrink(r, counts, alpha=1, toward="all")
    torch.testing.assert_close(to_all, torch.tensor([[0.325, 0.5625], [0.225, 0.8625]]))
    torch.testing.assert_close(rel.shrink(r, torch.tensor([0, 3]), alpha=0), r)


def test_weights_sum_to_one_whatever_the_reliabilities():
    r = torch.tensor([[0.0, 1e-30, 0.5], [0.0, 2e-30, 0.1], [0.0, 0.0, 0.4]])
    for k in (None, 2):
        kept = rel.top_heads(r, k)
        for _, weigh in rel.KINDS.values():
            w = weigh(r, 0.25, kept)
            torch.testing.assert_close(w.sum(0), torch.ones(3))
            assert bool((w[~kept] == 0).all())
    equal = rel.power_weights(r, 1.0, rel.top_heads(r, None))[:, 0]
    torch.testing.assert_close(equal, torch.full((3,), 1 / 3))


def test_top_heads():
    r = torch.tensor([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])
    assert rel.top_heads(r, 1).tolist() == [[False, True], [False, False], [True, False]]
    assert rel.top_heads(r, None).all()
    assert rel.top_heads(r, 7).all()


def test_group_trust_by_hand():
    a, b = [1.0, 0.0], [0.0, 1.0]
    X = torch.tensor([[a, a], [a, b], [b, a], [b, b]])  # head 0 tells groups, head 1 does not
    y, groups = torch.arange(4), torch.tensor([0, 0, 1, 1])
    by_group, by_other = rel.group_trust(X, y, groups).tolist()
    assert by_group == pytest.approx(np.exp(-3 * rel.GROUP_COST))  # d is cut at 3
    assert by_other == pytest.approx(np.exp(rel.GROUP_COST * 0.5 / np.sqrt(1 / 6)))
    alone = rel.group_trust(X, y, torch.arange(4))
    assert alone.tolist() == [1, 1]
    assert rel.group_trust(X[:1].expand(4, -1, -1), y, groups).tolist() == [1, 1]


def test_temperatures_with_doubt_are_those_of_softened_labels():
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(30) % 3
    scores = torch.nn.functional.one_hot(y, 3)[:, None] + torch.rand(30, 1, 3, generator=generator)
    softened = 0.01 / 3 + 0.99 * torch.nn.functional.one_hot(y, 3)
    tau = readout.temperatures(scores, y, doubt=30 * 0.01 / 0.99)

    def loss(tau):
        return -(softened * torch.log_softmax(scores[:, 0] / tau, -1)).sum(-1).mean()

    assert loss(tau) < min(loss(0.97 * tau), loss(1.03 * tau))
    assert tau > readout.temperatures(scores, y)
