"""Figures of labels that may be wrong: how many there are, and what they do."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import COLOURS, LINES, MAP, MARKERS, STYLE

DOTS = (0, (1, 2))  # the dash of chance lines


def accuracies(table: pd.DataFrame, what: str = "right (%)") -> Figure:
    """Shares with their 95 % intervals, one line each, and chance as a bar across it.

    table: the index names the lines; columns low, mean and high, and chance where it is known,
    from 0 to 1. what: the axis.
    """
    at = np.arange(len(table))
    values = 100 * table
    reach = np.abs([values["mean"] - values["low"], values["high"] - values["mean"]])
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(5.6, 0.9 + 0.3 * len(table)))
        ax.errorbar(values["mean"], at, xerr=reach, fmt="o", ms=5, color=COLOURS[0], capsize=2)
        if "chance" in table:
            ax.plot(values["chance"], at, "|", ms=12, mew=1.5, color="0.4", label="chance")
            ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        ax.set_yticks(at, table.index)
        ax.set(xlabel=what, xlim=(0, 100), ylim=(len(table) - 0.5, -0.5))
    return figure


def by_threshold(table: pd.DataFrame) -> Figure:
    """What is left of labels, and how much of it is right, as the threshold rises.

    table: the index is the threshold, from 0 to 1; columns name (low, mean, high) triples on two
    levels, from 0 to 1, a line each.
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.4, 3.2))
        for i, name in enumerate(table.columns.unique(0)):
            line = 100 * table[name]
            style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i]}
            ax.plot(table.index, line["mean"], label=name, ms=5, **style)
            ax.fill_between(table.index, line["low"], line["high"], color=COLOURS[i], alpha=0.2)
        ax.set(xlabel="confidence, at least", ylabel="share (%)", ylim=(0, 102))
        ax.set_xticks(table.index, [f"{t:g}" for t in table.index])
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def kept_by_class(kept: pd.DataFrame) -> Figure:
    """Share of each class's clips that is left at each threshold, as a map with numbers.

    kept: a row per class, a column per threshold, from 0 to 1; drawn in the order given.
    """
    with mpl.rc_context(STYLE):
        size = (2.8 + 0.62 * kept.shape[1], 1.0 + 0.27 * len(kept))
        figure, ax = plt.subplots(figsize=size)
        sns.heatmap(
            100 * kept, annot=True, fmt=".0f", cmap=MAP, vmin=0, vmax=100, linewidths=0.5, ax=ax,
            cbar_kws={"label": "of the class's clips (%)"}, annot_kws={"fontsize": 9},
        )  # fmt: skip
        ax.set(xlabel="confidence, at least", ylabel="true class")
        ax.tick_params(length=0)
        ax.tick_params("y", rotation=0)
        ax.set_xticks(ax.get_xticks(), [f"{t:g}" for t in kept.columns])
    return figure


def by_wrong_labels(summary: pd.DataFrame, n_classes: int) -> Figure:
    """Accuracy against the share of wrong labels, a line per method.

    summary: index (method, share), columns mean and interval, from 0 to 1; whiskers are 95 %
    intervals. n_classes: draws the line of chance.
    """
    methods = summary.index.unique(0)
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.4, 3.4))
        for i, method in enumerate(methods):
            line = 100 * summary.loc[method]
            shift = 0.5 * (i - (len(methods) - 1) / 2)  # so that whiskers do not hide one another
            style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i]}
            ax.errorbar(
                100 * line.index + shift, line["mean"], line["interval"], label=method,
                capsize=2, ms=5, **style,
            )  # fmt: skip
        ax.axhline(100 / n_classes, color="0.4", linestyle=DOTS, linewidth=1)
        ax.annotate(
            "chance", (1, 100 / n_classes), (0, 2), xycoords=("axes fraction", "data"),
            textcoords="offset points", ha="right", color="0.3", fontsize=9,
        )  # fmt: skip
        ax.set(xlabel="wrong labels in the support set (%)", ylabel="accuracy on queries (%)")
        ax.set_ylim(0, 100)
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def before_and_after(
    groups: Mapping[str, tuple[np.ndarray, np.ndarray]], before: str, after: str
) -> Figure:
    """The same numbers measured twice, a dot for each; on the dashed line nothing has changed.

    groups: name → (first, second), each (K,), not negative. before, after: the axes.
    """
    high = 1.05 * max(np.max(values) for pair in groups.values() for values in pair)
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(5.6, 3.4))
        ax.plot([0, high], [0, high], color="0.6", linewidth=1, linestyle="--", zorder=0)
        for i, (name, (first, second)) in enumerate(groups.items()):
            style = {"color": COLOURS[i], "marker": MARKERS[i], "alpha": 0.8}
            ax.scatter(first, second, s=24, label=name, **style)
        ax.set(xlabel=before, ylabel=after, aspect="equal", xlim=(0, high), ylim=(0, high))
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
