"""Figures of lesson 09: labels that may be wrong, and their effect."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import COLOURS, LINES, MAP, MARKERS, STYLE, draw_level


def accuracies(table: pd.DataFrame, what: str = "right (%)") -> Figure:
    """Shares with their 95 % intervals, a row each; a bar marks chance.

    Parameters
    ----------
    table : DataFrame
        Columns low, mean, high and, where it is defined, chance; from 0 to 1. The index names the
        rows.
    what : str
        Name of the axis.
    """
    y = np.arange(len(table))
    values = 100 * table
    reach = np.abs([values["mean"] - values["low"], values["high"] - values["mean"]])
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(5.6, 0.9 + 0.3 * len(table)))
        ax.errorbar(values["mean"], y, xerr=reach, fmt="o", ms=5, color=COLOURS[0], capsize=2)
        if "chance" in table:
            ax.plot(values["chance"], y, "|", ms=12, mew=1.5, color="0.4", label="chance")
            ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        ax.set_yticks(y, table.index)
        ax.set(xlabel=what, xlim=(0, 100), ylim=(len(table) - 0.5, -0.5))
    return figure


def shares_by_threshold(table: pd.DataFrame) -> Figure:
    """Shares of the labels that are kept, and that are right, against the threshold.

    Parameters
    ----------
    table : DataFrame
        The index is the threshold, from 0 to 1; columns on two levels: name of the line, and low,
        mean, high, from 0 to 1.
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
    """Share of each class's clips that is kept at each threshold, as a map with numbers.

    Parameters
    ----------
    kept : DataFrame
        A row per class, a column per threshold, from 0 to 1; drawn in the order given.
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


def accuracy_by_wrong_labels(table: pd.DataFrame, n_classes: int) -> Figure:
    """Accuracy against the share of wrong labels: a line per method.

    Parameters
    ----------
    table : DataFrame
        Index (method, share), columns mean and interval, from 0 to 1. Whiskers are 95 % intervals.
    n_classes : int
        C; a dotted line marks chance, 1/C.
    """
    methods = table.index.unique(0)
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.4, 3.4))
        for i, method in enumerate(methods):
            line = 100 * table.loc[method]
            shift = 0.5 * (i - (len(methods) - 1) / 2)  # so that no whisker hides another
            style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i]}
            ax.errorbar(
                100 * line.index + shift, line["mean"], line["interval"], label=method,
                capsize=2, ms=5, **style,
            )  # fmt: skip
        draw_level(ax, "chance", 1 / n_classes)
        ax.set(xlabel="wrong labels in the support set (%)", ylabel="accuracy on queries (%)")
        ax.set_ylim(0, 100)
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def before_and_after(
    groups: Mapping[str, tuple[np.ndarray, np.ndarray]], before: str, after: str
) -> Figure:
    """Two measurements of the same heads, a point per head; on the dashed line they are equal.

    Parameters
    ----------
    groups : mapping of str to ((K,) float, (K,) float)
        Name → first and second measurement, not negative.
    before, after : str
        Names of the axes.
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
