"""The questions of a split as a model hears them, with their clips or with other sounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator

from ccsav.clips.dataset import Dataset
from ccsav.evaluation.comparison import fit_with_groups
from ccsav.evaluation.metrics import equal_error_rate
from ccsav.lalm.model import LALM

from .protocol_split import Split
from .questions import extract_questions, read_options
from .spoofing import spoof_ranking

CHOICE = "model's choice"  # of the option that is likeliest as the answer
NOISES, LEVEL = 8, 0.1  # different noises, and their root mean square, full scale 1
MEASURED = 200  # clips whose length is looked up, at most


@dataclass(frozen=True, eq=False)
class Heard:
    """Head vectors of the questions of train and test, and the options that the model chooses.

    Parameters
    ----------
    X : (N, K, D) head vectors. y : (N,) labels. groups : (N,) sources.
    support, query : indices of the questions to learn from and of the test.
    chosen : (queries,) label of the option that is likeliest as the answer.
    """

    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray
    support: np.ndarray
    query: np.ndarray
    chosen: np.ndarray

    def fit(self, method: BaseEstimator, support: np.ndarray | None = None) -> BaseEstimator:
        """A clone of a method, fitted to all or some of the support questions."""
        rows = self.support if support is None else support
        return fit_with_groups(method, self.X[rows], self.y[rows], self.groups[rows])

    def right(self, method: BaseEstimator, support: np.ndarray | None = None) -> np.ndarray:
        """Which test questions a method answers rightly, (queries,) bool."""
        return self.fit(method, support).predict(self.X[self.query]) == self.y[self.query]

    def error_rate(self, method: BaseEstimator, support: np.ndarray | None = None) -> float:
        """Equal error rate of a method in a task with two classes, from 0 to 1."""
        fitted = self.fit(method, support)
        positive = self.y[self.query] == fitted.classes_[-1]
        return equal_error_rate(positive, spoof_ranking(fitted, self.X[self.query]))

    def accuracies(self, methods: Mapping[str, BaseEstimator]) -> dict[str, float]:
        """Accuracy of every method and of the model's choice, from 0 to 1."""
        found = {name: self.right(method).mean() for name, method in methods.items()}
        return found | {CHOICE: (self.chosen == self.y[self.query]).mean()}


def hear(lalm: LALM, split: Split, batch_size: int, cache: str | Path | None) -> Heard:
    """Let a model hear all questions of train and test: the decoder's heads, and its choices.

    Parameters
    ----------
    lalm, split, batch_size, cache : as in `extract_questions`.
    """
    train, test = split.rows("train"), split.rows("test")
    options = {"batch_size": batch_size, "cache": cache, "heads": None}
    acts = extract_questions(lalm, split, np.concatenate([train, test]), **options)
    chosen = np.array(read_options(lalm, split, test, batch_size=batch_size), dtype=object)
    support, query = np.split(np.arange(len(acts.X)), [len(train)])
    return Heard(acts.X, acts.labels[acts.y], acts.groups, support, query, chosen)


def in_place_of_clips(split: Split, waveforms: Sequence[np.ndarray], rate: int) -> Split:
    """The same questions about other sounds, which the questions take in turn.

    Parameters
    ----------
    split : whose clips are replaced.
    waveforms : each (samples,), at `rate` Hz.
    """
    n = len(split.questions)
    clips = Dataset.from_arrays([waveforms[i % len(waveforms)] for i in range(n)], rate)
    return replace(split, clips=clips, questions=split.questions.assign(clip=range(n)))


def silence_and_noise(lalm: LALM, split: Split, seed: int = 0) -> dict[str, list[np.ndarray]]:
    """Sounds that tell nothing of the clips, all of one length.

    Parameters
    ----------
    lalm : at whose rate they are made, no longer than its window.
    split : whose clips they stand for; the length is the median of some of these.
    seed : of the noise, which is white.

    Returns
    -------
    {"silence": one waveform, "noise": eight waveforms}
    """
    n = len(split.clips)
    lengths = [split.clips.seconds(i) for i in range(0, n, 1 + n // MEASURED)]
    samples = round(lalm.rate * min(float(np.median(lengths)), lalm.window))
    noise = np.random.default_rng(seed).normal(0, LEVEL, (NOISES, samples)).astype(np.float32)
    return {"silence": [np.zeros(samples, np.float32)], "noise": list(noise.clip(-1, 1))}
