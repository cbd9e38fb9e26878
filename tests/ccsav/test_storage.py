import dataclasses
import json
import os
import stat

import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import ccsav
from ccsav import storage

CLASSIFIERS = {
    "CCSAV": ccsav.CCSAVClassifier(),
    "CALM": ccsav.CCSAVClassifier.calm(alpha=np.inf),
    "ridge, few heads": ccsav.CCSAVClassifier(readout="ridge", top_k=2, penalty=np.float32(0.1)),
    "SAV": ccsav.SAVClassifier(3),
}
CLASSES = {
    "text": np.array(["ärger", "bee", "a long name"]),
    "objects": np.array(["one", "two", "three"], dtype=object),
    "integers": np.array([7, 300, -2]),
    "small integers": np.array([1, 2, 3], dtype=np.int8),
    "numbers": np.array([1.0, 2.0, 5.0]),
    "no, yes": np.array([False, True]),
}


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(24, 6, 5)).astype(np.float32)


def same(mine, other, X):
    """Check that two classifiers are equal in type, parameters, attributes and predictions."""
    assert type(mine) is type(other)
    assert mine.get_params() == other.get_params()
    assert vars(mine).keys() == vars(other).keys()
    for name, value in vars(mine).items():
        again = vars(other)[name]
        assert type(value) is type(again) or not name.endswith("_"), name
        if isinstance(value, np.ndarray):
            assert value.dtype == again.dtype, name
            np.testing.assert_array_equal(value, again)
        else:
            assert value == again, name
    for method in ("decision_function", "predict_proba", "predict"):
        a, b = getattr(mine, method)(X), getattr(other, method)(X)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("kind", CLASSES)
def test_a_loaded_classifier_is_equal(tmp_path, X, name, kind):
    y = np.resize(CLASSES[kind], len(X))
    clf = clone(CLASSIFIERS[name]).fit(X[:18], y[:18])
    file = storage.save_classifier(clf, tmp_path / "it.safetensors")
    again = storage.load_classifier(file)
    same(clf, again, X[18:])
    assert clone(again).get_params() == clf.get_params()
    about = storage.describe_classifier(file)
    assert about["classifier"] == type(clf).__name__
    assert about["classes"].tolist() == clf.classes_.tolist()


def test_one_clip_per_class_has_no_joint_vote(tmp_path, X):
    clf = ccsav.CCSAVClassifier().fit(X[:3], ["a", "b", "c"])
    assert not hasattr(clf, "joint_coef_")
    same(clf, storage.load_classifier(storage.save_classifier(clf, tmp_path / "it")), X)


@pytest.mark.parametrize("joint", [0, 1 / 3])
def test_a_pruned_classifier(tmp_path, X, joint):
    y = np.resize(["a", "b", "c"], len(X))
    small = ccsav.CCSAVClassifier(joint=joint).fit(X, y).prune(1)
    assert small.n_heads_in_ < X.shape[1]
    again = storage.load_classifier(storage.save_classifier(small, tmp_path / "small"))
    same(small, again, X[:, small.heads_])
    with pytest.raises(ValueError, match="extract the same heads"):
        again.predict(X)


def test_from_recordings_to_recordings(tmp_path, folder, qwen):
    """Only the file is kept, and only the heads of the pruned classifier are extracted again."""
    clips = ccsav.load_dataset(folder)
    acts = ccsav.extract(qwen, clips, "What is it?", progress=False)
    small = ccsav.CCSAVClassifier().fit(acts.X, acts.y).prune(1)
    predicted = small.predict(acts.X[:, small.heads_])
    file = tmp_path / "small.safetensors"
    ccsav.save_classifier(small, file, acts, question="What is it?")

    about = ccsav.describe_classifier(file)
    lalm = ccsav.load_lalm(about["model"], device="cpu", window=about["window_s"])
    assert lalm.fingerprint == about["fingerprint"]
    assert about["prompts"] == [lalm.prompt(about["notes"]["question"])]
    assert about["heads"].index.tolist() == small.heads_.tolist()
    question, heads = about["notes"]["question"], about["heads"]
    new = ccsav.extract(lalm, clips, question, heads=heads, progress=False)
    assert new.X.shape[1] == len(small.heads_) < acts.X.shape[1]
    assert new.heads[["module", "head"]].equals(
        acts.heads.iloc[small.heads_]
        .reset_index(drop=True)[["module", "head"]]
        .rename_axis("index")
    )
    names = about["labels"][ccsav.load_classifier(file).predict(new.X)]
    assert names.tolist() == acts.labels[predicted].tolist()
    assert about["labels"].tolist() == ["high", "low", "mid"]


def test_a_classifier_of_all_heads_keeps_them_all(tmp_path, folder, whisper):
    acts = ccsav.extract(whisper, ccsav.load_dataset(folder), progress=False)
    for clf in (ccsav.SAVClassifier(2), ccsav.CCSAVClassifier()):
        file = storage.save_classifier(clf.fit(acts.X, acts.y), tmp_path / "it", acts)
        assert storage.describe_classifier(file)["heads"].equals(acts.heads)


