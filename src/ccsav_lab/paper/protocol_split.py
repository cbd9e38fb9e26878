"""Questions about clips, as the published protocol asks them: of train, val and test."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset
from ccsav_lab.zero_shot import MCQ, answer_options, spoken

from .protocol import class_indicators, draw_of_each, official_parts
from .sources import name_sources


@dataclass(frozen=True, eq=False)
class Split:
    """Questions about clips, each in one of the parts "train", "val" and "test".

    A clip may have several questions, such as one for each sound in it.

    Parameters
    ----------
    data : name of the dataset, such as "esc50"; None if it is none that is known.
    clips : the recordings, each once.
    questions : (N,) rows with the columns part, clip (index into `clips`), question (text), label,
        options (list of labels, or None for a question without) and source (recording, or video,
        that the clip was cut from).
    absent : number of questions that were left out because their recording is missing.
    """

    data: str | None
    clips: Dataset
    questions: pd.DataFrame
    absent: int = 0

    def rows(self, part: str) -> np.ndarray:
        """Indices of the questions of a part; of the test, those whose class has support clips."""
        table = self.questions
        known = table["label"].isin(table.loc[table["part"] == "train", "label"])
        return np.flatnonzero((table["part"] == part) & (known | (part == "train")))

    def of_unknown_classes(self) -> int:
        """Number of test questions whose class has no support clip; they are not scored."""
        return int((self.questions["part"] == "test").sum()) - len(self.rows("test"))


def split_of(
    dataset: Dataset,
    data: str | None = None,
    train: Sequence[int] | None = None,
    test: Sequence[int] | None = None,
    *,
    most: int | None = None,
    limit: int | None = None,
    n_options: int = 4,
    seed: int = 0,
) -> Split:
    """Ask about a dataset as the published lists do: options in the question, also in the support.

    Parameters
    ----------
    dataset : with `label`, or with `labels`, each of which gets a question of its own.
    data : its name.
    train, test : indices of clips; default: the first official split, or the first fold against the
        others.
    most, limit : clips to learn from and to test, per class; default: all.
    n_options : options in each question, the right one among them (fewer for fewer classes).
    seed : of all draws.

    Raises
    ------
    DatasetError
        Without an official split, if `train` and `test` are not given.
    """
    if train is None or test is None:
        _, train, test = official_parts(dataset.table)[0]
    classes, rng = class_indicators(dataset), np.random.default_rng(seed)
    train = train if most is None else draw_of_each(classes, np.asarray(train), most, rng)
    test = test if limit is None else draw_of_each(classes, np.asarray(test), limit, rng)
    names, rows = list(classes), []
    paths, of_clip = dataset.table["path"], classes.to_numpy(bool)
    for part, clips in (("train", train), ("test", test)):
        for clip in clips:
            own = classes.columns[of_clip[clip]]
            for label in own:
                others = [name for name in names if name == label or name not in own]
                n = min(n_options, len(others))
                few = answer_options(f"{paths[clip]} {label}", label, others, n, seed)
                question = MCQ.format(options=", ".join(map(spoken, few)))
                rows.append((part, clip, question, label, few))
    table = pd.DataFrame(rows, columns=["part", "clip", "question", "label", "options"])
    sources = name_sources(paths)[1]["source"].astype(object).fillna(paths)
    sources = dataset.table.get("group", sources).to_numpy()
    return Split(data, dataset, table.assign(source=sources[table["clip"]]))


def limit_questions(split: Split, limit: int, seed: int = 0) -> Split:
    """Keep at most `limit` test questions, and as many of validation, of each class; all of train.

    Parameters
    ----------
    split : from `read_released`.
    limit, seed : number per class, and the seed of the draw.
    """
    table = split.questions
    shuffled = table.sample(frac=1, random_state=seed)
    turn = shuffled.groupby(["part", "label"]).cumcount().sort_index()
    kept = table[(turn < limit) | (table["part"] == "train")].reset_index(drop=True)
    return replace(split, questions=kept)
