"""X, y and groups go by position: the index of a pandas series changes nothing."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ccsav
from ccsav.evaluation.comparison import fit_with_groups
from ccsav.evaluation.metrics import score
from ccsav_lab import several_labels, specialise
from ccsav_lab.baselines import FlatHeads, NearestPrototype, RandomHeads
from ccsav_lab.mixtures.draws import deal_pools
from ccsav_lab.multilabel_baselines import MultiLabelRidgeClassifier, MultiLabelSAVClassifier
from ccsav_lab.paper.few_shot import score_episodes
from ccsav_lab.paper.protocol import Episode
from ccsav_lab.shuffles import shuffled_labels
from ccsav_lab.simulated import as_activations, specialist_vectors
from ccsav_lab.transductive import TransductiveCCSAVClassifier

N_CLASSES, CLIPS = 3, 8
X, CODES = specialist_vectors(n_classes=N_CLASSES, n_clips=CLIPS, noise=0.8)
NAMES = np.array(["rain", "dog", "None"], dtype=object)[CODES]
GROUPS = np.arange(len(CODES)) // 2
Y = np.stack([CODES == 0, CODES == 1], axis=1).astype(int)
METHODS = {"CCSAV": ccsav.CCSAVClassifier(), "SAV": ccsav.SAVClassifier(n_heads=2)}
SUPPORT = np.arange(len(CODES)) % CLIPS < 4


def shuffled(values, name="label"):
    """The same values in the same order, as pandas holds them after `sample(frac=1)`."""
    index = np.random.default_rng(3).permutation(len(values))
    return pd.DataFrame(values, index=index) if values.ndim == 2 else pd.Series(values, index)


def acts(y=CODES, groups=GROUPS):
    return replace(as_activations(X, CODES), y=y, groups=groups)


def predictions(method, part=SUPPORT):
    def fitted(labels, groups):
        given = {"groups": groups[part]} if groups is not None else {}
        return method.fit(X[part], labels[part], **given).predict(X[~part]).tolist()

    return fitted


def tune(labels, groups):
    options = {"X_val": X[~SUPPORT], "y_val": labels[~SUPPORT]}
    return ccsav.CCSAVClassifier().fit(X[SUPPORT], labels[SUPPORT], **options).weights_.tolist()


def paper_scores(labels, groups):
    episode = Episode("all", np.flatnonzero(SUPPORT), np.flatnonzero(~SUPPORT))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scores.csv"
        return score_episodes(acts(groups=groups), labels, [episode], file, METHODS).to_csv()


OPTIONS = {"shots": 2, "n_episodes": 2, "seed": 1}
LABELLED = {
    "evaluate": lambda y, g: ccsav.evaluate(
        METHODS, X, y, g, **OPTIONS | {"shots": [2]}, progress=False
    ).to_csv(),
    "class_recalls": lambda y, g: ccsav.class_recalls(METHODS, X, y, g, **OPTIONS).to_csv(),
    "episodes": lambda y, g: [s.tolist() for e in ccsav.episodes(y, g, **OPTIONS) for s in e],
    "CCSAV": predictions(ccsav.CCSAVClassifier()),
    "CALM": predictions(ccsav.CCSAVClassifier.calm()),
    "Transductive": predictions(TransductiveCCSAVClassifier()),
    "validation": tune,
    "fit_with_groups": lambda y, g: fit_with_groups(METHODS["CCSAV"], X, y, g).weights_.tolist(),
    "score": lambda y, g: score(ccsav.CCSAVClassifier().fit(X, NAMES), X, y),
    "deal_pools": lambda y, g: deal_pools(y, g, 2).tolist(),
    "paper": paper_scores,
}
UNGROUPED = {
    "SAV": ccsav.SAVClassifier(n_heads=2),
    "HEC": ccsav.HECClassifier(),
    "FlatHeads": FlatHeads(NearestPrototype()),
    "RandomHeads": RandomHeads(n_heads=2),
}


@pytest.mark.parametrize("name", LABELLED)
def test_labels_and_groups(name):
    ask = LABELLED[name]
    assert ask(shuffled(NAMES), shuffled(GROUPS)) == ask(NAMES, GROUPS)


@pytest.mark.parametrize("name", UNGROUPED)
def test_baselines(name):
    ask = predictions(UNGROUPED[name])
    assert ask(shuffled(NAMES), None) == ask(NAMES, None)
    assert ask(shuffled(NAMES), None) != ask(shuffled(NAMES[::-1]), None)  # labels matter


def test_head_activations():
    given, expected = acts(shuffled(CODES), shuffled(GROUPS)), acts()
    assert given.y.tolist() == CODES.tolist()
    assert given.groups.tolist() == GROUPS.tolist()
    for ask in (specialise.probe, lambda a: specialise.probe(expected, a.y, a.groups)):
        pd.testing.assert_frame_equal(ask(given), ask(expected))
    codes, groups = shuffled(CODES), shuffled(GROUPS)
    pd.testing.assert_frame_equal(
        specialise.probe(expected, codes, groups), specialise.probe(expected)
    )
    np.testing.assert_array_equal(
        shuffled_labels(codes, groups, 2, 0), shuffled_labels(CODES, GROUPS, 2, 0)
    )


@pytest.mark.parametrize(
    "method",
    [
        ccsav.MultiLabelCCSAVClassifier(),
        MultiLabelSAVClassifier(n_heads=2),
        MultiLabelRidgeClassifier(),
    ],
    ids=lambda method: type(method).__name__,
)
def test_several_labels(method):
    def ask(Y, groups):
        options = {"clips": 8, "n_episodes": 2}
        found = several_labels.evaluate_detectors({"m": method}, X, Y, groups, **options)
        return found.to_csv(), method.fit(X, Y).predict(X).tolist()

    assert ask(shuffled(Y), shuffled(GROUPS)) == ask(Y, GROUPS)
