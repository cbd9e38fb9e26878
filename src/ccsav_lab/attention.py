"""Where heads look: the attention of the last prompt token, by token, by part and over time.

Shapes: B clips, K heads, T tokens of one clip. A head's attention is a softmax over the tokens: its
numbers are at least 0 and sum to 1. The model computes it for all pairs of positions; a hook keeps
the row of the last position alone, layer by layer.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import repeat

import numpy as np
import pandas as pd
import torch
from torch import nn

from ccsav.lalm.batch_inputs import given_modality, model_arguments
from ccsav.lalm.model import LALM
from ccsav_lab.prompt_parts import (
    PARTS,
    frame_table,
    prompt_table,
    seconds_per_token,
    text_around_question,
    true_tokens,
)

IMPLEMENTATION = "_attn_implementation"  # of a config in transformers: how attention is computed


@dataclass(frozen=True, eq=False)
class ClipAttention:
    """The attention of the last prompt token for one clip, from `last_token_attention`.

    Attributes
    ----------
    heads : table of the K heads.
    tokens : a row per token, T of them: token (its text), part (one of `PARTS`), begin and end
        (seconds from the start of the clip, of audio tokens; else NaN). After the prompt's tokens
        come the encoder's frames where heads of kind "cross" read these. "padding" is sound that
        the model gets after the clip's end and does not mask.
    weights : (K, T) float32, each row sums to 1.
    """

    heads: pd.DataFrame
    tokens: pd.DataFrame
    weights: np.ndarray


def last_token_attention(
    lalm: LALM,
    waveforms: Sequence[np.ndarray] | None,
    question: str | None = None,
    heads=None,
    videos: Sequence[np.ndarray] | None = None,
) -> list[ClipAttention]:
    """The attention of the last prompt token over all tokens, for each clip of a batch.

    Parameters
    ----------
    lalm : from `load_lalm`.
    waveforms, question, videos : as in `LALM.head_vectors`.
    heads : as in `LALM.select`; `ValueError` for heads of the encoder, which read no prompt.

    Examples
    --------
    >>> import ccsav, numpy as np
    >>> from ccsav_lab import attention
    >>> lalm, tone = ccsav.load_lalm("mini"), np.sin(0.2 * np.arange(16_000))
    >>> (seen,) = attention.last_token_attention(lalm, [tone], heads=[0, 47])
    >>> seen.weights.shape[1] == len(seen.tokens), seen.weights.sum(axis=1).round(3)
    (True, array([1., 1.], dtype=float32))
    """
    modality = given_modality(waveforms, videos)
    rows = lalm.select(heads, modality)
    if (rows["kind"] == "encoder").any():
        raise ValueError(
            "heads has some of the encoder, which have no last prompt token: choose heads of the "
            'decoder, such as heads="decoder".'
        )
    prompt, found = lalm.prompt(question, modality), {}
    ends = text_around_question(lalm, waveforms, prompt, videos)
    step = np.nan if waveforms is None else seconds_per_token(lalm)
    for clips, (inputs, _) in lalm.passes(waveforms, repeat(prompt), videos):
        kept = _last_rows(lalm, inputs, rows)
        for i, clip in enumerate(clips):
            seconds = 0 if waveforms is None else len(waveforms[clip]) / lalm.rate
            found[clip] = _one_clip(lalm, inputs, i, rows, kept, (ends, step, seconds))
    return [found[i] for i in sorted(found)]


def masses_by_part(
    lalm: LALM,
    waveforms: Sequence[np.ndarray] | None,
    question: str | None = None,
    heads=None,
    videos: Sequence[np.ndarray] | None = None,
    *,
    batch_size: int = 8,
) -> pd.DataFrame:
    """How much of each head's attention falls on audio, question and template, for every clip.

    Parameters
    ----------
    lalm, waveforms, question, heads, videos : as in `last_token_attention`; any number of clips.
    batch_size : clips in a forward pass.

    Returns
    -------
    pd.DataFrame
        A row per clip and head (index: clip, head), a column for each of `PARTS`; rows sum to 1.
        `.groupby("head").mean()` is the table of all heads.
    """
    clips, tables = videos if waveforms is None else waveforms, []
    for start in range(0, len(clips), batch_size):
        part = slice(start, start + batch_size)
        given = [x if x is None else x[part] for x in (waveforms, videos)]
        tables += map(by_part, last_token_attention(lalm, given[0], question, heads, given[1]))
    return pd.concat(dict(enumerate(tables)), names=["clip", "head"])


def by_part(seen: ClipAttention) -> pd.DataFrame:
    """Attention on each of `PARTS`, for one clip: a row per head, which sums to 1, (K, 5)."""
    part = seen.tokens["part"].to_numpy()
    masses = {name: seen.weights[:, part == name].sum(axis=1) for name in PARTS}
    return pd.DataFrame(masses, index=seen.heads.index)


def over_time(seen: ClipAttention, edges: np.ndarray) -> np.ndarray:
    """Attention on the clip's sound in bins of time, (K, bins); a row sums to "audio" at most.

    Parameters
    ----------
    seen : of one clip.
    edges : (bins + 1,), seconds. A token that lies in several bins is shared among them by time.
    """
    own = (seen.tokens["part"] == "audio").to_numpy()
    begin, end = (seen.tokens.loc[own, name].to_numpy() for name in ("begin", "end"))
    edges = np.asarray(edges, float)
    inside = np.minimum(end[:, None], edges[1:]) - np.maximum(begin[:, None], edges[:-1])
    share = inside.clip(0) / (end - begin)[:, None]  # (T, bins)
    return seen.weights[:, own] @ share


def class_profiles(
    clips: Sequence[ClipAttention], labels: Sequence[str], edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Attention over time, mean over the clips of each class.

    Parameters
    ----------
    clips : N, of the same K heads.
    labels : (N,), their classes.
    edges : as in `over_time`.

    Returns
    -------
    tuple
        Names of the classes, (C,), and profiles, (C, K, bins).
    """
    profiles = np.stack([over_time(seen, edges) for seen in clips])  # (N, K, bins)
    names, y = np.unique(labels, return_inverse=True)
    return names, np.stack([profiles[y == c].mean(axis=0) for c in range(len(names))])


