"""Specialists: heads that find a class better than the head and the class alone would explain.

Shapes: N clips, K heads, C classes, n shuffles. The groups of clips are divided into two halves,
which share nothing. In each half, a head's hit on a clip is 1 if the nearest prototype, made from
the half's other groups, is that of its class. From each hit, the clip's mean over heads and the
head's mean over classes are subtracted; the mean of the rest over the clips of a class is the
interaction of head and class (as in `specialise.interaction`). Prototypes are made from few clips,
and one that is good by luck raises all hits of its head and class in a half: only what both halves
show counts.
"""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ccsav.extraction.activations import HeadActivations
from ccsav_lab import specialise
from ccsav_lab.shuffles import shuffled_labels

LEVEL = 0.05  # of the corrected p at which a pair of head and class counts


def specialists(
    acts: HeadActivations, n: int = 1000, seed: int = 0, *,
    label: str | None = None, divisions: int = 10, progress: bool = True,
) -> pd.DataFrame:  # fmt: skip
    """Every head × class: recall, how much of it is specialisation, and whether that is chance.

    Parameters
    ----------
    acts : N labelled clips, K heads; every class needs four groups, or clips.
    n : shuffles. In each half, classes are exchanged between groups, and within groups that have
        several, so that what a clip's hits have in common stays with it.
    seed : of the halves and of the shuffles.
    label : keep the rows of this class alone; the correction is over all heads and classes.
    divisions : into other halves, for the column reliability.
    progress : show a bar.

    Returns
    -------
    pd.DataFrame
        A row per (head, class); `in_words` says how many there are, `plot.specialists_map` shows
        them. recall: from 0 to 1. expected: head mean + class mean - grand
        mean. excess: recall - expected, the interaction. ratio: recall over head mean × class mean
        / grand mean. All are means of both halves. p: share of shuffles in which this head and
        class have as much excess in both halves, in standard errors; shuffles are widened to the
        differences that the halves show, which also have the luck of prototypes in them, and
        each class is measured by what its own shuffles reach.
        p_corrected: share in which any head and class has; the probability of one or more false
        specialists is about as large, and larger where a class has fewer than three groups in a
        half. The true classes count as one more shuffle. by_luck: share of shuffles in which this
        head and class would pass at p_corrected = 0.05. low, high: 95 % interval of the excess,
        by the spread between clips, widened as the shuffles are. reliability: split-half, of this
        head's excess for this class; 1: all halves show the same, 0: they have nothing in common.

    References
    ----------
    Westfall and Young 1993, Resampling-Based Multiple Testing.

    Examples
    --------
    >>> import ccsav
    >>> from ccsav_lab import interactions
    >>> from ccsav_lab.sounds import tasks
    >>> clips = tasks.make(["dog", "siren", "rain"], clips=8, progress=False)
    >>> acts = ccsav.extract(ccsav.load_lalm("mini"), clips, progress=False)
    >>> table = interactions.specialists(acts, n=100, progress=False)
    >>> table.loc[(0, "dog")].index.tolist()[:6]
    ['recall', 'expected', 'excess', 'ratio', 'p', 'p_corrected']
    >>> interactions.in_words(table).partition(" of ")[2].partition(" (")[0]
    '144 pairs of head and class are specialists'
    """
    if n < 1 or divisions < 1:
        raise ValueError(
            f"n={n}: shuffle at least once; divisions={divisions}: divide at least once."
        )
    if label is not None and label not in acts.labels[np.unique(acts.y)]:
        raise ValueError(f"label={label!r}: choose one of {acts.labels.tolist()}.")
    reached, nulls, recalls, errors = [], [], [], []
    for half, part in enumerate(halves_of(acts, seed)):
        found, y, groups, names = specialise.hits_by_head(part)  # (K, N)
        recalls.append(_class_means(found, y))
        profiles = found - found.mean(axis=0)
        profiles -= recalls[-1].mean(axis=1, keepdims=True) - recalls[-1].mean()
        errors.append(_errors(profiles, y))
        reached.append(_class_means(profiles, y) / errors[-1])
        shuffled = shuffled_labels(y, groups, n, seed + half)
        bar = tqdm(shuffled, desc=f"shuffled classes, half {half + 1}", disable=not progress)
        nulls.append(
            np.stack([_class_means(profiles, codes) / _errors(profiles, codes) for codes in bar])
        )  # (n, K, C)
    luck = np.std(reached[0] - reached[1]) / np.std(nulls[0] - nulls[1])  # of prototypes too
    null = max(1.0, luck) * np.minimum(*nulls)
    large = np.quantile(null, 0.99, axis=(0, 1))  # (C,): by luck; larger for classes of few clips
    null, reached = null / large, np.minimum(*reached) / large - specialise.TIE
    largest = null.max(axis=(1, 2))  # (n,)
    passes = {"p": null >= reached, "p_corrected": largest[:, None, None] >= reached}
    p = {name: (1 + as_good.sum(axis=0)) / (1 + n) for name, as_good in passes.items()}
    p["by_luck"] = (null >= np.quantile(largest, 0.95)).mean(axis=0)
    reach = 1.96 * max(1.0, luck) * np.sqrt(errors[0] ** 2 + errors[1] ** 2) / 2
    p |= {"reach": reach, "reliability": _cell_reliability(acts, divisions, seed)}
    table = _table(np.mean(recalls, axis=0), p, acts.heads.index, names)
    return table if label is None else table.xs(label, level="class", drop_level=False)


