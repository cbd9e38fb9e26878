"""What heads write: the part of the logits that each head adds by itself (direct attribution).

Shapes: B clips, K heads, L layers, C names, F the width of the residual stream. At the last prompt
token, the stream is a sum: the token's embedding, W_O v of each head, and what the MLPs write. The
final norm divides the sum by a number; kept at its value, all that follows is linear, so that the
logits are a sum over the same parts. Names stand for the first token that the model would say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import pandas as pd
import torch
from torch import nn

from ccsav.lalm.batch_inputs import given_modality
from ccsav.lalm.model import LALM
from ccsav_lab.residual_stream import Pass, last_position


@dataclass(frozen=True, eq=False)
class Writing:
    """Parts of the logits of the first tokens of C names, from `direct_attribution`.

    Attributes
    ----------
    heads : table of the K heads, all of the decoder.
    names : (C,)
    by_head : (B, K, C), what each head adds.
    by_mlp : (B, L, C), what each layer's MLP adds.
    embeddings : (B, C), of the last prompt token itself.
    biases : (B, C), of output projections, the final norm and the output layer.
    logits : (B, C), the model's own; the sum of all parts.
    """

    heads: pd.DataFrame
    names: np.ndarray
    by_head: np.ndarray
    by_mlp: np.ndarray
    embeddings: np.ndarray
    biases: np.ndarray
    logits: np.ndarray

    def rest(self) -> np.ndarray:
        """What is not written by heads, (B, C): embeddings, MLPs and biases."""
        return self.by_mlp.sum(axis=1) + self.embeddings + self.biases


def first_tokens(lalm: LALM, names: Sequence[str]) -> list[int]:
    """The token that each name begins with as the model's answer.

    Raises `ValueError` for names that begin with the same token, which no logit can tell apart.
    """
    tokenizer, texts = lalm.processor.tokenizer, [lalm.family.before_answer + n for n in names]
    tokens = [ids[0] for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]
    for i, token in enumerate(tokens):
        if token in tokens[:i]:
            first = names[tokens.index(token)]
            raise ValueError(
                f"{str(first)!r} and {str(names[i])!r} begin with the same token, "
                f"{tokenizer.decode([token])!r}: leave one of them out."
            )
    return tokens


def direct_attribution(
    lalm: LALM,
    waveforms: Sequence[np.ndarray] | None,
    names: Sequence[str],
    question: str | None = None,
    videos: Sequence[np.ndarray] | None = None,
    *,
    batch_size: int = 8,
) -> Writing:
    """What every head of the decoder adds to the logit of each name, for each clip.

    Parameters
    ----------
    lalm : from `load_lalm`; `ValueError` for families whose layers put a norm or more between a
        head and the stream (Gemma), since a head's part is then not defined.
    waveforms, question, videos : as in `LALM.head_vectors`, any number of clips.
    names : C of them, as in `first_tokens`.
    batch_size : clips in a forward pass.

    References
    ----------
    Elhage et al. 2021, A Mathematical Framework for Transformer Circuits.

    Examples
    --------
    >>> import ccsav, numpy as np
    >>> from ccsav_lab import writing
    >>> lalm, tone = ccsav.load_lalm("mini"), np.sin(0.2 * np.arange(16_000))
    >>> written = writing.direct_attribution(lalm, [tone], ["dog", "piano"])
    >>> total = written.by_head.sum(axis=1) + written.rest()
    >>> written.by_head.shape, np.allclose(total, written.logits, atol=1e-4)
    ((1, 48, 2), True)
    """
    tokens, heads, parts = first_tokens(lalm, names), lalm.select(None), []
    for passed in _passes(lalm, waveforms, question, videos, batch_size):
        passed.check_sum()
        scale, centred, bias = frozen_norm(passed.norm, passed.after[-1])
        rows = passed.unembedding[tokens]  # (C, F)
        d = passed.factor * rows * scale[:, None]  # (B, C, F): a logit's gradient in the stream
        d = d - d.mean(-1, keepdim=True) if centred else d
        rest = passed.factor * (bias @ rows.T + passed.output_bias[tokens])  # (C,)
        of_heads, of_biases = _of_projections(passed, heads, d)
        mlp = torch.einsum("bcf,lbf->blc", d, torch.stack(passed.mlps))
        start = torch.einsum("bcf,bf->bc", d, passed.before[0])
        parts.append((of_heads, mlp, start, of_biases + rest, passed.logits[:, tokens]))
    joined = [torch.cat(part).numpy() for part in zip(*parts, strict=True)]
    return Writing(heads, np.asarray(names), *joined)


def logit_lens(
    lalm: LALM,
    waveforms: Sequence[np.ndarray] | None,
    names: Sequence[str],
    question: str | None = None,
    videos: Sequence[np.ndarray] | None = None,
    *,
    batch_size: int = 8,
) -> np.ndarray:
    """Log-probability of each name's first token if the model stopped after each layer.

    Parameters
    ----------
    lalm, waveforms, names, question, videos, batch_size : as in `direct_attribution`.

    Returns
    -------
    np.ndarray
        (B, L + 1, C), among all tokens: before the first layer, then after each; the last is the
        model's own.
    """
    tokens, parts = first_tokens(lalm, names), []
    for passed in _passes(lalm, waveforms, question, videos, batch_size):
        depths = torch.stack([passed.before[0], *passed.after], dim=1)  # (B, L + 1, F)
        with torch.inference_mode():
            normed = passed.norm(depths.to(lalm.device, lalm.dtype)).float().cpu()
        logits = passed.factor * (normed @ passed.unembedding.T + passed.output_bias)
        parts.append(logits.log_softmax(-1)[..., tokens])
    return torch.cat(parts).numpy()


def accuracy_by_writing(by_head: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Balanced accuracy of each head if its answer is the name to which it adds most, (K,).

    Parameters
    ----------
    by_head : (N, K, C), from `direct_attribution`. Each head's mean over all clips is subtracted:
        what it adds to every clip alike says nothing about a clip.
    y : (N,), the right names, as places in C. Equally large names share a hit.
    """
    y = np.asarray(y)
    added = by_head - by_head.mean(axis=0)
    best = added >= added.max(axis=-1, keepdims=True)
    right = np.take_along_axis(best, y[:, None, None], axis=-1)[..., 0] / best.sum(-1)  # (N, K)
    return np.mean([right[y == c].mean(axis=0) for c in np.unique(y)], axis=0)


