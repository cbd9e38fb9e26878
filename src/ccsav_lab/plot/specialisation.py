"""Figures of lesson 04: selectivity, similarity of classes, depth, tuning curves."""

from collections.abc import Mapping
from string import ascii_letters

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator
from scipy import stats

from ccsav_lab.aligned import same_heads

from .heads import KIND_NAMES
from .style import COLOURS, LINES, MAP, MARKERS, STYLE


def selectivity_ranks(selectivity: pd.Series, references: Mapping[str, np.ndarray]) -> Figure:
    """Heads from the least to the most selective, beside reference sets of heads.

    Parameters
    ----------
    selectivity : (K,) Series
        From 0 to 1; the index names the heads, and the most selective head is labelled.
    references : mapping of str to (n, K) float
        Name → selectivities of n other sets of K heads. The line is the median of each rank over
        the sets, the band holds 95 % of the sets.
    """
    rank = np.arange(1, len(selectivity) + 1)
    ordered = selectivity.sort_values()
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.6, 3.1))
        ax.plot(rank, ordered, "o", ms=4, color=COLOURS[0], label="heads", zorder=3)
        for i, (name, values) in enumerate(references.items(), start=1):
            values = np.sort(np.atleast_2d(values), axis=1)  # (n, K)
            low, middle, high = np.percentile(values, [2.5, 50, 97.5], axis=0)
            ax.fill_between(rank, low, high, color=COLOURS[i], alpha=0.25, linewidth=0)
            ax.plot(rank, middle, color=COLOURS[i], linestyle=LINES[i], label=name)
        style = {"textcoords": "offset points", "ha": "right", "va": "bottom", "fontsize": 9}
        ax.annotate(ordered.index[-1], (rank[-1], ordered.iloc[-1]), (2, 4), **style)
        ax.set(xlabel="rank, from the least selective head", ylabel="selectivity", ylim=(0, 1))
        figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def class_matrix(
    similarity: pd.DataFrame, families: pd.Series | None = None, what: str = "correlation"
) -> Figure:
    """Similarity of every class with every other, in the order given.

    Parameters
    ----------
    similarity : (C, C) DataFrame
        Symmetric; the diagonal is left blank.
    families : Series, optional
        Class → family, shown as a strip of letters beside the classes; default: none.
    what : str
        Name of the colour scale.
    """
    values, n = similarity.to_numpy(float), len(similarity)
    values = np.where(np.eye(n, dtype=bool), np.nan, values)
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(3.0 + 0.19 * n, 1.6 + 0.19 * n))
        image = ax.imshow(values, cmap=MAP, vmin=min(0, np.nanmin(values)), interpolation="nearest")
        if families is not None:
            _strip(figure, ax, families.loc[similarity.index])
        ax.set_xticks(range(n), similarity.columns, rotation=90)
        ax.set_yticks(range(n), similarity.index)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        figure.colorbar(image, ax=ax, label=what, pad=0.02, shrink=0.7)
    return figure


def _strip(figure, ax, families):
    """Left of a matrix, a column of cells with a letter and a colour for the family of each row."""
    names = list(dict.fromkeys(families))
    colours = [(*COLOURS[i % len(COLOURS)], 0.45) for i in range(len(names))]
    letters = [ascii_letters[i % len(ascii_letters)] for i in range(len(names))]
    for row, family in enumerate(families):
        i = names.index(family)
        ax.add_patch(plt.Rectangle((-1.7, row - 0.5), 1, 1, facecolor=colours[i]))
        ax.text(-1.2, row, letters[i], ha="center", va="center", fontsize=9)
    ax.set_xlim(-1.7, len(families) - 0.5)
    keys = [
        Patch(facecolor=colour, label=f"{letter}  {name}")
        for colour, letter, name in zip(colours, letters, names, strict=True)
    ]
    figure.legend(
        handles=keys, loc="outside right center", frameon=False, fontsize=9, handlelength=0.8
    )


def depth_profile(values: Mapping[str, pd.Series], heads: pd.DataFrame) -> Figure:
    """Values of the heads by layer: a point per head, a line through the layers' means.

    Parameters
    ----------
    values : mapping of str to (K,) float
        Name of the axis → values from 0 up; a row of panels each.
    heads : DataFrame
        Table of the K heads (layer, kind); a column of panels per kind.
    """
    kinds = list(heads["kind"].unique())
    widths = [heads.loc[heads["kind"] == kind, "layer"].nunique() + 1 for kind in kinds]
    with mpl.rc_context(STYLE):
        size = (0.9 + 2.7 * len(kinds), 0.7 + 1.6 * len(values))
        figure, axes = plt.subplots(
            len(values), len(kinds), figsize=size, squeeze=False, sharey="row", sharex="col",
            width_ratios=widths,
        )  # fmt: skip
        for row, (name, value) in zip(axes, values.items(), strict=True):
            for i, (ax, kind) in enumerate(zip(row, kinds, strict=True)):
                of_kind = (heads["kind"] == kind).to_numpy()
                layer = heads["layer"].to_numpy()[of_kind]
                shown = np.asarray(same_heads(value, heads))[of_kind]
                mean = pd.Series(shown).groupby(layer).mean()
                ax.plot(layer, shown, MARKERS[i], ms=4, color=COLOURS[i], alpha=0.5)
                ax.plot(mean.index, mean, color=COLOURS[i], linestyle=LINES[i], linewidth=2)
                ax.set(ylim=(0, 1.08 * np.nanmax(value)), xticks=mean.index)
                ax.margins(x=0.12)
            row[0].set_ylabel(name)
        for ax, kind in zip(axes[0], kinds, strict=True):
            ax.set_title(KIND_NAMES.get(kind, kind))
        for ax in axes[-1]:
            ax.set_xlabel("layer")
    return figure


