"""Activation patching: a head's vector from one clip in place of its vector on another clip.

Shapes: K heads, U units (heads, or the heads of a layer together), P pairs of clips. The measure is
the log-probability ratio of two names, log p(a) - log p(b), at the answer's first token.
"""

import copy
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

import numpy as np
import pandas as pd
import torch

from ccsav.lalm.batch_inputs import model_arguments
from ccsav.lalm.families import position_ids
from ccsav.lalm.model import LALM
from ccsav_lab.writing import first_tokens

UNITS, POSITIONS = ("head", "layer"), ("last", "all")
BY_TOKEN = ("input_ids", "attention_mask", "position_ids")  # arguments with a number per token


def patch_pairs(
    lalm: LALM,
    clean: Sequence[np.ndarray],
    corrupted: Sequence[np.ndarray],
    names: tuple[str, str],
    question: str | None = None,
    heads=None,
    *,
    unit: str = "head",
    positions: str = "last",
    batch_size: int = 64,
) -> pd.DataFrame:
    """How the ratio of two names changes when heads get their vectors of another clip.

    Parameters
    ----------
    lalm : from `load_lalm`.
    clean, corrupted : P waveforms each; vectors go from the clean clip into the corrupted one.
        Exchange them for the other direction.
    names : a and b, of the ratio log p(a) - log p(b); their first tokens differ.
    question : as in `LALM.prompt`.
    heads : of the decoder, as in `LALM.select`.
    unit : patch each "head" alone, or all chosen heads of one kind in a "layer" together.
    positions : "last" (the last prompt token alone, which costs one token for each unit), or "all",
        which needs clips of one duration.
    batch_size : units in a forward pass.

    Returns
    -------
    pd.DataFrame
        A row per pair. Columns: corrupted and clean, the ratios of both clips as they are; then the
        change of the corrupted clip's ratio by each unit: the head's index, or (kind, layer).

    Raises
    ------
    ValueError : for another unit or positions, heads of the encoder, or clips that do not fit.

    Examples
    --------
    >>> import ccsav, numpy as np
    >>> from ccsav_lab import patching
    >>> lalm, tone = ccsav.load_lalm("mini"), np.sin(0.2 * np.arange(16_000))
    >>> table = patching.patch_pairs(lalm, [tone], [0.1 * tone], ("dog", "siren"))
    >>> table.shape
    (1, 50)
    """
    if unit not in UNITS or positions not in POSITIONS:
        raise ValueError(f"unit={unit!r}, positions={positions!r}: choose of {UNITS}, {POSITIONS}.")
    rows = lalm.select(heads)
    if (rows["kind"] == "encoder").any():
        raise ValueError('heads has some of the encoder: choose heads="decoder" or "cross".')
    if len(clean) != len(corrupted):
        raise ValueError(
            f"{len(clean)} clean clips for {len(corrupted)} corrupted ones: pair them."
        )
    tokens, prompt = first_tokens(lalm, names), lalm.prompt(question)
    groups = rows.groupby(["kind", "layer"], sort=False).indices
    units = groups if unit == "layer" else {k: [i] for i, k in enumerate(rows.index)}
    run = _last_token_logits if positions == "last" else _all_tokens_logits
    found = []
    for pair in zip(clean, corrupted, strict=True):
        batches = _batches([None, *units.values()], batch_size)
        logits = torch.cat(list(run(lalm, pair, prompt, rows, batches)))[:, tokens]
        before, *after = (logits[:, 0] - logits[:, 1]).tolist()
        found.append([before, _ratio(lalm, pair[0], prompt, tokens), *np.subtract(after, before)])
    return pd.DataFrame(found, columns=["corrupted", "clean", *units])