def test_activations_that_it_was_not_fitted_on_are_refused(tmp_path, folder, whisper):
    acts = ccsav.extract(whisper, ccsav.load_dataset(folder), progress=False)
    for clf in (ccsav.CCSAVClassifier(), ccsav.CCSAVClassifier(top_k=1), ccsav.SAVClassifier(2)):
        with pytest.raises(ValueError, match="with all their heads"):
            storage.save_classifier(clf.fit(acts.X[:, 1:], acts.y), tmp_path / "it", acts)
    clf = ccsav.CCSAVClassifier().fit(acts.X[:, :, 1:], acts.y)
    with pytest.raises(ValueError, match="with all their heads"):
        storage.save_classifier(clf, tmp_path / "it", acts)
    clf = ccsav.CCSAVClassifier().fit(acts.X, acts.y)
    fewer = dataclasses.replace(acts, heads=acts.heads[:2], X=acts.X[:, :2])
    with pytest.raises(ValueError, match="with all their heads"):
        storage.save_classifier(clf.prune(1), tmp_path / "it", fewer)
    with pytest.raises(ValueError, match="a class 2, but acts has 2 labels"):
        storage.save_classifier(
            clf, tmp_path / "it", dataclasses.replace(acts, labels=acts.labels[:2])
        )
    assert list(tmp_path.glob("it*")) == []


def test_notes(tmp_path, X):
    clf = ccsav.SAVClassifier(2).fit(X, np.arange(24) % 2)
    notes = {"file": "a", "clf": [1, 2], "score": np.float32(0.5), "by": {"name": None}, "ok": True}
    about = storage.describe_classifier(storage.save_classifier(clf, tmp_path / "it", **notes))
    assert about["notes"] == notes
    assert "heads" not in about
    with pytest.raises(ValueError, match="cannot be saved: notes and parameters"):
        storage.save_classifier(clf, tmp_path / "other", bad=X)
    assert not (tmp_path / "other").exists()


def test_describing_does_not_read_arrays(tmp_path, X, monkeypatch):
    file = storage.save_classifier(
        ccsav.CCSAVClassifier().fit(X, np.arange(24) % 3), tmp_path / "it", a=1
    )

    class Closed:
        def __init__(self, *args, **kwargs):
            self.file = safe_open(*args, **kwargs)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def metadata(self):
            return self.file.metadata()

    monkeypatch.setattr(storage, "safe_open", Closed)
    assert storage.describe_classifier(file)["notes"] == {"a": 1}
    with pytest.raises(AttributeError):  # reading arrays is noticed
        storage.load_classifier(file)


def test_what_is_written_is_whole_or_absent(tmp_path, X, monkeypatch):
    clf = ccsav.SAVClassifier(2).fit(X, np.arange(24) % 2)
    file = storage.save_classifier(clf, tmp_path / "it", a=1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~_umask()

    def fails(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        with pytest.raises(OSError, match="no space"):
            storage.save_classifier(clf, file, a=2)
    assert [f.name for f in tmp_path.iterdir()] == ["it"]
    assert storage.describe_classifier(file)["notes"] == {"a": 1}
    storage.save_classifier(clf, file, a=2)
    assert storage.describe_classifier(file)["notes"] == {"a": 2}


def _umask():
    now = os.umask(0)
    os.umask(now)
    return now


def test_other_files_are_refused(tmp_path, X):
    clf = ccsav.SAVClassifier(2).fit(X, np.arange(24) % 2)
    file = storage.save_classifier(clf, tmp_path / "it")
    whole = file.read_bytes()
    for read in (storage.load_classifier, storage.describe_classifier):
        for content in (b"", b"some text, which is longer than eight", whole[:-1], whole[:100]):
            file.write_bytes(content)
            with pytest.raises(ValueError, match="it: not a whole safetensors file"):
                read(file)
        for metadata in (None, {"format": "pt"}):
            safetensors.numpy.save_file({"x": X}, file, metadata)
            with pytest.raises(ValueError, match="not one that `save_classifier` wrote"):
                read(file)
        newer = {storage.KEY: "in another form", "format": str(storage.FORMAT + 1)}
        safetensors.numpy.save_file({"x": X}, file, newer)
        with pytest.raises(ValueError, match="written by a newer ccsav"):
            read(file)
        with pytest.raises(OSError, match="absent"):
            read(tmp_path / "absent")
    about = {"classifier": "Stranger", "parameters": {}, "classes": {"dtype": "<i8", "names": [0]}}
    about |= {"extraction": None, "notes": {}, "fitted": {}}
    metadata = {storage.KEY: json.dumps(about), "format": "1"}
    safetensors.numpy.save_file({"x": X}, file, metadata)
    with pytest.raises(ValueError, match="holds a Stranger, not CCSAVClassifier or SAV"):
        storage.load_classifier(file)


def test_files_of_the_first_format_are_read(tmp_path, X):
    clf = ccsav.SAVClassifier(2).fit(X, np.arange(24) % 2)
    file = storage.save_classifier(clf, tmp_path / "it")
    with safe_open(file, framework="numpy") as stored:
        text = stored.metadata()[storage.KEY]
        arrays = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
    safetensors.numpy.save_file(arrays, file, {storage.KEY: text, "format": "1"})
    same(clf, storage.load_classifier(file), X)


def test_other_classifiers_are_refused(tmp_path, X):
    y = np.arange(24) % 2
    with pytest.raises(NotFittedError):
        storage.save_classifier(ccsav.CCSAVClassifier(), tmp_path / "it")
    with pytest.raises(ValueError, match="clf is a Pipeline: only CCSAVClassifier, SAV"):
        storage.save_classifier(make_pipeline(ccsav.SAVClassifier()).fit(X, y), tmp_path / "it")
    odd = ccsav.SAVClassifier(2).fit(X, y)
    odd.classes_ = np.array([1, "a"], dtype=object)
    with pytest.raises(ValueError, match="use text or numbers"):
        storage.save_classifier(odd, tmp_path / "it")
    assert list(tmp_path.iterdir()) == []
