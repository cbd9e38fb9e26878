"""A fitted classifier in one safetensors file, with what is needed to use it again."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors.numpy
from safetensors import SafetensorError, safe_open
from sklearn.utils.validation import check_is_fitted

from ccsav.extraction.activations import HeadActivations
from ccsav.weights.base import HeadClassifier
from ccsav.weights.ccsav import CCSAVClassifier
from ccsav.weights.sav import SAVClassifier

FORMAT = 1  # raised when older versions of this module could not read what this one writes
KEY = "ccsav classifier"  # of the file's metadata, whose values are text
ESTIMATORS = {estimator.__name__: estimator for estimator in (CCSAVClassifier, SAVClassifier)}
TOLD = ("model", "fingerprint", "prompts", "modality", "max_pixels", "window_s")
TOLD += ("compute_dtype", "storage_dtype", "versions")


def save_classifier(
    clf: HeadClassifier, file: str | Path, /, acts: HeadActivations | None = None, **notes
) -> Path:
    """Write a fitted classifier to one safetensors file, whole or not at all.

    clf: a fitted CCSAVClassifier (pruned or not) or SAVClassifier. file: where to; a file that is
        there is replaced.
    acts: the head activations whose X, with all its heads, `clf` was fitted on. Model, prompts,
        window, labels and the heads that the classifier needs are then kept as well.
    notes: whatever else is worth knowing (question=…, author=…), as plain numbers, text, lists.

    Returns the file. Raises `ValueError` on another kind of classifier, on classes that are
    neither text nor numbers, on `acts` with which the classifier was not fitted, and on notes that
    are not plain; `NotFittedError` before `fit`.
    """
    name = type(clf).__name__
    if ESTIMATORS.get(name) is not type(clf):
        raise ValueError(f"clf is a {name}: only {' and '.join(ESTIMATORS)} can be saved.")
    check_is_fitted(clf)
    fitted = {key: value for key, value in vars(clf).items() if key.endswith("_")}
    classes = fitted.pop("classes_")
    arrays = {key: np.ascontiguousarray(x) for key, x in fitted.items() if _is_array(x)}
    about = {
        "classifier": name,
        "parameters": clf.get_params(),
        "fitted": {key: x for key, x in fitted.items() if not _is_array(x)},
        "classes": {"dtype": _class_type(classes), "names": classes.tolist()},
        "extraction": None if acts is None else _extraction(clf, acts),
        "notes": notes,
    }
    metadata = {KEY: _json(about), "format": str(FORMAT)}
    file = Path(file)
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(safetensors.numpy.save(arrays, metadata))
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
    return file


def load_classifier(file: str | Path) -> HeadClassifier:
    """Read a classifier that `save` wrote: it answers to the bit as the one that was saved.

    Raises `ValueError` if the file is not one, or was written by a newer version; `OSError` if it
    cannot be opened.
    """
    about = _read(file)
    estimator = ESTIMATORS.get(about["classifier"])
    if estimator is None:
        raise ValueError(f"{file}: holds a {about['classifier']}, which is not known here.")
    clf = estimator(**about["parameters"])
    clf.classes_ = _classes(about)
    fitted = {key: tuple(x) if isinstance(x, list) else x for key, x in about["fitted"].items()}
    with safe_open(file, framework="numpy") as arrays:
        fitted |= {key: arrays.get_tensor(key) for key in arrays.keys()}  # noqa: SIM118
    vars(clf).update(fitted)
    return clf


def describe_classifier(file: str | Path) -> dict:
    """What a saved classifier is, without loading its arrays.

    Always: `classifier` (name of its class), `parameters`, `classes` (C,), `notes`. If it was
    saved with `acts`: `model` and `window_s`, for `load_lalm`; `heads`, the table of those it
    needs, in order, for `extract`; `labels`, which integer classes count in; `prompts`, the whole
    text that the model was given; `modality` and `max_pixels`; the
    model's `fingerprint`; formats and versions.

    Raises as `load` does.
    """
    about = _read(file)
    known = about["extraction"] or {}
    if known:
        known["heads"] = pd.DataFrame(known["heads"]).set_index("index")
        known["labels"] = np.array(known["labels"], dtype=str)
    return {
        "classifier": about["classifier"],
        "parameters": about["parameters"],
        "classes": _classes(about),
        "notes": about["notes"],
    } | known


def _is_array(x):
    """Whether this is an array, which goes into the file as one, and not plain data."""
    return isinstance(x, np.ndarray)


def _class_type(classes):
    """Name of the type of the classes (C,), by which they are made again."""
    if classes.dtype.kind in "iufbU":
        return classes.dtype.str
    if all(isinstance(name, str) for name in classes):
        return "object"
    raise ValueError(f"classes of type {classes.dtype} cannot be saved: use text or numbers.")


def _classes(about):
    """The classes as `fit` made them, (C,)."""
    return np.array(about["classes"]["names"], dtype=about["classes"]["dtype"])


def _extraction(clf, acts):
    """What is needed to take the same head vectors out of another clip, as plain data."""
    K, D = acts.X.shape[1:]
    places = clf.heads_ if _pruned(clf) else np.arange(clf.n_heads_in_)
    if clf.head_dim_ != D or places.max() >= K or not (_pruned(clf) or len(places) == K):
        raise ValueError(
            f"acts has (heads, numbers) = {(K, D)}, but the classifier was fitted on others: give "
            "the activations whose X went into `fit`, with all their heads."
        )
    if clf.classes_.dtype.kind in "iu" and clf.classes_.max() >= len(acts.labels):
        raise ValueError(
            f"the classifier has a class {clf.classes_.max()}, but acts has {len(acts.labels)} "
            "labels: give the activations whose y went into `fit`."
        )
    known = {key: acts.provenance[key] for key in TOLD}
    heads = acts.heads.iloc[places].rename_axis("index").reset_index()
    return known | {"heads": heads.to_dict(orient="list"), "labels": acts.labels.tolist()}


def _pruned(clf):
    """Whether `prune` left it with some of the heads that it was fitted on: all of these vote."""
    some = isinstance(clf, CCSAVClassifier) and clf.top_k is not None
    return some and bool(clf.votes_.any(axis=(0, 2)).all())


def _json(about):
    """Plain data as text; NumPy's numbers become Python's."""

    def plain(x):
        if isinstance(x, np.generic):
            return x.item()
        raise ValueError(
            f"{x!r} cannot be saved: notes and parameters are numbers, text, or lists of such."
        )

    return json.dumps(about, default=plain, ensure_ascii=False)


def _read(file):
    """The plain data in a file's metadata; a `ValueError` of one sentence if there is none."""
    try:
        with safe_open(file, framework="numpy") as arrays:
            metadata = arrays.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{file}: not a whole safetensors file: {error}.") from error
    if not {KEY, "format"} <= metadata.keys():
        raise ValueError(f"{file}: a safetensors file, but not one that ccsav saved.")
    if int(metadata["format"]) > FORMAT:
        raise ValueError(
            f"{file}: written by a newer ccsav, in format {metadata['format']}; this one reads "
            f"up to {FORMAT}: update it."
        )
    return json.loads(metadata[KEY])
