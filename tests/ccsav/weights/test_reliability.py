import numpy as np
import pytest
import torch

from ccsav.weights import reliability


def test_margins_by_hand():
    p = torch.tensor([[[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]])  # one clip, two heads
    y = torch.tensor([0])
    torch.testing.assert_close(reliability.margins(p, y), torch.tensor([[0.5, -0.5]]))
    torch.testing.assert_close(reliability.clamped_margins(p, y), torch.tensor([[0.5, 0.0]]))
    torch.testing.assert_close(reliability.true_posteriors(p, y), torch.tensor([[0.7, 0.1]]))
    briers = [[1.4 - 0.54, 0.2 - 0.46]]
    torch.testing.assert_close(reliability.briers(p, y), torch.tensor(briers))


def test_margins_with_two_classes():
    p = torch.tensor([[[0.8, 0.2]]])
    torch.testing.assert_close(reliability.margins(p, torch.tensor([1])), torch.tensor([[-0.6]]))


def test_class_means_and_a_class_without_clips():
    scores = torch.tensor([[0.2, 0.0], [0.4, 1.0], [0.9, 0.5]])  # 3 clips, 2 heads
    r, counts = reliability.class_means(scores, torch.tensor([0, 0, 2]), 3)
    torch.testing.assert_close(r, torch.tensor([[0.3, 0.6, 0.9], [0.5, 0.5, 0.5]]))
    assert counts.tolist() == [2, 0, 1]


def test_shrinkage_by_hand():
    r, counts = torch.tensor([[0.2, 0.6], [0.0, 1.0]]), torch.tensor([1, 3])
    by_head = reliability.shrink(r, counts, alpha=1, toward="head")
    torch.testing.assert_close(by_head, torch.tensor([[0.3, 0.55], [0.25, 0.875]]))
    to_all = reliability.shrink(r, counts, alpha=1, toward="all")
    torch.testing.assert_close(to_all, torch.tensor([[0.325, 0.5625], [0.225, 0.8625]]))
    torch.testing.assert_close(reliability.shrink(r, torch.tensor([0, 3]), alpha=0), r)


def test_weights_sum_to_one_whatever_the_reliabilities():
    r = torch.tensor([[0.0, 1e-30, 0.5], [0.0, 2e-30, 0.1], [0.0, 0.0, 0.4]])
    for _, weigh in reliability.KINDS.values():
        torch.testing.assert_close(weigh(r, 0.25).sum(0), torch.ones(3))
    equal = reliability.power_weights(r, 1.0)[:, 0]
    torch.testing.assert_close(equal, torch.full((3,), 1 / 3))


def test_top_heads():
    r = torch.tensor([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])
    assert reliability.top_heads(r, 1).tolist() == [[False, True], [False, False], [True, False]]
    assert reliability.top_heads(r, 3).all()
    assert reliability.top_heads(r, 7).all()


def test_group_trust_by_hand():
    a, b = [1.0, 0.0], [0.0, 1.0]
    X = torch.tensor([[a, a], [a, b], [b, a], [b, b]])  # head 0 tells groups, head 1 does not
    y, groups = torch.arange(4), torch.tensor([0, 0, 1, 1])
    by_group, by_other = reliability.group_trust(X, y, groups).tolist()
    assert by_group == pytest.approx(np.exp(-3 * reliability.GROUP_COST))  # d is cut at 3
    assert by_other == pytest.approx(np.exp(reliability.GROUP_COST * 0.5 / np.sqrt(1 / 6)))
    alone = reliability.group_trust(X, y, torch.arange(4))
    assert alone.tolist() == [1, 1]
    assert reliability.group_trust(X[:1].expand(4, -1, -1), y, groups).tolist() == [1, 1]
