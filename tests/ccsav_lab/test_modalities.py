import numpy as np
import pandas as pd
import pytest

from ccsav.extraction.activations import HeadActivations
from ccsav_lab import modalities

SOUND, SIGHT = np.repeat([0, 0, 1, 1], 20), np.repeat([0, 1, 0, 1], 20)  # four classes, 2 × 2


def vectors(given, noise=0.1, seed=0):
    """Three heads: one hears, one sees, one hands over whatever is given; (80, 3, 4)."""
    rng = np.random.default_rng(seed)
    X = noise * rng.standard_normal((80, 3, 4))
    if "audio" in given:
        X[:, 0, :2] += np.eye(2)[SOUND]
        X[:, 2, :2] += np.eye(2)[SOUND]
    if "video" in given:
        X[:, 1, 2:] += np.eye(2)[SIGHT]
        X[:, 2, 2:] += np.eye(2)[SIGHT]
    return X.astype(np.float32)


@pytest.fixture(scope="module")
def acts():
    labels = np.array(["a", "b", "c", "d"])
    heads = pd.DataFrame({"layer": [0, 0, 1], "head": [0, 1, 0], "kind": "decoder"})
    table = pd.DataFrame({"path": [f"clip {i}" for i in range(80)]})
    y = np.repeat(np.arange(4), 20)
    return {
        given: HeadActivations(
            vectors(given, seed=i), y, labels, None, heads, table, table[:0], {"modality": given}
        )
        for i, given in enumerate(("audio", "video", "audio+video"))
    }


def test_recalls_by_kind(acts):
    results = modalities.recalls_by_kind(acts, ["x", "x", "y", "y"], shots=5, n_episodes=3, seed=1)
    assert results["method"].tolist() == np.repeat(list(acts), 3).tolist()
    mean = results.groupby("method")[["x", "y", "all"]].mean()
    assert (mean.loc["audio+video"] > 0.95).all()
    assert mean.loc["audio", "all"] == pytest.approx(0.5, abs=0.12)
    np.testing.assert_allclose(results["all"], (results["x"] + results["y"]) / 2)


def test_gains_of_heads(acts):
    gains = modalities.gains_of_heads(acts, "audio+video", ["a", "b", "c", "d"], seed=2)
    assert gains.index.equals(acts["audio"].heads.index)
    hears, sees, both = gains["gain"]
    assert abs(hears) < gains["interval_of_all"][0]
    assert abs(sees) < gains["interval_of_all"][1]
    assert both > 0.3
    assert both - gains["interval_of_all"][2] > 0.2
    assert (gains["interval"] < gains["interval_of_all"]).all()


def test_gains_of_heads_are_not_luck():
    """Heads that know nothing gain nothing on average, although the better sense is chosen."""
    rng, labels = np.random.default_rng(0), np.array(["a", "b"])
    heads = pd.DataFrame({"layer": 0, "head": range(60), "kind": "decoder"})
    y, table = np.repeat([0, 1], 30), pd.DataFrame({"path": [str(i) for i in range(60)]})
    acts = {
        name: HeadActivations(
            rng.standard_normal((60, 60, 4)), y, labels, None, heads, table, table[:0], {}
        )
        for name in ("audio", "video", "audio+video")
    }
    gains = modalities.gains_of_heads(acts, "audio+video", labels)
    assert abs(gains["gain"].mean()) < 0.04
    assert (gains["gain"].abs() > gains["interval_of_all"]).sum() <= 1
    half = modalities.gains_of_heads(acts, "audio+video", ["a"])
    assert (half["interval"] > gains["interval"]).mean() > 0.9
