"""What if heads fall silent inside the model while it answers."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset
from ccsav.evaluation.splits import episodes
from ccsav.extraction.activations import HeadActivations
from ccsav.lalm.model import LALM
from ccsav.weights.ccsav import CCSAVClassifier

from .vote import pick, recall_changes


def answers(
    lalm: LALM,
    waveforms: Sequence[np.ndarray],
    question: str | None,
    cases: Mapping[str, Mapping],
    max_new_tokens: int = 16,
) -> pd.DataFrame:
    """What the model says in words, whole and with heads silenced: a row per clip, (N, 1 + cases).

    waveforms, question, max_new_tokens: as in `LALM.answer`. cases: name of a column → arguments of
    `LALM.silenced`, such as {"heads": [3]} or {"heads": rows, "values": means}. The first column,
    "intact", is the model as it is.
    """
    inputs, _ = lalm.inputs(waveforms, [lalm.prompt(question)] * len(waveforms))
    said = {}
    for name, case in {"intact": None, **cases}.items():
        with nullcontext() if case is None else lalm.silenced(**case):
            said[name] = lalm.say(inputs, max_new_tokens)
    return pd.DataFrame(said)


def right_by_rank(
    lalm: LALM, dataset: Dataset, acts: HeadActivations, question: str | None, sizes: Sequence[int],
    *, to: str = "means", shots: int = 5, n_episodes: int = 10, clips: int = 8, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """How often the model still says the right name with k heads silenced, over episodes.

    In each episode the default classifier ranks the heads on its support clips by mean weight, and
    the model is asked about `clips` of the queries, drawn at random, with k heads silenced at the
    last prompt token.

    dataset: what acts are of, with no clip skipped; its labels are the right answers. acts: head
    vectors of decoder heads alone, as `extract` takes them by default. sizes: the k. to: what heads
    are silenced to, their "means" over all clips or "zeros".

    Returns rows like those of `evaluate`, for `summary` and `compare`: method, shots, episode,
    accuracy, where methods are "intact" and, for each k, "best 5", "alike 5", "random 5" (see
    `pick`). Raises `ValueError` for an unknown `to`.
    """
    if to not in ("means", "zeros"):
        raise ValueError(f'to={to!r}: choose "means" or "zeros".')
    rng, rows = np.random.default_rng(seed), []
    layers, drawn = acts.heads["layer"].to_numpy(), {"shots": shots, "n_episodes": n_episodes}
    for number, (support, query) in enumerate(episodes(acts.y, acts.groups, seed=seed, **drawn)):
        scores = CCSAVClassifier().fit(acts.X[support], acts.y[support]).weights_.mean(axis=1)
        sets = {
            f"{which} {k}": pick(scores, k, which, layers, [seed, number])
            for which in ("best", "alike", "random")
            for k in sizes
        }
        asked = rng.choice(query, min(clips, len(query)), replace=False)
        said = _said(lalm, dataset, acts, question, sets, asked, to)
        right = said.eq(acts.labels[acts.y[asked]], axis=0).mean()
        rows += [
            {"method": name, "shots": shots, "episode": number, "accuracy": share}
            for name, share in right.items()
        ]
    return pd.DataFrame(rows)


def right_changes(
    lalm: LALM, dataset: Dataset, acts: HeadActivations, question: str | None,
    classes: Sequence[str], k: int,
    *, shots: int = 5, n_episodes: int = 10, clips: int = 2, seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """What a class's k best heads are worth to the vote and to the answers, side by side.

    In each episode the default classifier learns all classes from its support clips. Then the heads
    with the largest weights for one of `classes` are removed from the vote (as in
    `recall_changes`), and silenced in the model (as in `right_by_rank`) that names `clips` queries
    of each of `classes`.

    Returns the changes in recall of the vote and of the answers in words, (E, c, c) each, from -1
    to 1; row: the class whose heads are gone; column: the class whose recall changes. Raises
    `ValueError` for classes that are not in `acts.labels`.
    """
    unknown = sorted(set(classes) - set(acts.labels))
    if unknown:
        raise ValueError(f"classes has {unknown}, which acts has not.")
    codes = np.searchsorted(acts.labels, classes)  # (c,)
    rng, voted, spoken = np.random.default_rng(seed), [], []
    drawn = {"shots": shots, "n_episodes": n_episodes, "seed": seed}
    for support, query in episodes(acts.y, acts.groups, **drawn):
        clf = CCSAVClassifier().fit(acts.X[support], acts.y[support])
        some = query[np.isin(acts.y[query], codes)]
        voted.append(recall_changes(clf, acts.X[some], acts.y[some], k, of=codes)[:, codes])
        asked = np.concatenate([rng.permutation(some[acts.y[some] == c])[:clips] for c in codes])
        sets = {c: pick(clf.weights_[:, c], k) for c in codes}
        said = _said(lalm, dataset, acts, question, sets, asked)
        recall = (
            said.eq(acts.labels[acts.y[asked]], axis=0).groupby(acts.y[asked]).mean().loc[codes]
        )
        spoken.append((recall[codes].T - recall["intact"]).to_numpy())
    return np.array(voted), np.array(spoken)


def _said(lalm, dataset, acts, question, sets, asked, to="means"):
    """Answers about some clips with sets of heads, places in acts, silenced at the prompt."""
    values = acts.X.mean(axis=0, dtype=np.float32) * (to == "means")  # (K, D)
    cases = {
        name: {"heads": acts.heads.iloc[heads], "values": values[heads], "positions": "prompt"}
        for name, heads in sets.items()
    }
    return answers(lalm, [dataset.waveform(i, lalm.rate) for i in asked], question, cases)