def against_random(
    changes: pd.DataFrame, null: pd.DataFrame, n: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Whether units change the ratio more than the same units do with clips of any other kind.

    Parameters
    ----------
    changes, null : (P, U) and (Q, U), from `patch_pairs`; the columns corrupted and clean are left
        out. Null: clean clips that have nothing to do with the first name.
    n, seed : exchanges of pairs between both, and the seed of their draws.

    Returns
    -------
    pd.DataFrame
        A row per unit. change and null: means over pairs. p: the share of exchanges in which the
        difference of this unit is as large, in its standard deviations, on either side;
        p_corrected: in which that of any unit is (Westfall and Young 1993). The true division
        counts as one more.
    """
    changes, null = (
        t.drop(columns=["corrupted", "clean"], errors="ignore") for t in (changes, null)
    )
    both, size = np.concatenate([changes, null]), len(changes)
    if len(null) == 0 or len(both) < 4:
        raise ValueError(f"{size} pairs and {len(null)} random pairs: give two of each at least.")
    both = both / np.maximum(both.std(axis=0), 1e-9)
    rng, order = np.random.default_rng(seed), np.arange(len(both))
    orders = np.stack([order, *(rng.permutation(order) for _ in range(n))])
    first, second = both[orders[:, :size]].mean(axis=1), both[orders[:, size:]].mean(axis=1)
    reached = np.abs(first - second)  # (1 + n, U)
    true = reached[0] - 1e-9
    return pd.DataFrame(
        {
            "change": changes.mean(),
            "null": null.mean(),
            "p": (reached >= true).mean(axis=0),
            "p_corrected": (reached.max(axis=1, keepdims=True) >= true).mean(axis=0),
        }
    )


def _ratio(lalm, waveform, prompt, tokens) -> float:
    """The log-probability ratio of the two names for one clip."""
    inputs, _ = lalm.inputs([waveform], [prompt])
    with model_arguments(lalm, inputs) as arguments, torch.inference_mode():
        logits = lalm.model(**arguments, use_cache=False).logits[0, -1].float()
    return float(logits[tokens[0]] - logits[tokens[1]])


def _last_token_logits(lalm, pair, prompt, heads, batches):
    """Logits (n, V) for each batch of units, patched at the last prompt token.

    All but the last token of the corrupted clip's prompt is read once: patches at the last position
    do not change what stands before it.
    """
    clean, corrupted = (lalm.inputs([waveform], [prompt]) for waveform in pair)
    new = lalm.head_vectors_of(clean, heads)[0]  # (K, D)
    inputs, model = corrupted[0], lalm.model
    prefix = "" if "input_ids" in inputs else "decoder_"
    by_token = [f"{prefix}{name}" for name in BY_TOKEN]
    with model_arguments(lalm, inputs) as given, torch.inference_mode():
        start = given | {name: given[name][:, :-1] for name in by_token if name in given}
        read = model(**start, use_cache=True)
        mask, last = given[by_token[1]], given[by_token[0]][:, -1:]
        positions, shift = (
            position_ids(mask)[:, -1:],
            getattr(model.base_model, "rope_deltas", None),
        )
        if by_token[2] not in given and shift is not None:
            positions = (positions + shift.to(positions)).expand(3, -1, -1)  # time, row, column
        for units in batches:
            copies = partial(torch.repeat_interleave, repeats=len(units), dim=0)
            values = (copies(last), copies(mask))
            values = dict(zip(by_token[:2], values, strict=True))
            values[by_token[2]] = positions.repeat_interleave(len(units), dim=-2)
            if prefix:
                values["encoder_outputs"] = (copies(read.encoder_last_hidden_state),)
            cache = copy.deepcopy(read.past_key_values)
            cache.batch_repeat_interleave(len(units))
            with _patched(lalm, heads, units, new):
                yield (
                    model(**values, past_key_values=cache, use_cache=True)
                    .logits[:, -1]
                    .cpu()
                    .float()
                )


def _all_tokens_logits(lalm, pair, prompt, heads, batches):
    """Logits (n, V) for each batch of units, patched at all positions."""
    inputs, _ = lalm.inputs([pair[0]], [prompt])
    new = _vectors_everywhere(lalm, inputs, heads)  # (K, T, D)
    for units in batches:
        inputs, _ = lalm.inputs([pair[1]] * len(units), [prompt] * len(units))
        length = next(x for name, x in inputs.items() if name.endswith("input_ids")).shape[1]
        if length != new.shape[1]:
            raise ValueError(
                f"the clips' prompts have {new.shape[1]} and {length} tokens: for positions='all', "
                "cut both clips to one duration."
            )
        with (
            model_arguments(lalm, inputs) as arguments,
            _patched(lalm, heads, units, new),
            torch.inference_mode(),
        ):
            yield lalm.model(**arguments, use_cache=False).logits[:, -1].float().cpu()


def _vectors_everywhere(lalm, inputs, heads):
    """Head vectors of one clip at all positions, (K, T, D), on the CPU."""
    kept, width = {}, heads["dim"].max()
    with ExitStack() as stack, torch.inference_mode():
        for name in heads["module"].unique():

            def keep(_, args, name=name):
                kept[name] = args[0][0].float().cpu()  # (T, H·dim)

            module = lalm.model.get_submodule(name)
            stack.enter_context(module.register_forward_pre_hook(keep))
        with model_arguments(lalm, inputs) as arguments:
            lalm.model.base_model(**arguments, use_cache=False)
    parts = []
    for name, head, dim in heads[["module", "head", "dim"]].to_numpy():
        vectors = kept[name][:, head * dim : (head + 1) * dim]
        parts.append(torch.nn.functional.pad(vectors, (0, width - dim)))
    return torch.stack(parts)


def _patched(lalm, heads, units, new) -> ExitStack:
    """A context in which row i of a batch has the new vectors of unit i; a unit None has none."""
    stack, by_module = ExitStack(), {}
    for row, places in enumerate(units):
        for place in [] if places is None else places:
            head = heads.iloc[place]
            entry = (row, head["head"], new[place][..., : head["dim"]])
            by_module.setdefault(head["module"], (head["dim"], []))[1].append(entry)
    for module, (dim, entries) in by_module.items():
        hook = partial(_replace_rows, dim, entries)
        stack.enter_context(lalm.model.get_submodule(module).register_forward_pre_hook(hook))
    return stack


def _replace_rows(dim, entries, _, args):
    """A hook that puts vectors, (dim,) or (T, dim), in place of those of single rows and heads."""
    x = args[0].unflatten(-1, (-1, dim)).clone()  # (n, T, H, dim)
    for row, head, vector in entries:
        x[row, :, head] = vector.to(x)
    return (x.flatten(-2), *args[1:])


def _batches(items, size):
    """Lists of at most `size` items."""
    return [items[i : i + size] for i in range(0, len(items), size)]