def in_words(table: pd.DataFrame) -> str:
    """One sentence: how many specialists a table of `specialists` has, and how many by luck."""
    found, luck = int((table["p_corrected"] <= LEVEL).sum()), table["by_luck"].sum()
    return (
        f"{found} of {len(table)} pairs of head and class are specialists (p ≤ {LEVEL:g}, "
        f"corrected over all pairs); with shuffled classes it is {luck:.2g} on average."
    )


def split_half(acts: HeadActivations, n: int = 10, seed: int = 0) -> pd.Series:
    """How well the interactions of head and class agree between two halves of the clips.

    Parameters
    ----------
    acts : as in `specialists`.
    n : divisions into halves.
    seed : of the divisions.

    Returns
    -------
    pd.Series
        interaction: correlation of the two halves' interactions over all heads and classes, mean
        over divisions. reliable share: of the variance of recalls that both halves agree on, the
        part that is interaction; the rest is that some heads are better, and some classes easier.
    """
    agreed = []
    for division in range(n):
        found = [specialise.hits_by_head(part)[:2] for part in halves_of(acts, seed + division)]
        recalls = [_class_means(*pair) for pair in found]
        parts = [specialise.interaction(pd.DataFrame(x)).to_numpy() for x in recalls]
        both = np.mean(parts[0] * parts[1])
        whole = np.mean(np.prod([x - x.mean() for x in recalls], axis=0))
        agreed.append((both / (parts[0].std() * parts[1].std()), both / whole))
    return pd.Series(np.mean(agreed, axis=0), index=["interaction", "reliable share"])


def halves_of(acts: HeadActivations, seed: int = 0) -> list[HeadActivations]:
    """About half of the clips and the others; groups stay whole, every class is in both.

    Raises `ValueError` for a class that has not two groups (or clips) for each half.
    """
    rng = np.random.default_rng(seed)
    groups = np.arange(len(acts.y)) if acts.groups is None else acts.groups
    kinds = {}  # groups that have clips of the same classes
    for group in np.unique(groups):
        kinds.setdefault(tuple(np.unique(acts.y[groups == group])), []).append(group)
    chosen = [own[: len(own) // 2] for own in map(rng.permutation, kinds.values())]
    mask = np.isin(groups, np.concatenate(chosen))
    for c, side in itertools.product(np.unique(acts.y), (mask, ~mask)):
        if len(np.unique(groups[side & (acts.y == c)])) < 2:
            raise ValueError(
                f"the clips of class {str(acts.labels[c])!r} cannot be divided into two halves "
                "of two groups each: add clips, leave the class out, or give finer groups."
            )
    own = [None if acts.groups is None else groups[side] for side in (mask, ~mask)]
    return [
        replace(acts, X=acts.X[side], y=acts.y[side], groups=of, table=acts.table[side])
        for side, of in zip((mask, ~mask), own, strict=True)
    ]


def _table(recall, columns, heads, names) -> pd.DataFrame:
    """The table of `specialists`, a row per head and class."""
    excess = specialise.interaction(pd.DataFrame(recall)).to_numpy()
    product = np.outer(recall.mean(axis=1), recall.mean(axis=0)) / recall.mean()
    reach = columns.pop("reach")
    columns = {
        "recall": recall,
        "expected": recall - excess,
        "excess": excess,
        "ratio": recall / np.maximum(product, 1e-12),
        **columns,
        "low": excess - reach,
        "high": excess + reach,
    }
    index = pd.MultiIndex.from_product([heads, names], names=["head", "class"])
    return pd.DataFrame({name: x.ravel() for name, x in columns.items()}, index=index)


def _cell_reliability(acts, divisions, seed) -> np.ndarray:
    """Mean product of both halves' excess over its mean square, (K, C), from -1 to 1."""
    products, squares = [], []
    for division in range(divisions):
        found = [specialise.hits_by_head(part)[:2] for part in halves_of(acts, seed + division)]
        recalls = [pd.DataFrame(_class_means(*pair)) for pair in found]
        first, second = (specialise.interaction(recall).to_numpy() for recall in recalls)
        products.append(first * second)
        squares.append((first**2 + second**2) / 2)
    return np.mean(products, axis=0) / np.maximum(np.mean(squares, axis=0), 1e-12)


def _errors(profiles: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Standard errors of the profiles' class means, (K, N), (N,) → (K, C).

    To each error the median of all is added, in squares: the smallest are small by luck.
    """
    mean, square = _class_means(profiles, y), _class_means(profiles**2, y)
    variance = (square - mean**2).clip(0) / (np.bincount(y) - 1).clip(1)
    return np.sqrt(variance + np.median(variance) + 1e-12)


def _class_means(values: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Means over the clips of each class, (K, N), (N,) → (K, C)."""
    share = np.eye(y.max() + 1)[y]
    return values @ (share / share.sum(0))
