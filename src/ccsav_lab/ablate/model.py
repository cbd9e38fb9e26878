"""What if heads fall silent inside the model while it answers."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

import numpy as np
import pandas as pd
import torch

from ccsav.clips.dataset import Dataset
from ccsav.evaluation.splits import episodes
from ccsav.extraction.activations import HeadActivations
from ccsav.lalm.model import LALM
from ccsav.weights.ccsav import CCSAVClassifier

from .vote import pick, recall_changes

POSITIONS = ("last", "prompt", "all")


@contextmanager
def silenced(
    lalm: LALM, heads=None, values: np.ndarray | None = None, positions: str = "last"
) -> Iterator[LALM]:
    """While it is open, these heads hand zeros, or `values`, to their output projections.

    lalm: the model, changed in place; its weights are not touched, and at the end, also after an
        exception, it is as it was.
    heads: which, K of them, as in `LALM.select`: rows of `lalm.heads`, indices, a kind.
    values: (K, D) what stands in place of each head's vector, such as its mean over clips; default:
        zeros.
    positions: "last" (the last one of every forward pass: the last prompt token, then every token
        of the answer as it is made; prompts are padded on the left), "prompt" (the last prompt
        token alone: the answer goes on with all heads), or "all". Encoder heads hear the clip,
        which has no last position: for them "all".

    Head vectors that are read meanwhile, by `LALM.head_vectors` or `extract`, are those of the
    silenced model, and a cache tells them apart. Raises `ValueError` for heads, positions or shapes
    that do not fit.
    """
    chosen = lalm.select(heads)
    if positions not in POSITIONS:
        raise ValueError(f"positions={positions!r}: choose one of {POSITIONS}.")
    if positions != "all" and (chosen["kind"] == "encoder").any():
        raise ValueError(
            f"positions={positions!r} is for heads that read a prompt, but heads has some of the "
            'encoder: choose positions="all", or heads of the decoder alone.'
        )
    shape = (len(chosen), int(chosen["dim"].max()))
    new = torch.zeros(shape) if values is None else torch.as_tensor(values).float().cpu()
    if new.ndim != 2 or len(new) != shape[0] or new.shape[1] < shape[1]:
        raise ValueError(
            f"values must have a row for each head, {shape}, but has {tuple(new.shape)}."
        )
    intact = lalm.fingerprint
    hooks = []
    try:
        vars(lalm)["fingerprint"] = _silenced_fingerprint(intact, chosen, new, positions)
        for module, rows in chosen.assign(place=np.arange(len(chosen))).groupby("module"):
            number, dim = rows["head"].tolist(), int(rows["dim"].iloc[0])
            hook = _replacing(number, new[rows["place"].tolist(), :dim], positions)
            hooks.append(lalm.model.get_submodule(module).register_forward_pre_hook(hook))
        yield lalm
    finally:
        for hook in hooks:
            hook.remove()
        vars(lalm)["fingerprint"] = intact


def _replacing(heads, values, positions):
    """A hook that puts values, (k, dim), in place of k heads at a projection's input."""
    where = slice(None) if positions == "all" else slice(-1, None)

    def hook(_, args):
        x = args[0]  # (B, T, H·dim)
        if positions == "prompt" and x.shape[1] == 1:  # a token of the answer
            return args
        x = x.unflatten(-1, (-1, values.shape[1])).clone()  # (B, T, H, dim)
        x[:, where, heads] = values.to(x)
        return (x.flatten(-2), *args[1:])

    return hook


def _silenced_fingerprint(intact, heads, values, positions):
    """Of what the model is meanwhile: a cache of head vectors must not take it for the intact."""
    which = heads[["module", "head"]].to_csv(index=False)
    digest = hashlib.sha256(f"{intact} {positions} {which}".encode())
    digest.update(values.numpy().tobytes())
    return digest.hexdigest()


def answers(
    lalm: LALM,
    waveforms: Sequence[np.ndarray],
    question: str | None,
    cases: Mapping[str, Mapping],
    max_new_tokens: int = 16,
) -> pd.DataFrame:
    """What the model says in words, whole and with heads silenced: a row per clip, (N, 1 + cases).

    waveforms, question, max_new_tokens: as in `LALM.answer`. cases: name of a column → arguments of
    `silenced`, such as {"heads": [3]} or {"heads": rows, "values": means}. The first column,
    "intact", is the model as it is.
    """
    inputs, _ = lalm.inputs(waveforms, [lalm.prompt(question)] * len(waveforms))
    said = {}
    for name, case in {"intact": None, **cases}.items():
        with nullcontext() if case is None else silenced(lalm, **case):
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
