"""Measures of classifiers: accuracy, macro-F1, equal error rate, calibration error."""

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, roc_curve

BINS = 15  # of the calibration error


def score(classifier, X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Measure a fitted classifier on clips X, (N, K, D), of the classes y, (N,).

    Returns accuracy, macro_f1 (unweighted mean over classes), equal_error_rate (NaN unless there
    are two) and calibration_error (NaN for classifiers without probabilities), from 0 to 1.
    """
    y = np.asarray(y)
    proba = classifier.predict_proba(X) if hasattr(classifier, "predict_proba") else None
    if proba is None:
        predicted = classifier.predict(X)
        ranking = classifier.decision_function(X)
    else:
        predicted = classifier.classes_[proba.argmax(axis=1)]
        ranking = proba[:, 1]
    binary = len(classifier.classes_) == 2
    positive = y == classifier.classes_[-1]
    return {
        "accuracy": accuracy_score(y, predicted),
        "macro_f1": f1_score(y, predicted, average="macro"),
        "equal_error_rate": equal_error_rate(positive, ranking) if binary else np.nan,
        "calibration_error": np.nan if proba is None else calibration_error(y == predicted, proba),
    }


def equal_error_rate(positive: np.ndarray, ranking: np.ndarray) -> float:
    """Error at the threshold where false alarms are as frequent as misses, from 0 to 1.

    positive: (N,) bool; ranking: (N,), larger for positives. Rates are interpolated linearly.
    """
    alarms, hits, _ = roc_curve(positive, ranking, drop_intermediate=False)
    gap = alarms - (1 - hits)  # rises from -1 to 1
    i = int(np.argmax(gap >= 0))
    share = gap[i] / (gap[i] - gap[i - 1])
    return float(alarms[i] + share * (alarms[i - 1] - alarms[i]))


def calibration_error(right: np.ndarray, proba: np.ndarray) -> float:
    """Expected calibration error, from 0 to 1: by how much confidence and accuracy differ.

    right: (N,) bool, whether the most probable class is the true one; proba: (N, C). Clips are
    sorted into `BINS` bins of equal width by their largest probability; the result is the mean over
    clips of |share right - mean probability| of their bin.
    """
    confidence = proba.max(axis=1)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(right))
