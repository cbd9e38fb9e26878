"""Checks of the first notebooks and of the one on real recordings."""

import numpy as np
import pandas as pd
import torch

from ccsav.evaluation.comparison import evaluate, summary
from ccsav.lalm.model import LALM
from ccsav.weights.ccsav import CCSAVClassifier

from ._check import check, unlike

OTHER = "other numbers"  # of the right shape: what is wrong with them is looked into


@check
def least_sure(mine, votes) -> str | None:
    """Place of the clip whose largest vote is smallest; votes: (N, C), from 0 to 1."""
    sureness = np.asarray(votes).max(axis=1)
    try:
        place = int(mine)
    except (TypeError, ValueError):
        return f"one whole number is wanted, but this is a {type(mine).__name__}."
    if not 0 <= place < len(sureness):
        return f"votes has the rows 0 to {len(sureness) - 1}."
    if np.isclose(sureness[place], sureness.max()):
        return "of this one it is surest: look for the other end."
    if not np.isclose(sureness[place], sureness.min()):
        return (
            f"of clip {place} it is {100 * sureness[place]:.0f} % sure, and of others "
            "less. First the largest number of each row, then the row where that is "
            "smallest."
        )
    return None


@check
def learning_curve(mine, X, y, groups, shots, seed) -> str | None:
    """The default's `ccsav.summary` at several numbers of shots, over twenty episodes each."""
    if not isinstance(mine, pd.DataFrame) or "mean" not in mine:
        return "the table that ccsav.summary makes is wanted: pass it what ccsav.evaluate returns."
    there = mine.index.get_level_values("shots")
    absent = sorted(set(shots) - set(there))
    if absent:
        return f"the table lacks {absent} shots: give evaluate the whole list, shots={shots}."
    methods = {"default": CCSAVClassifier()}
    right = summary(evaluate(methods, X, y, groups, shots=shots, seed=seed, progress=False))
    if len(mine) != len(right):
        return f"{len(right)} rows are wanted, one per number of shots, but yours has {len(mine)}."
    if not (mine["episodes"] == right["episodes"].iloc[0]).all():
        return "take as many episodes as evaluate does unless it is told otherwise."
    return unlike(
        mine["mean"], right["mean"], "the numbers are of another method or of other episodes: "
        "take CCSAVClassifier() as it is, all of acts.X, and seed=seed."
    )  # fmt: skip


@check
def audio_tokens(mine, lalm: LALM, seconds) -> str | None:
    """How many audio tokens stand in the prompt for clips of these durations (s), in their order.

    For models without audio tokens: how many frames of the encoder they fill.
    """
    right = []
    for duration in seconds:
        silence = np.zeros(round(duration * lalm.rate), np.float32)
        inputs, frames = lalm.inputs([silence], [lalm.prompt()])
        token = getattr(lalm.model.config, "audio_token_id", None)
        count = frames[0] if token is None else (inputs["input_ids"] == token).sum()
        right.append(int(count))
    problem = unlike(mine, right, OTHER)
    if problem == OTHER:
        ratios = np.asarray(mine, float) / right
        if np.allclose(ratios, ratios[0], rtol=0.1):
            return f"all are about {ratios[0]:.3g} times what they should be: count the halvings."
        return "in proportion to the durations, but whole numbers: round as the model does."
    return problem


@check
def heads_of_layer(mine, lalm: LALM, waveform, question: str, layer: int) -> str | None:
    """Head vectors of one decoder layer at the last prompt token, (H, D)."""
    table = lalm.heads
    rows = table[(table["kind"] == "decoder") & (table["layer"] == layer)]
    right = lalm.head_vectors([waveform], question, rows)[0].numpy()  # (H, D)
    problem = unlike(mine, right, OTHER)
    if problem != OTHER:
        return problem
    mine = np.asarray(mine, float)
    if np.allclose(mine.T.reshape(right.shape), right, atol=1e-4):
        return "the numbers are there, but dealt out wrongly: heads lie one after the other."
    others = [n for n in table.loc[table["kind"] == "decoder", "layer"].unique() if n != layer]
    for other in others:
        rows = table[(table["kind"] == "decoder") & (table["layer"] == other)]
        if np.allclose(mine, lalm.head_vectors([waveform], question, rows)[0], atol=1e-4):
            return f"these are the heads of layer {other}, and layer {layer} is wanted."
    return "other numbers than the heads': is it o_proj's *input*, and the *last* position?"


@check
def contributions(mine, projection: torch.nn.Linear, vectors) -> str | None:
    """How long each head's part in its layer's output is, (H,), of head vectors (H, D).

    A part is the product of the head's columns of the projection's weight with its vector.
    """
    vectors = torch.as_tensor(vectors).float().cpu()
    weight = projection.weight.detach().float().cpu().unflatten(1, vectors.shape)  # (out, H, D)
    parts = torch.einsum("ohd,hd->ho", weight, vectors)  # (H, out)
    problem = unlike(mine, parts.norm(dim=1), OTHER)
    if problem != OTHER:
        return problem
    mine = np.asarray(mine, float)
    if np.allclose(mine, vectors.norm(dim=1), rtol=1e-3):
        return "these are the lengths of the head vectors, before the projection."
    if np.allclose(mine, parts.square().sum(1), rtol=1e-3):
        return "these are squares of lengths."
    return "multiply each head's D *columns* of the weight with its vector, then take the length."


@check
def leaked(mine, groups, support, query) -> str | None:
    """Share of the queries, 0 to 1, whose group also gave a support clip."""
    groups = np.asarray(groups)
    right = np.isin(groups[query], groups[support]).mean()
    if isinstance(mine, float | int) and np.isclose(mine, 1 - right) and not np.isclose(right, 0.5):
        return "that is the share of queries whose group did *not* give a support clip."
    return unlike(
        mine, right, "for each query ask whether its group is among groups[support], then take the "
        "mean of the answers."
    )  # fmt: skip


@check
def clear_differences(mine, mean, interval) -> str | None:
    """In how many cells a difference is clear: (above, below), its interval on one side of zero."""
    mean, interval = np.asarray(mean), np.asarray(interval)
    right = [(mean > interval).sum(), (mean < -interval).sum()]
    problem = unlike(mine, right, OTHER)
    if problem != OTHER:
        return problem
    if np.array_equal(mine, [(mean > 0).sum(), (mean < 0).sum()]):
        return "you counted signs: a difference is clear only if its whole interval has that sign."
    if np.array_equal(mine, right[::-1]):
        return "the other way round: first those above zero."
    return "clear above zero: mean - interval > 0; clear below: mean + interval < 0."