@contextmanager
def eager_attention(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Inside a `with` block, these attention modules also return their attention, (B, H, T, T)."""
    configs = {id(module.config): module.config for module in modules}
    before = {key: getattr(config, IMPLEMENTATION) for key, config in configs.items()}
    try:
        for config in configs.values():
            setattr(config, IMPLEMENTATION, "eager")
        yield
    finally:
        for key, config in configs.items():
            setattr(config, IMPLEMENTATION, before[key])


def _last_rows(lalm, inputs, heads) -> dict:
    """The last query's attention of each layer that has heads: module → (B, H, S), on the CPU."""
    names = heads["module"].str.rpartition(".")[0].unique()
    modules, kept = {name: lalm.model.get_submodule(name) for name in names}, {}

    def keep(name, _, args, output):
        if output[1] is None:
            raise RuntimeError(f"{name} gives no attention: this kind of layer keeps none.")
        kept[name] = output[1][:, :, -1].float().cpu()  # (B, H, S)

    with ExitStack() as stack, torch.inference_mode():
        stack.enter_context(eager_attention(list(modules.values())))
        for name, module in modules.items():
            stack.enter_context(module.register_forward_hook(partial(keep, name)))
        with model_arguments(lalm, inputs) as arguments:
            lalm.model.base_model(**arguments, use_cache=False)
    return kept


def _one_clip(lalm, inputs, i, heads, kept, about) -> ClipAttention:
    """The attention of clip i, without the tokens that pad its prompt."""
    (ends, step, seconds), cross = about, (heads["kind"] == "cross").to_numpy()
    ids, true = true_tokens(inputs, i)
    tokens = prompt_table(lalm, ids[true], ends, step, seconds)
    size = len(tokens)
    if cross.any():
        module = heads["module"][cross].iloc[0].rpartition(".")[0]
        frames = kept[module].shape[-1]
        tokens = pd.concat([tokens, frame_table(frames, lalm.window / frames, seconds)])
    weights = np.zeros((len(heads), len(tokens)), np.float32)
    for k, (kind, head, module) in enumerate(heads[["kind", "head", "module"]].to_numpy()):
        row = kept[module.rpartition(".")[0]][i, head].numpy()  # (S,)
        if kind == "cross":
            weights[k, size:] = row
        else:
            weights[k, :size] = row[true]
    return ClipAttention(heads, tokens.reset_index(drop=True), weights)
