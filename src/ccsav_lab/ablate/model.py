"""The answers in words that a model gives while some of its heads are silenced."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset
from ccsav.evaluation.splits import episodes
from ccsav.extraction.activations import HeadActivations
from ccsav.lalm.batch_inputs import given_modality
from ccsav.lalm.model import LALM
from ccsav.weights.ccsav import CCSAVClassifier
from ccsav_lab.aligned import dataset_of

from .vote import pick, recall_changes


def answers_when_silenced(
    lalm: LALM,
    waveforms: Sequence[np.ndarray] | None,
    question: str | None,
    cases: Mapping[str, Mapping],
    max_new_tokens: int = 16,
    videos: Sequence[np.ndarray] | None = None,
) -> pd.DataFrame:
    """The model's answers, intact and with heads silenced.

    Parameters
    ----------
    lalm : from `load_lalm`.
    waveforms, question, max_new_tokens, videos : as in `LALM.answer`.
    cases : name of a column → arguments of `LALM.silenced`, such as {"heads": [3]} or
        {"heads": rows, "values": means}.

    Returns
    -------
    pd.DataFrame
        A row per clip, a column per case, (N, 1 + cases). The first column, "intact", is the model
        without any change.
    """
    modality = given_modality(waveforms, videos)
    clips = videos if waveforms is None else waveforms
    inputs, _ = lalm.inputs(waveforms, [lalm.prompt(question, modality)] * len(clips), videos)
    answers = {"intact": lalm.say(inputs, max_new_tokens)}
    for name, case in cases.items():
        with lalm.silenced(**case):
            answers[name] = lalm.say(inputs, max_new_tokens)
    return pd.DataFrame(answers)


def right_by_rank(
    lalm: LALM, dataset: Dataset, acts: HeadActivations, question: str | None, sizes: Sequence[int],
    *, to: str = "means", shots: int = 5, n_episodes: int = 10, clips: int = 8, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Share of right answers with k heads silenced, where the heads are chosen by their weight.

    In each episode CCSAV ranks the heads on its support clips by mean weight. Then the model
    answers about `clips` random queries, with k heads silenced at the last prompt token.

    Parameters
    ----------
    lalm : the model.
    dataset : with the clips of `acts`, which are found by path; their labels are the right answers.
    acts : head vectors of decoder heads alone, as `extract` returns them by default.
    question : as in `LALM.answer`.
    sizes : the numbers of heads, k.
    to : what stands in place of a silenced head's vector: its mean over all clips ("means"), or
        zeros ("zeros").
    shots, n_episodes, seed : as in `episodes`.
    clips : queries per episode.

    Returns
    -------
    pd.DataFrame
        Rows as from `evaluate`, for `summary` and `compare`: method, shots, episode, accuracy. The
        methods are "intact" and, for each k, "best 5", "alike 5", "random 5" (see `pick`).
    """
    if to not in ("means", "zeros"):
        raise ValueError(f'to={to!r}: choose "means" or "zeros".')
    rng, rows, dataset = np.random.default_rng(seed), [], dataset_of(acts, dataset)
    layers, draw = acts.heads["layer"].to_numpy(), {"shots": shots, "n_episodes": n_episodes}
    for number, (support, query) in enumerate(episodes(acts.y, acts.groups, seed=seed, **draw)):
        clf = CCSAVClassifier().fit(acts.X[support], acts.y[support])
        heads_of = {
            f"{which} {k}": pick(clf.weights_.mean(axis=1), k, which, layers, [seed, number])
            for which in ("best", "alike", "random")
            for k in sizes
        }
        chosen = rng.choice(query, min(clips, len(query)), replace=False)
        answers = _answers(lalm, dataset, acts, question, heads_of, chosen, to)
        right = answers.eq(acts.labels[acts.y[chosen]], axis=0).mean()
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
    """How recall changes without a class's k best heads: in the vote, and in the model's answers.

    In each episode CCSAV learns all classes from its support clips. Then the heads with the largest
    weights for one of `classes` are removed from the vote (as in `recall_changes`), and silenced in
    the model (as in `right_by_rank`), which answers about `clips` queries of each of `classes`.

    Parameters
    ----------
    lalm, dataset, acts, question, shots, n_episodes, seed : as in `right_by_rank`.
    classes : c of the labels of `acts`.
    k : heads removed per class.
    clips : queries of each class, per episode, about which the model answers.

    Returns
    -------
    tuple
        Changes in recall of the vote and of the answers, (E, c, c) each, from -1 to 1. Row: the
        class whose heads are removed; column: the class whose recall changes.
    """
    unknown = sorted(set(classes) - set(acts.labels))
    if unknown:
        raise ValueError(f"classes has {unknown}, which are not labels of acts.")
    codes = np.searchsorted(acts.labels, classes)  # (c,)
    rng, of_vote, of_answers = np.random.default_rng(seed), [], []
    dataset = dataset_of(acts, dataset)
    draw = {"shots": shots, "n_episodes": n_episodes, "seed": seed}
    for support, query in episodes(acts.y, acts.groups, **draw):
        clf = CCSAVClassifier().fit(acts.X[support], acts.y[support])
        query = query[np.isin(acts.y[query], codes)]
        of_vote.append(recall_changes(clf, acts.X[query], acts.y[query], k, of=codes)[:, codes])
        chosen = np.concatenate([rng.permutation(query[acts.y[query] == c])[:clips] for c in codes])
        heads_of = {c: pick(clf.weights_[:, c], k) for c in codes}
        answers = _answers(lalm, dataset, acts, question, heads_of, chosen)
        right = answers.eq(acts.labels[acts.y[chosen]], axis=0)
        recall = right.groupby(acts.y[chosen]).mean().loc[codes]
        of_answers.append((recall[codes].T - recall["intact"]).to_numpy())
    return np.array(of_vote), np.array(of_answers)


def _answers(lalm, dataset, acts, question, heads_of, clips, to="means"):
    """Answers about some clips, with each set of heads (places in acts) silenced at the prompt."""
    values = acts.X.mean(axis=0, dtype=np.float32) * (to == "means")  # (K, D)
    cases = {
        name: {"heads": acts.heads.iloc[heads], "values": values[heads], "positions": "prompt"}
        for name, heads in heads_of.items()
    }
    waveforms = [dataset.waveform(i, lalm.rate) for i in clips]
    return answers_when_silenced(lalm, waveforms, question, cases)
