"""How good answers are: accuracy, macro-F1, equal error rate, calibration error."""

import numpy as np
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_curve

BINS = 15  # of the calibration error


def score(classifier, X, y) -> dict[str, float]:
    """What a fitted classifier makes of clips X (N, K, D) with the classes y (N,).

    Returns accuracy, macro_f1 (unweighted mean over classes), calibration_error (NaN for
    classifiers without probabilities) and, for two classes, equal_error_rate (NaN for more).
    """
    proba = classifier.predict_proba(X) if hasattr(classifier, "predict_proba") else None
    if proba is None:
        said = classifier.predict(X)
        ranking = classifier.decision_function(X)
        ranking = ranking if ranking.ndim == 1 else ranking[:, 1] - ranking[:, 0]
    else:
        said = classifier.classes_[proba.argmax(axis=1)]
        ranking = proba[:, 1]
    two = len(classifier.classes_) == 2
    second = y == classifier.classes_[-1]
    return {
        "accuracy": accuracy_score(y, said),
        "macro_f1": f1_score(y, said, average="macro"),
        "equal_error_rate": equal_error_rate(second, ranking) if two else np.nan,
        "calibration_error": np.nan if proba is None else calibration_error(y == said, proba),
    }


def equal_error_rate(positive: np.ndarray, ranking: np.ndarray) -> float:
    """The error at the threshold where false alarms are as frequent as misses, from 0 to 1.

    positive: (N,) bool; ranking: (N,) larger for the positive class. Between two thresholds
    the rates are taken to change evenly.
    """
    alarms, hits, _ = roc_curve(positive, ranking, drop_intermediate=False)
    gap = alarms - (1 - hits)  # rises from -1 to 1
    i = int(np.argmax(gap >= 0))
    share = gap[i] / (gap[i] - gap[i - 1])
    return float(alarms[i] + share * (alarms[i - 1] - alarms[i]))


def calibration_error(right: np.ndarray, proba: np.ndarray) -> float:
    """Expected calibration error: how far confidence is from accuracy, from 0 to 1.

    right: (N,) bool, whether the likeliest class was the true one; proba: (N, C). Clips are
    sorted into BINS even bins of their largest probability; the mean over clips of |share right -
    mean probability| of their bin.
    """
    confidence = proba.max(axis=1)
    at = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(at, weights=right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(right))


def multi_label_score(Y: np.ndarray, proba: np.ndarray) -> dict[str, float]:
    """How well several labels per clip are found, 0 to 1.

    Y: (N, C), 1 where a clip holds a class; proba: (N, C). Returns exact_match, the share of clips
    of which just the classes above one half are right, and mean_average_precision, over the
    classes that any clip holds.
    """
    held = np.asarray(Y)[:, np.any(Y, axis=0)], np.asarray(proba)[:, np.any(Y, axis=0)]
    return {
        "exact_match": accuracy_score(Y, np.asarray(proba) > 0.5),
        "mean_average_precision": average_precision_score(*held, average="macro"),
    }
