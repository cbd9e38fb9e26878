"""A fitted classifier in one safetensors file, with what is needed to use it again."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors.numpy
from safetensors import SafetensorError, safe_open
from sklearn.utils.validation import check_is_fitted

from ccsav.disk.writing import write_whole
from ccsav.extraction.activations import HeadActivations
from ccsav.weights.base import HeadClassifier
from ccsav.weights.ccsav import CCSAVClassifier
from ccsav.weights.hec import HECClassifier
from ccsav.weights.multilabel import MultiLabelCCSAVClassifier
from ccsav.weights.sav import SAVClassifier

FORMAT = 2  # raised when older versions of this module cannot read what this one writes
KEY = "ccsav classifier"  # of the file's metadata, whose values are text
TEXT_SUM, ARRAYS_SUM = "sha256 of the text", "sha256 of the arrays"  # not in files of format 1
KINDS = (CCSAVClassifier, SAVClassifier, HECClassifier, MultiLabelCCSAVClassifier)
ESTIMATORS = {estimator.__name__: estimator for estimator in KINDS}
DAMAGED = "{}: damaged since it was saved, its checksum does not fit: save the classifier again."
PROVENANCE = ("model", "fingerprint", "prompts", "modality", "max_pixels", "window_s")
PROVENANCE += ("compute_dtype", "storage_dtype", "versions")


def save_classifier(
    clf: HeadClassifier, file: str | Path, /, acts: HeadActivations | None = None, **notes
) -> Path:
    """Write a fitted classifier to one safetensors file, whole or not at all; returns its path.

    Parameters
    ----------
    clf : a fitted classifier of this library, pruned or not.
    file : path to write; an existing file is replaced.
    acts : head activations whose X, with all its heads, `clf` was fitted on; adds the model,
        prompts, window, labels and the heads that the classifier needs to the file.
    notes : further information (question=…, author=…), as plain numbers, text, lists.

    Raises
    ------
    ValueError : for another kind of classifier, classes that are neither text nor numbers, `acts`
        that do not fit to the classifier, notes that are not plain.

    Examples
    --------
    >>> import tempfile
    >>> clf = SAVClassifier().fit([[[1, 0]], [[0, 1]]], ["cat", "dog"])
    >>> save_classifier(clf, Path(tempfile.mkdtemp()) / "clf.safetensors", author="me").name
    'clf.safetensors'
    """
    if ESTIMATORS.get(name := type(clf).__name__) is not type(clf):
        raise ValueError(f"clf is a {name}: only {', '.join(ESTIMATORS)} can be saved.")
    check_is_fitted(clf)
    fitted = {key: value for key, value in vars(clf).items() if key.endswith("_")}
    classes = fitted.pop("classes_")
    dtype = classes.dtype.str if classes.dtype.kind in "iufbU" else "object"
    if dtype == "object" and not all(isinstance(label, str) for label in classes):
        raise ValueError(f"classes of type {classes.dtype} cannot be saved: use text or numbers.")
    arrays = {k: np.ascontiguousarray(x) for k, x in fitted.items() if isinstance(x, np.ndarray)}
    content = {
        "classifier": name,
        "parameters": clf.get_params(),
        "fitted": {key: x for key, x in fitted.items() if key not in arrays},
        "classes": {"dtype": dtype, "names": classes.tolist()},
        "extraction": None if acts is None else _extraction(clf, acts),
        "notes": notes,
    }
    file = Path(file)
    text = json.dumps(content, default=_plain, ensure_ascii=False)
    sums = {TEXT_SUM: _text_sum(str(FORMAT), text), ARRAYS_SUM: _arrays_sum(arrays)}
    data = safetensors.numpy.save(arrays, {KEY: text, "format": str(FORMAT)} | sums)
    write_whole(file, lambda partial: partial.write_bytes(data))
    return file


def load_classifier(file: str | Path, acts: HeadActivations | None = None) -> HeadClassifier:
    """Read a classifier that `save_classifier` wrote; it predicts the same to the bit.

    Parameters
    ----------
    acts : what it will predict, to check that it was fitted on the same modality, or on several
        of which this is one, see `HeadActivations.joined`; default: no check.

    Raises
    ------
    ValueError, OSError : if the file is not one, damaged, of a newer version, or fitted on another
        modality; if it cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> clf = SAVClassifier().fit([[[1, 0]], [[0, 1]]], ["cat", "dog"])
    >>> file = save_classifier(clf, Path(tempfile.mkdtemp()) / "clf.safetensors")
    >>> load_classifier(file).predict([[[2, 1]]]).item()
    'cat'
    """
    content, arrays_sum = _read(file)
    estimator = ESTIMATORS.get(content["classifier"])
    if estimator is None:
        raise ValueError(f"{file}: holds a {content['classifier']}, not {' or '.join(ESTIMATORS)}.")
    known = (content["extraction"] or {}).get("modality", "")
    asked = known if acts is None else acts.provenance["modality"]
    if known and not set(asked.split(", ")) <= set(known.split(", ")):
        raise ValueError(
            f"{file}: fitted on {known}, but asked with {asked}, whose head vectors are others: "
            "extract alike, or fit on all modalities, put together by HeadActivations.joined."
        )
    clf = estimator(**content["parameters"])
    clf.classes_ = content["classes"]
    fitted = {key: tuple(x) if isinstance(x, list) else x for key, x in content["fitted"].items()}
    with safe_open(file, framework="numpy") as stored:
        arrays = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
    if arrays_sum not in (None, _arrays_sum(arrays)):
        raise ValueError(DAMAGED.format(file))
    vars(clf).update(fitted | arrays)
    return clf


def describe_classifier(file: str | Path) -> dict:
    """What a saved classifier is, without loading its arrays; raises as `load_classifier` does.

    Returns
    -------
    dict : `classifier` (name of its class), `parameters`, `classes` (C,), `notes`. If saved with
        `acts`, also `model` and `window_s`, for `load_lalm`; `heads`, the table of those it needs,
        in order, for `extract`; `labels`, whose indices integer classes are; `prompts`, the whole
        text given to the model; `modality`, `max_pixels`, `fingerprint`, dtypes and versions.

    Examples
    --------
    >>> import tempfile
    >>> clf = SAVClassifier().fit([[[1, 0]], [[0, 1]]], ["cat", "dog"])
    >>> file = save_classifier(clf, Path(tempfile.mkdtemp()) / "clf.safetensors", author="me")
    >>> describe_classifier(file)["notes"]
    {'author': 'me'}
    """
    content, _ = _read(file)
    extraction = content["extraction"] or {}
    if extraction:
        extraction["heads"] = pd.DataFrame(extraction["heads"]).set_index("index")
        extraction["labels"] = np.array(extraction["labels"], dtype=str)
    plain = {key: content[key] for key in ("classifier", "parameters", "notes", "classes")}
    return plain | extraction


def _extraction(clf, acts):
    """What is needed to extract the same head vectors from another clip, as plain data."""
    K, D = acts.X.shape[1:]
    top_k = getattr(clf, "top_k", None)
    votes = getattr(clf, "votes_", None)
    pruned = votes is not None and top_k is not None and votes.any(axis=(0, 2)).all()  # voters only
    heads = clf.heads_ if pruned else np.arange(clf.n_heads_in_)
    if clf.head_dim_ != D or heads.max() >= K or not (pruned or len(heads) == K):
        raise ValueError(
            f"acts has (heads, numbers) = {(K, D)}, but the classifier was fitted on others: give "
            "the activations whose X went into `fit`, with all their heads."
        )
    if clf.classes_.dtype.kind in "iu" and clf.classes_.max() >= len(acts.labels):
        raise ValueError(
            f"the classifier has a class {clf.classes_.max()}, but acts has {len(acts.labels)} "
            "labels: give the activations whose y went into `fit`."
        )
    table = acts.heads.iloc[heads].rename_axis("index").reset_index()
    provenance = {key: acts.provenance[key] for key in PROVENANCE}
    return provenance | {"heads": table.to_dict(orient="list"), "labels": acts.labels.tolist()}


def _plain(x):
    """A NumPy number as a Python number, for JSON."""
    if isinstance(x, np.generic):
        return x.item()
    raise ValueError(f"{x!r} cannot be saved: notes and parameters are numbers, text, or lists.")


def _text_sum(form, text) -> str:
    """Checksum of the plain data and of the format that it is in."""
    return hashlib.sha256(f"{form} {text}".encode()).hexdigest()


def _arrays_sum(arrays) -> str:
    """Checksum of named arrays: names, types, shapes and bytes."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        total.update(array.data)
    return total.hexdigest()


def _read(file):
    """The plain data in the metadata of a file, with its classes as an array, and the checksum of
    its arrays (None in format 1); or a `ValueError`.
    """
    try:
        with safe_open(file, framework="numpy") as arrays:
            metadata = arrays.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{file}: not a whole safetensors file: {error}.") from error
    if not {KEY, "format"} <= metadata.keys():
        raise ValueError(f"{file}: a safetensors file, but not one that `save_classifier` wrote.")
    form, text = metadata["format"], metadata[KEY]
    if form.isdecimal() and int(form) > FORMAT:
        found = f"in format {form}, and this one reads up to {FORMAT}"
        raise ValueError(f"{file}: written by a newer ccsav, {found}: update ccsav.")
    if form != "1" and metadata.get(TEXT_SUM) != _text_sum(form, text):
        raise ValueError(DAMAGED.format(file))
    content = json.loads(text)
    classes = content["classes"]
    content["classes"] = np.array(classes["names"], dtype=classes["dtype"])
    return content, None if form == "1" else metadata.get(ARRAYS_SUM, "none")
