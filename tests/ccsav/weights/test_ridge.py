"""The closed forms against fitting again without the clip or its group."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from ccsav.weights import arrays, readout
from ccsav.weights.ridge import joint_ridge, joint_scores, ridge_readout

ALL = torch.arange(5)  # heads
PENALTY = 0.1
GROUPS = torch.tensor([0, 1, 1, 0, 2, 2, 1, 0, 3])


@pytest.fixture(params=[6, 20], ids=["more clips than numbers", "more numbers than clips"])
def support(request):
    rng = np.random.default_rng(0)
    y = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2])
    X = torch.as_tensor(rng.normal(size=(len(y), 5, request.param))) + 0.3 * y[:, None, None]
    return X.double(), y


def by_scikit_learn(Z, y, weight, rows, queries):
    """Scores of the clips `queries` by a weighted ridge regression on the clips `rows`, (n, C)."""
    Y = np.eye(3)[y]
    fitted = Ridge(alpha=PENALTY).fit(Z[rows], Y[rows], sample_weight=weight[rows])
    return fitted.predict(Z[queries])


def weights(y):
    weight = 1 / np.bincount(y)[y]
    return weight * len(y) / weight.sum()


def test_ridge_is_that_of_scikit_learn(support):
    X, y = support
    coef, intercept, inside = ridge_readout(X, y, 3, PENALTY, None)
    everyone = np.arange(len(y))
    for k in range(5):
        Z = readout.unit(X)[:, k].numpy()
        expected = by_scikit_learn(Z, y.numpy(), weights(y.numpy()), everyone, everyone)
        np.testing.assert_allclose(inside[:, k], expected, atol=1e-8)
    torch.testing.assert_close(readout.class_scores(readout.unit(X), coef, intercept), inside)


@pytest.mark.parametrize("groups", [torch.arange(9), GROUPS], ids=["clips", "groups"])
def test_what_is_left_out_is_fitting_again_without_it(support, groups):
    X, y = support
    _, _, outside = ridge_readout(X, y, 3, PENALTY, groups)
    share = torch.tensor([0.1, 0.2, 0.3, 0.15, 0.25])
    _, _, jointly = joint_ridge(X.float(), y, 3, ALL, share, PENALTY, groups)
    together = (readout.unit(X) * share.sqrt()[:, None]).flatten(1).numpy()
    for group in groups.unique():
        queries, rows = (np.flatnonzero(m) for m in (groups == group, groups != group))
        weight = weights(y.numpy())
        for k in range(5):
            Z = readout.unit(X)[:, k].numpy()
            expected = by_scikit_learn(Z, y.numpy(), weight, rows, queries)
            np.testing.assert_allclose(outside[queries, k], expected, atol=1e-4)
        expected = by_scikit_learn(together, y.numpy(), weight, rows, queries)
        apart = jointly[queries].numpy() - expected
        np.testing.assert_allclose(apart, apart[:1] * np.ones_like(apart), atol=1e-4)


def test_joint_ridge_adds_up_over_heads_and_chunks(support, monkeypatch):
    X, y = support
    share = torch.tensor([0.1, 0.2, 0.3, 0.15, 0.25])
    coef, intercept, inside = joint_ridge(
        X.float(), y, 3, torch.arange(X.shape[1]), share, PENALTY, None
    )
    added = readout.class_scores(readout.unit(X.float()), coef, intercept).sum(1)
    torch.testing.assert_close(added, inside, atol=1e-5, rtol=1e-4)
    at_once = joint_scores(readout.unit(X.float()), coef, intercept)
    torch.testing.assert_close(at_once, inside, atol=1e-5, rtol=1e-4)
    monkeypatch.setattr(arrays, "CHUNK", 1)
    again, _, _ = joint_ridge(X.float(), y, 3, ALL, share, PENALTY, None)
    torch.testing.assert_close(again, coef, atol=1e-5, rtol=1e-4)
