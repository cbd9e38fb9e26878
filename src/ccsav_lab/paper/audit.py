"""What the numbers of a protocol are of: the same methods with one part of it changed."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from ccsav.lalm.model import LALM
from ccsav_lab.methods import METHODS

from .audit_tuning import tune_calm
from .heard import CHOICE, hear, in_place_of_clips, silence_and_noise
from .protocol_split import Split
from .questions import extract_questions
from .sources import name_sources

AS_ASKED = "as asked"
EQUAL = ".*clips have the same bytes as another clip"  # a warning that is no news for silence


class Audit(NamedTuple):
    """Accuracies under each change of the protocol, from 0 to 1, and a sentence on each check.

    accuracy : a row per change, a column per method and for the model's choice among the options.
    """

    accuracy: pd.DataFrame
    sentences: dict[str, str]


class Finding(NamedTuple):
    """What one check adds to an audit: {row of the table: {column: accuracy}}, and its sentence."""

    rows: dict[str, dict[str, float]]
    sentence: str


def audit_split(
    lalm: LALM,
    split: Split,
    *,
    question: str | None = None,
    few: int = 5,
    draws: int = 3,
    methods: Mapping[str, BaseEstimator] = METHODS,
    batch_size: int = 16,
    cache: str | Path | None = None,
    seed: int = 0,
) -> Audit:
    """Measure what the numbers of a split depend on, with the decoder's heads and sound alone.

    Checks whether sources stand on both sides; how many questions name the answer; what the text
    alone gives, with silence and with noise of one length in place of every clip; an open question
    in place of options; few support questions in place of all; and settings of CALM chosen on the
    test part in place of the validation list or, without one, of the support set.

    Parameters
    ----------
    lalm : from `load_lalm`.
    split : from `read_released` or `split_of`.
    question : the open question; default: the model family's own.
    few, draws : support questions per class, and how often they are drawn.
    methods : name → classifier.
    batch_size, cache : as in `extract`.
    seed : of the noise and of all draws.

    Returns
    -------
    Audit
    """
    how = {"batch_size": batch_size, "cache": cache}
    heard = hear(lalm, split, **how)
    asked = heard.accuracies(methods)
    findings = {
        "sources": _sources(split, heard, methods, asked),
        "options": _options(split),
        "text alone": _text_alone(lalm, split, methods, asked, seed, how),
        "open question": _open(lalm, split, methods, asked, question, how),
        "few against all": _few(heard, methods, asked, few, draws, np.random.default_rng(seed)),
        "tuning": _tuning(lalm, split, heard, how),
    }
    rows = {AS_ASKED: asked}
    for finding in findings.values():
        rows |= finding.rows
    table = pd.DataFrame(rows).T.reindex(columns=[*methods, CHOICE])
    return Audit(table, {name: finding.sentence for name, finding in findings.items()})


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _each(accuracies: Mapping[str, float]) -> str:
    """Names with their accuracies."""
    return ", ".join(f"{name} {_percent(value)}" for name, value in accuracies.items())


def _sources(split, heard, methods, asked) -> Finding:
    """Files and source recordings on both sides, and the accuracy on them."""
    table, train, test = split.questions, split.rows("train"), split.rows("test")
    clip, source = table["clip"].to_numpy(), table["source"].to_numpy()
    files = np.isin(clip[test], clip[train])
    shared = np.isin(source[test], source[train])  # of the files too
    of = f"Of {len(test):,} test questions, {files.sum():,} ({_percent(files.mean())}) are about "
    of += "a file"
    paths = split.clips.table["path"].to_numpy()
    if (source == paths[clip]).all():
        text = f"{of} of the support set; the names of the files do not tell the source recordings."
        return Finding({}, text)
    text = (
        f"{of} and {shared.sum():,} ({_percent(shared.mean())}) about a source recording of the "
        "support set."
    )
    if 0 < shared.sum() < len(test):
        best = max(methods, key=asked.get)
        right = heard.right(methods[best])
        text += (
            f" {best} is right in {_percent(right[shared].mean())} of these and in "
            f"{_percent(right[~shared].mean())} of the others."
        )
    fold = name_sources(paths)[1]["fold"].to_numpy()[clip]
    if pd.notna(fold).all():
        sides = [", ".join(sorted(set(fold[rows]))) for rows in (train, test)]
        text += f" Official folds: {sides[0]} in the support set, {sides[1]} in the test part."
    several = (np.unique(clip[test], return_counts=True)[1] > 1).sum()
    if several:
        text += f" {several:,} test clips have a question for each of several labels."
    return Finding({}, text)


def _options(split) -> Finding:
    """How many questions name the answer, and what a guess is worth."""
    named = split.questions.apply(_names_answer, axis=1).to_numpy(bool)
    train, test = split.rows("train"), split.rows("test")
    classes = split.questions["label"].iloc[train].nunique()
    few = split.questions["options"].iloc[test].dropna().map(len)
    guess = f"A guess among all {classes} classes is right in {_percent(1 / classes)}"
    if len(few):
        guess += f", a guess among the options in {_percent((1 / few).mean())}"
    return Finding(
        {},
        f"{_percent(named[test].mean())} of the test questions and {_percent(named[train].mean())} "
        f"of the support's name the answer. {guess}.",
    )


def _names_answer(row):
    """Whether a question names its answer, among the options or in its text."""
    if row["options"] is not None:
        return row["label"] in row["options"]
    return row["label"].casefold() in row["question"].casefold()


def _text_alone(lalm, split, methods, asked, seed, how) -> Finding:
    """The same questions with silence and with noise in place of every clip, in both parts."""
    rows, parts = {}, []
    for name, waveforms in silence_and_noise(lalm, split, seed).items():
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=EQUAL)
            replaced = hear(lalm, in_place_of_clips(split, waveforms, lalm.rate), **how)
        rows[f"{name} in place of every clip"] = replaced.accuracies(methods)
        parts.append(f"with {name}: {_each(replaced.accuracies(methods))}")
    text = f"From the text alone, {'; '.join(parts)}. With the clips: {_each(asked)}."
    return Finding(rows, text)


def _open(lalm, split, methods, asked, question, how) -> Finding:
    """One open question about every clip, in both parts."""
    if split.questions["options"].isna().all():
        return Finding({}, "The questions list no options, so that there is nothing to leave out.")
    question = lalm.family.question if question is None else question
    opened = replace(split, questions=split.questions.assign(question=question, options=None))
    rows = hear(lalm, opened, **how).accuracies(methods)
    text = (
        f"Asked {question!r} in both parts, with all classes to choose from: {_each(rows)}; with "
        f"options in the question: {_each(asked)}."
    )
    return Finding({"open question": rows}, text)


def _few(heard, methods, asked, few, draws, rng) -> Finding:
    """A few support questions of each class, drawn several times, in place of all."""
    labels, counts = np.unique(heard.y[heard.support], return_counts=True)
    if counts.max() <= few:
        return Finding({}, f"The support set has no more than {few} questions per class.")
    of_class = [heard.support[heard.y[heard.support] == label] for label in labels]
    supports = [
        np.concatenate([rng.permutation(rows)[:few] for rows in of_class]) for _ in range(draws)
    ]
    rows = {
        name: np.mean([heard.right(method, some).mean() for some in supports])
        for name, method in methods.items()
    }
    known = {name: asked[name] for name in methods}
    text = (
        f"From {few} support questions per class (mean of {draws} draws): {_each(rows)}; from all "
        f"{len(heard.support):,}: {_each(known)}."
    )
    if len(labels) == 2:
        errors = {
            name: (
                np.mean([heard.error_rate(method, some) for some in supports]),
                heard.error_rate(method),
            )
            for name, method in methods.items()
        }
        each = ", ".join(f"{m} {_percent(a)} and {_percent(b)}" for m, (a, b) in errors.items())
        text += f" Equal error rate from few and from all: {each}."
    return Finding({f"{few} support questions per class": rows}, text)


def _tuning(lalm, split, heard, how) -> Finding:
    """The setting of CALM that is best in the test part, and the one that is best elsewhere."""
    clip, val, known = split.questions["clip"].to_numpy(), split.rows("val"), (None, None)
    apart = val[~np.isin(clip[val], clip[split.rows("test")])]
    if len(apart):
        acts = extract_questions(lalm, split, apart, heads=None, **how)
        known = (acts.X, acts.labels[acts.y])
    tuned = tune_calm(heard, *known)
    place = "the validation list" if len(apart) else "support questions that are left out"
    text = (
        f"Of {tuned.settings} settings of CALM, the one that is best in the test part is right in "
        f"{_percent(tuned.best)} of it"
    )
    rows = {"settings chosen on the test part": {"CALM": tuned.best}}
    if np.isnan(tuned.nested):
        text += "; a class has one support question, so that none can be left out to choose on"
    else:
        gain = 100 * (tuned.best - tuned.nested)
        text += f", the one that is best on {place} in {_percent(tuned.nested)}"
        text += f": {gain:.1f} points less"
        rows[f"settings chosen on {place}"] = {"CALM": tuned.nested}
    text += f". The default setting is right in {_percent(tuned.default)}."
    if len(apart) < len(val):
        text += f" {len(val) - len(apart):,} of the {len(val):,} validation questions are about "
        text += "clips of the test part and were not used."
    return Finding(rows, text)