def frozen_norm(norm: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, bool, torch.Tensor]:
    """The final norm as a linear map, with what it divides by kept at its value for x.

    Parameters
    ----------
    norm : a layer norm, or one by the root mean square; `ValueError` for others.
    x : (B, F)

    Returns
    -------
    tuple
        scale (B, F), whether the mean over F is subtracted first, and bias (F,): norm(x) is
        scale · x + bias.
    """
    with torch.inference_mode():
        weight = next(norm.parameters())
        out = norm(x.to(weight)).float().cpu()
        if isinstance(norm, nn.LayerNorm):
            bias, centred = norm.bias.float().cpu(), x - x.mean(-1, keepdim=True)
            gain = norm.weight.float().cpu()
        else:
            bias, centred = torch.zeros(x.shape[-1]), x
            gain = norm(torch.ones(1, x.shape[-1]).to(weight)).float().cpu()[0]
    given = gain * centred
    scale = ((out - bias) * given).sum(-1, keepdim=True) / given.square().sum(-1, keepdim=True)
    gap = (scale * given + bias - out).abs().max() / out.abs().max()
    if gap > max(1e-4, 8 * torch.finfo(weight.dtype).eps):
        raise ValueError(f"{type(norm).__name__} is not a norm that can be kept at its value.")
    return scale * gain, isinstance(norm, nn.LayerNorm), bias


def _of_projections(passed, heads, d):
    """What heads and the biases of their projections add, (B, K, C) and (B, C)."""
    out, biases = torch.zeros(len(d), len(heads), d.shape[1]), torch.zeros(d.shape[:2])
    numbered = heads.assign(row=np.arange(len(heads)))
    for module, rows in numbered.groupby("module", sort=False):
        projection, dim = passed.model.get_submodule(module), rows["dim"].iloc[0]
        factor = passed.multiplier[module]
        back = factor * (d @ projection.weight.float().cpu())  # (B, C, H·dim)
        back = back.unflatten(-1, (-1, dim))
        added = torch.einsum("bchd,bhd->bhc", back, passed.vectors[module].unflatten(-1, (-1, dim)))
        out[:, rows["row"].tolist()] = added[:, rows["head"].tolist()]
        if projection.bias is not None:
            biases += factor * (d @ projection.bias.float().cpu())
    return out, biases


def _passes(lalm, waveforms, question, videos, batch_size) -> list[Pass]:
    """What each forward pass leaves at the last position, clips in their order."""
    prompt = lalm.prompt(question, given_modality(waveforms, videos))
    clips = videos if waveforms is None else waveforms
    for start in range(0, len(clips), 1 if lalm.family.equal_lengths else batch_size):
        part = slice(start, start + (1 if lalm.family.equal_lengths else batch_size))
        given = [x if x is None else x[part] for x in (waveforms, videos)]
        for _, (inputs, _) in lalm.passes(given[0], repeat(prompt), given[1]):
            yield last_position(lalm, inputs)
