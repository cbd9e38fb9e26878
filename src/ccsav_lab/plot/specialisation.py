"""Figures of who specialises in what: selectivity, likeness of classes, depth, tuning curves."""

from collections.abc import Mapping, Sequence
from string import ascii_letters

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator
from scipy import stats

from .heads import KIND_NAMES
from .listening import draw_spectrogram
from .style import COLOURS, LINES, MAP, MARKERS, STYLE

MOST_BARS = 12  # classes that a head's votes are shown for


def selectivity_ranks(selectivity: pd.Series, references: Mapping[str, np.ndarray]) -> Figure:
    """Heads from the least to the most selective, against what chance or made-up heads reach.

    selectivity: (K,), from 0 to 1, with the heads' names as index; the most selective is named.
    references: name → (n, K), selectivities of n other sets of K heads: the line is the median of
    each rank over the sets, the band holds 95 % of the sets.
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
    """How alike classes are, every class with every other, in the order given.

    similarity: (C, C), symmetric; the diagonal is left blank. families: class → family, shown as a
    lettered strip beside the classes; default: none. what: name of the colour scale.
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
    """Left of a matrix, a column of cells, one per row, with a letter and colour for its family."""
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
    """What heads do at every depth: a point per head, a line through the layers' means.

    values: name of the axis → (K,), from 0 up, a row of panels each; heads: table of the K heads
    (layer, kind), a column of panels per kind.
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
                own = (heads["kind"] == kind).to_numpy()
                layer, value_of = heads["layer"].to_numpy()[own], np.asarray(value)[own]
                mean = pd.Series(value_of).groupby(layer).mean()
                ax.plot(layer, value_of, MARKERS[i], ms=4, color=COLOURS[i], alpha=0.5)
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
    """Where in depth each class is known: the mean over every layer's heads, a panel per kind.

    table: (K, C), from 0 to 1, shown in per cent, classes in the order of the columns; heads:
    table of the K heads (layer, kind). A dot marks the best layer of each class in each panel.
    """
    kinds = list(heads["kind"].unique())
    means = {
        kind: 100 * table[own := (heads["kind"] == kind).to_numpy()].groupby(
            heads["layer"].to_numpy()[own]
        ).mean()
        for kind in kinds
    }  # fmt: skip
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
    """How heads respond as one thing about a sound changes: means over clips with 95 % intervals.

    responses: tidy table with the columns value, clip, head, response; see `explore.responses`.
    names: head → its name, one line each. xlabel: what is changed, with its unit. ylabel: what the
    response is; scale: what it is multiplied by. chance: where to draw the line of chance, before
    scaling. own: the values between which clips of the class themselves lie, shaded. log: a
    logarithmic axis of values.
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.6, 2.8))
        if own is not None:
            ax.axvspan(*own, color="0.92", zorder=0, label="the class's own range")
        for i, (head, name) in enumerate(names.items()):
            grouped = responses[responses["head"] == head].groupby("value")["response"]
            n = grouped.count()
            half = stats.t.ppf(0.975, (n - 1).clip(lower=1)) * grouped.std() / np.sqrt(n)
            style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i]}
            mean = scale * grouped.mean()
            ax.errorbar(mean.index, mean, scale * half, label=name, capsize=2, ms=5, **style)
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


def clip_board(
    rows: Mapping[str, Sequence[tuple[str, np.ndarray]]],
    rate: int,
    votes: pd.Series,
    title: str,
    true: str,
    recall: float,
) -> Figure:
    """One head and one class: clips in rows, as spectrograms, and beside them the head's votes.

    rows: heading → clips, each (title, waveform (samples,)); rate: Hz. votes: class → mean
    posterior of the head on clips of class `true`, from 0 to 1; the largest MOST_BARS are shown,
    and that of `true`, in a colour. title: of the votes. recall: of the head for that class.
    """
    columns = max(map(len, rows.values()))
    votes = votes.sort_values(ascending=False, kind="stable")
    shown = votes[votes.index.isin([*votes.index[:MOST_BARS], true])][::-1]
    with mpl.rc_context(STYLE):
        figure = plt.figure(figsize=(2.0 * columns + 3.8, 2.3 * len(rows)))
        left, right = figure.subfigures(1, 2, width_ratios=[2.0 * columns, 3.8])
        parts = np.atleast_1d(left.subfigures(len(rows), 1))
        for part, (heading, clips) in zip(parts, rows.items(), strict=True):
            part.suptitle(heading, x=0.01, ha="left", fontsize=11)
            axes = part.subplots(1, columns, sharey=True, squeeze=False)[0]
            for ax, (name, waveform) in zip(axes, clips, strict=False):
                draw_spectrogram(ax, waveform, rate)
                ax.set_title(name, fontsize=9)
            for ax in axes[len(clips) :]:
                ax.set_axis_off()
            axes[0].set_ylabel("frequency (kHz)")
        right.suptitle(title, x=0.02, ha="left", fontsize=11)
        ax = right.subplots()
        colours = [COLOURS[0] if name == true else "0.7" for name in shown.index]
        ax.barh(range(len(shown)), 100 * shown, color=colours)
        ax.axvline(100 / len(votes), color="0.4", linestyle=(0, (1, 2)), linewidth=1)
        ax.set_yticks(range(len(shown)), shown.index)
        for tick, name in zip(ax.get_yticklabels(), shown.index, strict=True):
            tick.set_fontweight("bold" if name == true else "normal")
        ax.set(xlim=(0, 100), xlabel=f"mean posterior (%); recall {100 * recall:.0f} %")
        ax.tick_params(axis="y", length=0)
    return figure
