"""Figures of lesson 12: which sense tells what, which heads hear and see, and which sense wins."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import binomtest

from ccsav_lab.aligned import same_heads
from ccsav_lab.videos import KINDS

from .style import COLOURS, LINES, MAP, MARKERS, STYLE, draw_level

SIGNED = "RdBu_r"  # of differences: white at zero
MAPS = {  # column of a table of heads → title, how the numbers are written
    "hears": ("hears: told by sound,\ngiven sound alone (%)", ".0f"),
    "sees": ("sees: told by sight,\ngiven sight alone (%)", ".0f"),
    "gain": ("gains from both:\ntold by both (points)", "+.0f"),
}


def accuracy_by_kind(
    table: pd.DataFrame, expected: pd.DataFrame, chance: float, modalities: Sequence[str]
) -> Figure:
    """Recall by kind of class, a marker per modality, with 95 % intervals over episodes.

    Parameters
    ----------
    table : DataFrame
        Index (kind, modality), columns mean and interval, from 0 to 1.
    expected : DataFrame
        A row per kind, a column per modality, from 0 to 1: drawn as a short grey line.
    chance : float
        From 0 to 1.
    modalities : sequence of str
        Their order.
    """
    kinds = list(expected.index)
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.8, 3.4))
        for i, modality in enumerate(modalities):
            x = np.arange(len(kinds)) + 0.22 * (i - (len(modalities) - 1) / 2)
            part = 100 * table.xs(modality, level="modality").loc[kinds]
            style = {"color": COLOURS[i], "fmt": MARKERS[i], "ms": 6, "capsize": 3}
            ax.errorbar(x, part["mean"], part["interval"], label=f"given {modality}", **style)
            level = 100 * expected[modality]
            label = "a perfect sense, guessing the rest" if i == 0 else None
            ax.hlines(level, x - 0.09, x + 0.09, color="0.5", linewidth=2, zorder=0, label=label)
        draw_level(ax, "guessing", chance)
        ax.set(ylabel="recall (%)", ylim=(0, 102), xlim=(-0.6, len(kinds) - 0.25))
        ax.set_xticks(range(len(kinds)), [f"told by {kind}" for kind in kinds])
        figure.legend(loc="outside lower center", frameon=False, ncols=2)
    return figure


def sense_maps(scores: pd.DataFrame, heads: pd.DataFrame) -> Figure:
    """What each head hears, sees, and gains from both, on layer × head grids.

    Parameters
    ----------
    scores : (K, 3) DataFrame
        Columns hears, sees, gain, from 0 to 1; the gain may be below 0.
    heads : DataFrame
        Table of the K heads (layer, head).
    """
    values = 100 * same_heads(scores, heads)[list(MAPS)].set_axis(heads.index)
    limit, top = values["gain"].abs().max(), values[["hears", "sees"]].to_numpy().max()
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(10.2, 3.2))
        for ax, (column, (title, form)) in zip(axes, MAPS.items(), strict=True):
            grid = heads.assign(x=values[column]).pivot(index="layer", columns="head")["x"]
            look = {"cmap": MAP, "vmin": 0, "vmax": top}
            if column == "gain":
                look = {"cmap": SIGNED, "vmin": -limit, "vmax": limit}
            written = {"annot": grid.size <= 64, "fmt": form, "annot_kws": {"fontsize": 8}}
            sns.heatmap(grid, ax=ax, linewidths=0.5, **look, **written)
            ax.set(title=title, xlabel="head", ylabel="decoder layer")
            ax.invert_yaxis()
            ax.tick_params(length=0, rotation=0)
    return figure


def hearing_and_seeing(scores: pd.DataFrame, layers: Sequence[int], guess: float) -> Figure:
    """Left: each head's hearing against its seeing. Right: its gain from both, with intervals.

    Parameters
    ----------
    scores : (K, ...) DataFrame
        Columns hears, sees, gain, interval and interval_of_all, from 0 to 1; a row per head.
    layers : (K,) int
        Layer of each head: the colour of its point.
    guess : float
        Recall of a head that tells nothing, from 0 to 1: the dotted lines.
    """
    values, layers = 100 * scores, np.asarray(layers)
    with mpl.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.5), width_ratios=(1, 1.5))
        look = {"c": layers, "cmap": MAP, "s": 34, "edgecolor": "0.3", "linewidth": 0.4}
        points = left.scatter(values["hears"], values["sees"], zorder=3, clip_on=False, **look)
        for line in (left.axvline, left.axhline):
            line(100 * guess, color="0.4", linestyle=(0, (1, 2)), linewidth=1)
        left.set(xlim=(0, 100), ylim=(0, 100), aspect="equal", title="who hears, who sees")
        left.set(xlabel="told by sound, given sound (%)", ylabel="told by sight, given sight (%)")
        figure.colorbar(points, ax=left, label="decoder layer", shrink=0.8)
        order = values["gain"].to_numpy().argsort(kind="stable")[::-1]
        drawn, x = values.iloc[order], np.arange(len(values))
        thin = {"color": "0.65", "elinewidth": 1, "fmt": "none"}
        thin["label"] = f"95 % of studies, all {len(values)} heads"
        right.errorbar(x, drawn["gain"], drawn["interval_of_all"], **thin)
        thick = {"color": COLOURS[0], "elinewidth": 2.2, "fmt": "o", "ms": 3.5}
        right.errorbar(x, drawn["gain"], drawn["interval"], label="95 %, one head", **thick)
        right.axhline(0, color="0.4", linewidth=1)
        right.set(xlabel="heads, in order", ylabel="gain over the better sense (points)", xticks=[])
        right.set_title("classes that only both senses tell")
        right.legend(frameon=False, fontsize=9)
    return figure


def weights_by_modality(
    weights: Mapping[str, np.ndarray], labels: Sequence[str], kinds: Sequence[str], heads
) -> Figure:
    """Weight of every head for every class, a panel per modality; classes in order of kind.

    Parameters
    ----------
    weights : modality → (K, C) float
        Each column sums to 1; shown in per cent, on one scale that ends at their 99th percentile.
    labels, kinds : (C,) str
        Classes and what tells them.
    heads : DataFrame
        Table of the K heads (layer).
    """
    order = np.argsort([KINDS.index(kind) for kind in kinds], kind="stable")
    shown = {name: 100 * w[:, order].T for name, w in weights.items()}
    top = np.quantile(np.stack(list(shown.values())), 0.99)
    names = [f"{labels[c]} ({kinds[c]})" for c in order]
    ends = np.flatnonzero(np.asarray(kinds)[order][1:] != np.asarray(kinds)[order][:-1]) + 0.5
    layers = heads["layer"].to_numpy()
    starts = np.flatnonzero(np.diff(layers, prepend=-1))
    with mpl.rc_context(STYLE):
        size = (8.6, 0.9 + len(shown) * (0.5 + 0.16 * len(names)))
        figure, axes = plt.subplots(len(shown), 1, figsize=size, sharex=True, squeeze=False)
        for ax, (name, values) in zip(axes[:, 0], shown.items(), strict=True):
            look = {"cmap": MAP, "vmin": 0, "vmax": top, "interpolation": "nearest"}
            image = ax.imshow(values, aspect="auto", **look)
            for start in starts[1:]:
                ax.axvline(start - 0.5, color="white", linewidth=1)
            for end in ends:
                ax.axhline(end, color="white", linewidth=2)
            ax.set_title(f"given {name}")
            ax.set_yticks(range(len(names)), names, fontsize=8)
            ax.tick_params(length=0)
            ax.spines[:].set_visible(False)
        centres = (np.r_[starts[1:], len(layers)] + starts - 1) / 2
        axes[-1, 0].set_xticks(centres, layers[starts])
        axes[-1, 0].set_xlabel("heads, by decoder layer")
        figure.colorbar(image, ax=axes, label="weight (%)", extend="max", aspect=30, pad=0.02)
    return figure


def right_by_silence(right: Mapping[str, pd.DataFrame]) -> Figure:
    """Right answers in words with heads silenced: a row per set of heads, a marker per question.

    Whiskers are 95 % intervals over clips (Wilson's).

    Parameters
    ----------
    right : mapping of str to (N, S) DataFrame
        Question → whether each clip was answered rightly, a bool column per set of heads.
    """
    sets = list(next(iter(right.values())))
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.8, 1.2 + 0.42 * len(sets)))
        for i, (question, table) in enumerate(right.items()):
            tests = [binomtest(int(table[name].sum()), len(table)) for name in sets]
            ends = 100 * np.array([test.proportion_ci(method="wilson") for test in tests])  # (S, 2)
            mean, y = 100 * table.mean().to_numpy(), np.arange(len(sets)) + 0.22 * (i - 0.5)
            wide = np.abs(ends.T - mean)
            style = {"fmt": MARKERS[i], "color": COLOURS[i], "ms": 6, "capsize": 3}
            ax.errorbar(mean, y, xerr=wide, label=question, **style)
        ax.set(xlim=(-2, 102), ylim=(len(sets) - 0.5, -0.5), xlabel="right answers in words (%)")
        ax.set_yticks(range(len(sets)), sets)
        ax.tick_params("y", length=0)
        figure.legend(loc="outside lower center", frameon=False, ncols=2)
    return figure


def accuracy_by_step(tables: Mapping[str, Mapping[str, pd.DataFrame]], chance: float) -> Figure:
    """Accuracy as one sense gets worse: a column per way, a row per table of lines.

    Parameters
    ----------
    tables : mapping of str to mapping of str to DataFrame
        What is changed (and its unit) → name of the row → accuracy from 0 to 1: a row per step,
        from the clear clip to the worst, a column per line.
    chance : float
        From 0 to 1.
    """
    rows = list(next(iter(tables.values())))
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(rows), len(tables), figsize=(8.6, 0.6 + 2.4 * len(rows)), sharey=True, squeeze=False
        )
        for column, (what, by_row) in zip(axes.T, tables.items(), strict=True):
            for r, (ax, name) in enumerate(zip(column, rows, strict=True)):
                for i, (line, values) in enumerate(by_row[name].items(), start=3 * r):
                    look = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i % 3]}
                    ax.plot(range(len(values)), 100 * values, ms=5, label=line, **look)
                draw_level(ax, "guessing", chance, xytext=(0, -2), va="top")
                ax.set(ylim=(0, 102))
                ax.set_xticks(range(len(values)), [f"{step:g}" for step in values.index])
            column[-1].set_xlabel(what)
        for ax, name in zip(axes[:, 0], rows, strict=True):
            ax.set_ylabel(f"{name} (%)")
        for ax in axes[:, -1]:
            ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=9)
    return figure


def winning_sense(shares: pd.DataFrame, clips: int) -> Figure:
    """Answers about clips whose sight and sound disagree: as seen, as heard, or neither.

    Parameters
    ----------
    shares : DataFrame
        A row per voter, a column per kind of answer, from 0 to 1; a row sums to 1.
    clips : int
        Their number.
    """
    colours = (COLOURS[1], COLOURS[0], "0.8")
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(7.2, 1.1 + 0.36 * len(shares)))
        left = np.zeros(len(shares))
        for i, kind in enumerate(shares):
            width = 100 * shares[kind].to_numpy()
            ax.barh(range(len(shares)), width, 0.65, left, color=colours[i], label=kind)
            for y in np.flatnonzero(width >= 6):
                place = {"ha": "center", "va": "center", "color": "white" if i == 1 else "black"}
                ax.text(left[y] + width[y] / 2, y, f"{width[y]:.0f}", **place)
            left += width
        ax.set(xlim=(0, 100), ylim=(len(shares) - 0.5, -0.5))
        ax.set_xlabel(f"answers about {clips} mismatched clips (%)")
        ax.set_yticks(range(len(shares)), shares.index)
        ax.tick_params("y", length=0)
        figure.legend(loc="outside upper center", frameon=False, ncols=3)
    return figure
