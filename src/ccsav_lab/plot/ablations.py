"""Figures of lesson 05: the effect of changed options and of removed heads."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import COLOURS, LINES, MAP, MARKERS, STYLE, draw_level


def variant_differences(panels: Mapping[str, pd.DataFrame], names: Sequence[str]) -> Figure:
    """Differences in accuracy to a base, in points with 95 % intervals: a row per variant.

    Filled where the interval excludes 0. All panels have one scale.

    Parameters
    ----------
    panels : mapping of str to DataFrame
        Name of the base → table from `ccsav.compare` of one number of shots, with variants named as
        by `ablate.one_at_a_time`.
    names : sequence of str
        All rows, from `ablate.variant_names`; a name that a panel's table lacks is the base's own
        value, a bar at 0.
    """
    option = pd.Series([name.split(" = ")[0] for name in names], names)
    y = pd.Series(np.arange(len(names)), names) + 0.7 * option.ne(option.shift()).cumsum()
    with mpl.rc_context(STYLE):
        size = (2.2 + 3.0 * len(panels), 0.9 + 0.185 * y.iloc[-1])
        figure, axes = plt.subplots(
            1, len(panels), figsize=size, sharex=True, sharey=True, squeeze=False
        )
        for ax, (name, table) in zip(axes[0], panels.items(), strict=True):
            table = 100 * table.droplevel("shots")[["mean", "interval"]]
            ax.axvline(0, color="0.4", linewidth=1)
            base = y.drop(table.index)
            ax.plot(np.zeros(len(base)), base, "|", color="0.2", ms=8, mew=2)
            clear = table["mean"].abs() > table["interval"]
            for part, face in ((table[clear], COLOURS[0]), (table[~clear], "white")):
                ax.errorbar(
                    part["mean"], y[part.index], xerr=part["interval"], fmt="o", ms=5,
                    color=COLOURS[0], markerfacecolor=face, capsize=2,
                )  # fmt: skip
            ax.set(title=name, xlabel="difference in accuracy (points)")
            ax.tick_params(axis="y", length=0)
            ax.margins(y=0.02)
        axes[0, 0].set_yticks(y, names)
        axes[0, 0].invert_yaxis()
    return figure


def accuracy_by_head_count(
    panels: Mapping[str, pd.DataFrame], xlabel: str, ylabel: str, levels: Mapping[str, float]
) -> Figure:
    """A share against the number of heads: a line per way to choose them, with 95 % intervals.

    Parameters
    ----------
    panels : mapping of str to DataFrame
        Title → table from `ccsav.summary` of one number of shots, with methods named "best 5", as
        by `ablate.by_rank`.
    xlabel, ylabel : str
    levels : mapping of str to float
        Name → horizontal line, from 0 to 1, such as chance and all heads.
    """
    with mpl.rc_context(STYLE):
        size = (0.7 + 3.4 * len(panels), 3.4)
        figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False)
        for ax, (name, table) in zip(axes[0], panels.items(), strict=True):
            named = table.droplevel("shots")
            ways = [method.rsplit(" ", 1) for method in named.index]  # [["best", "5"], …]
            sizes = sorted({int(k) for _, k in ways})
            for i, way in enumerate(dict.fromkeys(way for way, _ in ways)):
                line = 100 * named.loc[[f"{way} {k}" for k in sizes]]
                x = np.arange(len(sizes)) + 0.06 * (i - 1)
                style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i]}
                ax.errorbar(x, line["mean"], line["interval"], label=way, capsize=2, ms=5, **style)
            for level, value in levels.items():
                draw_level(ax, level, value)
            ax.set_xticks(range(len(sizes)), sizes)
            ax.set(title=name, xlabel=xlabel, ylim=(0, 108))
        axes[0, 0].set_ylabel(ylabel)
        handles = axes[0, 0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", frameon=False, ncols=4)
    return figure


def change_maps(
    panels: Mapping[str, np.ndarray], labels: np.ndarray, what: str = "change in recall (points)"
) -> Figure:
    """Changes in recall, removed class × class, in points; the diagonal is framed.

    Parameters
    ----------
    panels : mapping of str to (C, C) float
        Title → changes, from -1 to 1; one scale for all.
    labels : (C,) str
    what : str
        Name of the colour scale.
    """
    values = 100 * np.stack(list(panels.values()))
    limits = {"vmin": min(0, np.nanmin(values)), "vmax": max(0, np.nanmax(values))}
    side = 1.3 + 0.19 * len(labels)
    with mpl.rc_context(STYLE):
        size = (1.4 + side * len(panels), 1.2 + side)
        figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False)
        for ax, name, changes in zip(axes[0], panels, values, strict=True):
            image = ax.imshow(changes, cmap=MAP, interpolation="nearest", **limits)
            for i in range(len(labels)):
                frame = {"fill": False, "edgecolor": COLOURS[3], "linewidth": 1.5}
                ax.add_patch(plt.Rectangle((i - 0.45, i - 0.45), 0.9, 0.9, **frame))
            ax.set_xticks(range(len(labels)), labels, rotation=90)
            ax.set(title=name, xlabel="recall of this class")
            ax.tick_params(length=0)
            ax.spines[:].set_visible(False)
        axes[0, 0].set_yticks(range(len(labels)), labels)
        axes[0, 0].set_ylabel("without the best heads of")
        figure.colorbar(image, ax=axes[0], label=what, pad=0.02, shrink=0.8)
    return figure


def silenced_layers(weight: pd.Series, right: Mapping[str, pd.Series], intact: float) -> Figure:
    """Above, each layer's weight in the vote; below, right answers in words without that layer.

    Parameters
    ----------
    weight : Series
        Share of the vote of a layer's heads, from 0 to 1; the index is the layer.
    right : mapping of str to Series
        Way of silencing → share of right answers, from 0 to 1, with a layer silenced.
    intact : float
        Share of right answers of the intact model.
    """
    with mpl.rc_context(STYLE):
        figure, (above, below) = plt.subplots(
            2, 1, figsize=(5.8, 4.4), sharex=True, height_ratios=(1, 2)
        )
        above.bar(weight.index, 100 * weight, width=0.55, color="0.55")
        above.set(ylabel="weight in\nthe vote (%)", ylim=(0, None))
        for i, (way, share) in enumerate(right.items()):
            x = share.index.to_numpy() + 0.1 * (i - (len(right) - 1) / 2)
            style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i]}
            below.plot(x, 100 * share, ms=5, label=way, **style)
        below.axhline(100 * intact, color="0.4", ls=(0, (1, 2)), lw=1, label="intact", zorder=0)
        below.set(xlabel="silenced layer", ylabel="right answers (%)", ylim=(0, 108))
        below.set_xticks(weight.index)
        figure.legend(loc="outside lower center", frameon=False, ncols=4)
    return figure