def depth_map(table: pd.DataFrame, heads: pd.DataFrame, what: str = "mean recall (%)") -> Figure:
    """Mean recall of each class over the heads of each layer: a panel per kind of head.

    A dot marks the best layer of each class in each panel.

    Parameters
    ----------
    table : (K, C) DataFrame
        Recalls, from 0 to 1; classes in the order of the columns.
    heads : DataFrame
        Table of the K heads (layer, kind).
    what : str
        Name of the colour scale.
    """
    kinds, table = list(heads["kind"].unique()), same_heads(table, heads)
    by_layer = 100 * table.groupby([heads["kind"].to_numpy(), heads["layer"].to_numpy()]).mean()
    means = {kind: by_layer.loc[kind] for kind in kinds}  # (layers, C) each
    high = max(mean.to_numpy().max() for mean in means.values())
    with mpl.rc_context(STYLE):
        widths = [max(len(mean), 4) for mean in means.values()]
        size = (2.6 + 0.44 * sum(widths), 1.3 + 0.24 * table.shape[1])
        figure, axes = plt.subplots(
            1, len(kinds), figsize=size, sharey=True, squeeze=False, width_ratios=widths
        )
        for ax, (kind, mean) in zip(axes[0], means.items(), strict=True):
            image = ax.imshow(
                mean.T, aspect="auto", cmap=MAP, vmin=0, vmax=high, interpolation="nearest"
            )
            best = mean.to_numpy().argmax(axis=0)
            ax.plot(best, range(len(best)), "o", ms=5, color="white", markeredgecolor="black")
            ax.set_xticks(range(len(mean)), mean.index)
            ax.set(title=KIND_NAMES.get(kind, kind).split()[0], xlabel="layer")
            ax.tick_params(length=0)
            ax.spines[:].set_visible(False)
        axes[0, 0].set_yticks(range(table.shape[1]), table.columns)
        figure.colorbar(image, ax=axes[0, -1], label=what, pad=0.04)
    return figure


def tuning_curves(
    responses: pd.DataFrame,
    names: Mapping[int, str],
    xlabel: str,
    *,
    ylabel: str = "posterior (%)",
    scale: float = 100.0,
    chance: float | None = None,
    own: tuple[float, float] | None = None,
    log: bool = True,
) -> Figure:
    """Responses of heads as one parameter of a sound changes: means over clips, 95 % intervals.

    Parameters
    ----------
    responses : DataFrame
        Columns value, clip, head, response; from `explore.responses`.
    names : mapping of int to str
        Head → its name; a line each.
    xlabel, ylabel : str
        The parameter and the response, with their units.
    scale : float
        The factor that responses are multiplied by.
    chance : float, optional
        Where the line of chance is drawn, before scaling.
    own : (float, float), optional
        Range of values that clips of the class have, shaded.
    log : bool
        Whether the axis of values is logarithmic.
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.6, 2.8))
        if own is not None:
            ax.axvspan(*own, color="0.92", zorder=0, label="the class's own range")
        for i, (head, name) in enumerate(names.items()):
            by_value = responses[responses["head"] == head].groupby("value")["response"]
            mean, half = _mean_and_interval(by_value)
            style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i]}
            ax.errorbar(
                mean.index, scale * mean, scale * half, label=name, capsize=2, ms=5, **style
            )
        if chance is not None:
            style = {"color": "0.4", "linestyle": (0, (1, 2)), "linewidth": 1}
            ax.axhline(scale * chance, label="chance", **style)
        if log:
            ax.set_xscale("log")
            ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.xaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_minor_locator(NullLocator())
        ax.set(xlabel=xlabel, ylabel=ylabel)
        if scale == 100:
            ax.set_ylim(-3, 103)
        figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def _mean_and_interval(grouped):
    """Mean of each group, and half its 95 % interval by Student's t."""
    n = grouped.count()
    half = stats.t.ppf(0.975, (n - 1).clip(lower=1)) * grouped.std() / np.sqrt(n)
    return grouped.mean(), half
