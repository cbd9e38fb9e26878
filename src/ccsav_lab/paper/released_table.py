"""The table on the released lists: their clips, questions, options and support, as they are."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from ccsav.lalm.model import LALM
from ccsav_lab.methods import METHODS

from .few_shot import mean_scores, score_episodes
from .kept import digest_of, in_chunks, keep_settings, only_run
from .miniature import is_miniature
from .protocol import Episode
from .protocol_split import Split
from .questions import READINGS, extract_questions, read_options
from .spoofing import find_asv_scores, verification_errors
from .steps import zero_shot_table


def fill_released(
    lalm: LALM,
    split: Split,
    out: str | Path,
    *,
    modality: str = "audio",
    zero_shot: bool = True,
    batch_size: int = 16,
    cache: str | Path | None = None,
    methods: Mapping[str, BaseEstimator] = METHODS,
) -> pd.DataFrame:
    """Measure all methods on the released lists, and the model's choice among the options.

    As in the published code, the support set is the whole training list, its reliabilities are
    those of the support set, and a method chooses among all classes, not among the options.

    Parameters
    ----------
    lalm : from `load_lalm`.
    split : from `read_released`.
    out : folder for answers and scores; those already in it are not computed again.
    modality, batch_size : as in `extract`.
    zero_shot : also let the model choose among the options, without support clips.
    cache : folder for head vectors, see `extract`; default: in `out`.
    methods : name → classifier.

    Returns
    -------
    pd.DataFrame
        As from `fill_table`; without intervals, since there is one support set.

    Raises
    ------
    ValueError
        If `out` holds the results of other settings, or another run writes into it; also all errors
        of `extract`.
    """
    out = Path(out)
    about = {"model": lalm.fingerprint, "window_s": lalm.window, "modality": modality}
    about["prompt"] = lalm.prompt("…", modality)
    about["lists"] = digest_of(split.questions, split.clips.table)
    with only_run(out):
        keep_settings(out, about | {"questions": len(split.questions)})
        options = {"modality": modality, "batch_size": batch_size}
        return _fill(lalm, split, out, zero_shot, cache or out / "heads", methods, options)


def _fill(lalm, split, out, zero_shot, cache, methods, options) -> pd.DataFrame:
    """The table of `fill_released`, in a folder that no other run writes into."""
    train, test = split.rows("train"), split.rows("test")
    rows = np.concatenate([train, test])
    acts = extract_questions(lalm, split, rows, cache=cache, **options)
    episode = Episode("test", np.arange(len(train)), np.arange(len(train), len(rows)))
    asv = find_asv_scores(split.clips.root) if split.data == "asvspoof2019" else None
    errors = None if asv is None else verification_errors(asv)
    file = out / "few_shot.csv"
    table = mean_scores(score_episodes(acts, acts.labels[acts.y], [episode], file, methods, errors))
    if zero_shot:
        rows = {
            f"zero-shot, options, {by}": _read(lalm, split, test, by, out, options)
            for by in READINGS
        }
        table = pd.concat([zero_shot_table(rows), table])
    return table


def _read(lalm, split, test, by, out, options):
    """Accuracy of the model's choice among the options; answers are kept in a file."""

    def compute(chunk):
        rows = test[chunk.start : chunk.stop]
        chosen = read_options(lalm, split, rows, by, **options)
        return pd.DataFrame({"label": split.questions["label"].iloc[rows], "chosen": chosen})

    table = in_chunks(len(test), out / f"options-{by}.csv", compute)
    return {"accuracy": (table["label"] == table["chosen"]).mean()}


def caution_of_lists(split: Split) -> str:
    """One sentence on what the numbers of a split were measured on, to stand above the table.

    Parameters
    ----------
    split : from `read_released`.
    """
    train, test = split.rows("train"), split.rows("test")
    heard = split.questions["clip"].iloc[test].nunique()
    count = f"{len(test):,} questions about {heard:,} clips, learned from {len(train):,} questions"
    data = split.data or "unknown clips"
    if is_miniature(split.clips.root):
        return (
            f"These numbers are of a MINIATURE: {count}, all about sounds made by rule, in the "
            f"form of the released lists of {data}. They say nothing about {data} itself."
        )
    whole = "These numbers are of the released lists"
    if split.absent:
        whole = "These numbers are of a PART of the released lists"
    return f"{whole} of {data}: {count}."


def notes_on_lists(split: Split) -> list[str]:
    """Sentences on questions that were not used; none if all were."""
    notes, unknown = [], split.of_unknown_classes()
    if split.absent:
        notes.append(f"{split.absent:,} questions are left out because their recording is missing.")
    if unknown:
        notes.append(
            f"{unknown:,} test questions are of classes without support clips and are not scored, "
            "as in the published code."
        )
    return notes
