"""Every function that takes heads takes them in the same forms, and refuses the same."""

import importlib
import pkgutil

import numpy as np
import pandas as pd
import pytest
import torch

import ccsav
import ccsav_lab
from ccsav.weights.base import HeadClassifier
from ccsav_lab import attention, explore, patching
from ccsav_lab.ablate import SomeHeads
from tests.ccsav.extraction.helpers import run

CHOSEN = [5, 1]  # heads of the decoder


@pytest.fixture(scope="module")
def given(qwen, tmp_path_factory):
    """What the functions need: a model, clips, head vectors, and a cache of them."""
    rng = np.random.default_rng(0)
    t = np.arange(4_800)
    tones = [np.sin(t / (3 + i % 3)) / 2 + rng.normal(0, 0.05, len(t)) for i in range(6)]
    dataset = ccsav.Dataset.from_arrays(tones, 16_000, ["a", "b", "c"] * 2)
    cache = tmp_path_factory.mktemp("heads")
    return qwen, dataset, run(qwen, dataset, cache=cache), cache, tones[:1]


def _responses(lalm, dataset, acts, cache, waves, heads):
    clf = ccsav.CCSAVClassifier().fit(acts.X, acts.y)
    swept = acts[:3]
    swept.table[["value", "clip"]] = 0
    return explore.responses(clf, swept, 0, heads)["head"].unique().tolist()


def _silenced(lalm, dataset, acts, cache, waves, heads):
    with lalm.silenced(heads):
        return lalm.silences[-1].heads.index.tolist()


TAKERS = {  # name → (lalm, dataset, acts, cache, waves, heads) → the heads that it took
    "select": lambda m, d, a, c, w, heads: m.select(heads).index.tolist(),
    "with_heads": lambda m, d, a, c, w, heads: _places(a.with_heads(heads), m),
    "extract": lambda m, d, a, c, w, heads: _places(run(m, d.subset([0]), heads=heads), m),
    "open": lambda m, d, a, c, w, heads: _places(ccsav.open(c, d, heads=heads), m),
    "head_vectors": lambda m, d, a, c, w, heads: _known(m, w, m.head_vectors(w, heads=heads)),
    "silenced": _silenced,
    "responses": _responses,
    "sweep": lambda m, d, a, c, w, heads: _places(
        explore.sweep(m, "kettle", "snr_db", [9], clips=2, heads=heads, progress=False), m
    ),
    "last_token_attention": lambda m, d, a, c, w, heads: attention.last_token_attention(
        m, w, heads=heads
    )[0].heads.index.tolist(),
    "masses_by_part": lambda m, d, a, c, w, heads: (
        attention.masses_by_part(m, w, heads=heads).index.unique("head").tolist()
    ),
    "patch_pairs": lambda m, d, a, c, w, heads: (
        patching.patch_pairs(m, w, w, ("a", "b"), heads=heads).columns[2:].tolist()
    ),
}
FORMS = {
    "list": CHOSEN,
    "array": np.array(CHOSEN, np.int8),
    "tensor": torch.tensor(CHOSEN),
    "series": pd.Series(CHOSEN, index=[9, 7]),
    "index": pd.Index(CHOSEN),
    "rows": lambda table: table.loc[CHOSEN].reset_index(drop=True),
    "mask": lambda table: table.index.isin(CHOSEN),
    "list of bools": lambda table: table.index.isin(CHOSEN).tolist(),
    "mask with an index": lambda table: pd.Series(table.index.isin(CHOSEN), table.index[::-1]),
    "one": 5,
    "range": range(1, 3),
    "kind": "decoder",
    "kinds": ["decoder"],
    "default": None,
}
WRONG = {
    "beyond": [999],
    "negative": [-1],
    "none": [],
    "halves": [0.5],
    "nested": [[1, 2]],
    "another kind": "nose",
    "kinds and numbers": ["decoder", 3],
    "a short mask": [True, False],
    "rows of another table": pd.DataFrame({"layer": [0], "head": [0]}),
    "rows of another model": pd.DataFrame({"module": ["x"], "head": [0]}),
    "a set": {1, 2},
}


def _places(acts, lalm):
    return [lalm.select(acts.heads.iloc[[k]]).index[0] for k in range(acts.X.shape[1])]


def _known(lalm, waves, vectors):
    everything = lalm.head_vectors(waves)[0]
    return [int((everything == row).all(1).nonzero()[0, 0]) for row in vectors[0]]


def expected(form, heads, table):
    if form in ("kind", "kinds", "default"):
        return table.index[table["kind"] == "decoder"].tolist()
    if "mask" in form or form == "list of bools":
        return sorted(CHOSEN)
    return {"one": [5], "range": [1, 2]}.get(form, CHOSEN)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("taker", TAKERS)
def test_forms(given, taker, form):
    table = given[2].heads if taker in ("with_heads", "open", "responses") else given[0].heads
    heads = FORMS[form](table) if callable(FORMS[form]) else FORMS[form]
    found = TAKERS[taker](*given, heads)
    assert found == expected(form, heads, table)


@pytest.mark.parametrize("form", WRONG)
@pytest.mark.parametrize("taker", TAKERS)
def test_forms_that_are_refused(given, taker, form):
    with pytest.raises(ValueError, match="heads") as error:
        TAKERS[taker](*given, WRONG[form])
    assert "\n" not in str(error.value)


def test_removing_heads_takes_places_and_masks(given):
    acts = given[2]
    clf = ccsav.CCSAVClassifier().fit(acts.X, acts.y)
    votes = clf.without(CHOSEN).votes_
    for heads in (np.array(CHOSEN), torch.tensor(CHOSEN), pd.Index(CHOSEN)):
        np.testing.assert_array_equal(clf.without(heads).votes_, votes)
    np.testing.assert_array_equal(clf.without(acts.heads.index.isin(CHOSEN)).votes_, votes)
    for wrong in ([999], [-1], [0.5], [True, False], "decoder", acts.heads.loc[CHOSEN]):
        with pytest.raises(ValueError, match=r"^heads must be whole numbers from 0 to 11, or a"):
            clf.without(wrong)


def test_every_classifier_of_heads_has_votes(given):
    for package in (ccsav, ccsav_lab):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    kinds, found = [HeadClassifier], set()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        found |= {kind} if kind.__module__.startswith("ccsav") else set()
    assert {kind.__name__ for kind in found} > {"SAVClassifier", "SomeHeads"}
    own = {"predict", "decision_function", "predict_proba"}  # what the votes are for
    for kind in found - {HeadClassifier}:
        assert hasattr(kind, "class_votes") or own <= vars(kind).keys(), kind
    acts = given[2]
    some = SomeHeads(k=3).fit(acts.X, acts.y)
    predicted = some.classes_[some.class_votes(acts.X).argmax(axis=1)]
    np.testing.assert_array_equal(some.predict(acts.X), predicted)
