"""Spoofing on the official parts of ASVspoof 2019 LA: the support set, and the tandem cost.

References
----------
Kinnunen et al. 2018, t-DCF, arXiv 1804.09618; ASVspoof 2019 evaluation plan, sections 4.1 and 5.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from ccsav.clips.dataset import DatasetError

ASV_SCORES = "ASVspoof2019_LA_asv_scores/ASVspoof2019.LA.asv.eval.gi.trl.scores.txt"
KEYS = ("target", "nontarget", "spoof")  # of the trials in that file
SPOOF_PRIOR = 0.05
TARGET_PRIOR, NONTARGET_PRIOR = 0.99 * (1 - SPOOF_PRIOR), 0.01 * (1 - SPOOF_PRIOR)
MISS_COST, ALARM_COST = 1, 10  # of either system: bona fide refused, another voice accepted
NO_SCORES = (
    f"No min t-DCF: it needs the official scores of the speaker verification system, {ASV_SCORES} "
    "of LA.zip, which is not in the dataset's folder."
)


class VerificationErrors(NamedTuple):
    """Error rates of the speaker verification system at its equal error threshold, from 0 to 1.

    miss : target speakers refused; alarm : other speakers accepted; spoof_miss : spoofs refused.
    """

    miss: float
    alarm: float
    spoof_miss: float


def sources_of_speech(table: pd.DataFrame) -> pd.DataFrame:
    """For each clip, 1 for its attack or its bona fide speaker, else 0; a column for each of them.

    Parameters
    ----------
    table : (N,) rows with the columns `attack` ("none" for bona fide clips) and `speaker`.

    Raises
    ------
    DatasetError
        Without these columns.

    Examples
    --------
    >>> table = pd.DataFrame({"attack": ["none", "A01"], "speaker": ["LA_0079", "LA_0080"]})
    >>> sources_of_speech(table)
       attack A01  bona fide speaker LA_0079
    0           0                          1
    1           1                          0
    """
    absent = [column for column in ("attack", "speaker") if column not in table]
    if absent:
        raise DatasetError(
            f"no column {absent}: support clips per attack and speaker can be drawn from "
            "asvspoof2019 alone; use per='class'."
        )
    bona_fide = table["attack"] == "none"
    names = ("attack " + table["attack"]).mask(bona_fide, "bona fide speaker " + table["speaker"])
    return pd.get_dummies(names, dtype=int)


def find_asv_scores(folder: str | Path) -> Path | None:
    """The official scores of speaker verification in `LA` or in the folder above it, or None."""
    files = (Path(folder, ASV_SCORES), Path(folder, "LA", ASV_SCORES))
    return next((file for file in files if file.is_file()), None)


def verification_errors(file: str | Path) -> VerificationErrors:
    """Error rates of the official speaker verification system, from its scores.

    Parameters
    ----------
    file : lines of source, key ("target", "nontarget" or "spoof") and score.

    Raises
    ------
    DatasetError
        If the file is not of this form, or has no trials of a key.
    """
    lines = Path(file).read_text("utf-8-sig", errors="replace").splitlines()
    rows = [line.split() for line in lines if line.strip()]
    table = pd.DataFrame([row for row in rows if len(row) == 3], columns=range(3), dtype=object)
    scores = pd.to_numeric(table[2], errors="coerce")
    if len(table) < len(rows) or scores.isna().any() or set(table[1]) != set(KEYS):
        raise DatasetError(
            f"{file}: not lines of source, key ({', '.join(KEYS)}) and score. Get it again from "
            "the official LA.zip."
        )
    target, other, spoof = (np.sort(scores[table[1] == key]) for key in KEYS)
    thresholds = np.unique(scores)
    misses, alarms = _share_below(target, thresholds), 1 - _share_below(other, thresholds)
    equal = thresholds[np.abs(misses - alarms).argmin()]
    miss, passed, spoof_miss = (_share_below(x, equal) for x in (target, other, spoof))
    return VerificationErrors(float(miss), float(1 - passed), float(spoof_miss))


def _share_below(ordered, thresholds):
    """Share of scores, in ascending order, below each threshold."""
    return np.searchsorted(ordered, thresholds) / len(ordered)


def min_tdcf(spoofed: np.ndarray, ranking: np.ndarray, errors: VerificationErrors) -> float:
    """Smallest normalised tandem detection cost over all thresholds, from 0 to 1.

    A score of 1 is that of a detector that accepts everything, or nothing.

    Parameters
    ----------
    spoofed : (N,) bool, whether each clip is a spoof.
    ranking : (N,) scores, larger for spoofs.
    errors : from `verification_errors`.

    Raises
    ------
    ValueError
        If the errors of speaker verification are so large that a cost is negative.

    Examples
    --------
    >>> errors = VerificationErrors(miss=0.02, alarm=0.02, spoof_miss=0.4)
    >>> min_tdcf(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9]), errors)
    0.0
    >>> min_tdcf(np.array([0, 0, 1, 1]), np.array([0.5, 0.5, 0.5, 0.5]), errors)
    1.0
    """
    refused = TARGET_PRIOR * (MISS_COST - MISS_COST * errors.miss)
    refused -= NONTARGET_PRIOR * ALARM_COST * errors.alarm
    accepted = ALARM_COST * SPOOF_PRIOR * (1 - errors.spoof_miss)
    if min(refused, accepted) <= 0:
        raise ValueError(f"{errors}: the errors are too large for a tandem cost.")
    alarms, hits, _ = roc_curve(spoofed, ranking, drop_intermediate=False)
    costs = refused * alarms + accepted * (1 - hits)  # bona fide refused, spoofs accepted
    return float(costs.min() / min(refused, accepted))


def spoof_ranking(classifier, X: np.ndarray) -> np.ndarray:
    """Scores of a fitted classifier of two classes, larger for the second, X (N, K, D) → (N,)."""
    if hasattr(classifier, "predict_proba"):
        return classifier.predict_proba(X)[:, 1]
    return classifier.decision_function(X)
