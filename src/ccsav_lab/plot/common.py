"""Figures that several lessons share: accuracy, confusions, differences, scores."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from .style import COLOURS, LINES, MAP, MARKERS, STYLE, draw_level


def accuracy_by_shots(table: pd.DataFrame, n_classes: int) -> Figure:
    """Accuracy against shots: a line per method, a panel per set of heads.

    Parameters
    ----------
    table : DataFrame
        From `ccsav.summary`: index (method, shots) or (heads, method, shots), columns mean and
        interval, from 0 to 1. Whiskers are 95 % intervals.
    n_classes : int
        C; a dotted line marks chance, 1/C.
    """
    if "heads" not in table.index.names:
        table = pd.concat({"": table}, names=["heads"])
    panels = table.index.get_level_values("heads").unique()
    with mpl.rc_context(STYLE):
        size = (0.7 + 3.4 * len(panels), 3.2)
        figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False)
        shots = sorted(table.index.get_level_values("shots").unique())
        for ax, panel in zip(axes[0], panels, strict=True):
            methods = table.xs(panel, level="heads").index.get_level_values("method").unique()
            for i, method in enumerate(methods):
                line = 100 * table.xs((panel, method), level=("heads", "method"))
                shift = 0.06 * (i - (len(methods) - 1) / 2)  # so that no whisker hides another
                x = np.array([shots.index(n) for n in line.index]) + shift
                style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i]}
                ax.errorbar(
                    x, line["mean"], line["interval"], label=method, capsize=2, ms=5, **style
                )
            draw_level(ax, "chance", 1 / n_classes)
            ax.set(title=panel, xlabel="shots (support clips per class)", ylim=(0, 100))
            ax.set_xticks(range(len(shots)), shots)
        axes[0, 0].set_ylabel("accuracy on queries (%)")
        axes[0, -1].legend(loc="lower right", bbox_to_anchor=(1, 0.12), frameon=False)
    return figure


def confusion(true: np.ndarray, predicted: np.ndarray, labels: np.ndarray) -> Figure:
    """Confusion matrix: true classes down, predicted classes across.

    Numbers are clips (shown for up to 20 classes); colours are shares of each true class.

    Parameters
    ----------
    true, predicted : (N,) int
        Indices into `labels`.
    labels : (C,) str
    """
    counts = confusion_matrix(true, predicted, labels=range(len(labels)))
    share = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = 0.42 * len(labels)
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(2.6 + side, 1.1 + side))
        sns.heatmap(
            share, annot=counts if len(labels) <= 20 else False, fmt="d", cmap=MAP, vmin=0,
            vmax=100, linewidths=0.5, xticklabels=labels, yticklabels=labels, ax=ax,
            cbar_kws={"label": "of the true class (%)"}, annot_kws={"fontsize": 9},
        )  # fmt: skip
        ax.set(xlabel="answer", ylabel="true class")
        ax.tick_params(length=0)
        ax.tick_params("x", rotation=45)
        plt.setp(ax.get_xticklabels(), ha="right", rotation_mode="anchor")
        ax.tick_params("y", rotation=0)
    return figure


def differences(table: pd.DataFrame, to: str, group: str | None = None) -> Figure:
    """Differences in points with 95 % intervals, a row each; filled where the interval excludes 0.

    Parameters
    ----------
    table : DataFrame
        Columns mean and interval, from -1 to 1; the index names the rows.
    to : str
        Name of the method that is subtracted.
    group : str, optional
        Level of the index that names the panels; default: one panel.
    """
    names = [_joined(i) for i in (table.index.droplevel(group) if group else table.index)]
    rows = list(dict.fromkeys(names))  # the same in every panel
    table = (100 * table[["mean", "interval"]]).assign(row=[rows.index(name) for name in names])
    parts = dict(list(table.groupby(group, sort=False))) if group else {"": table}
    with mpl.rc_context(STYLE):
        size = (2.6 + 2.3 * len(parts), 1.0 + 0.24 * len(rows))
        figure, axes = plt.subplots(
            1, len(parts), figsize=size, sharex=True, sharey=True, squeeze=False
        )
        for ax, (title, part) in zip(axes[0], parts.items(), strict=True):
            clear = part["mean"].abs() > part["interval"]
            ax.axvline(0, color="0.4", linewidth=1)
            for drawn, face in ((part[clear], COLOURS[0]), (part[~clear], "white")):
                ax.errorbar(
                    drawn["mean"], drawn["row"], xerr=drawn["interval"], fmt="o", ms=5,
                    color=COLOURS[0], markerfacecolor=face, capsize=2,
                )  # fmt: skip
            ax.set(title=title)
        axes[0, 0].set_yticks(range(len(rows)), rows)
        axes[0, 0].set_ylim(len(rows) - 0.5, -0.5)
        label = f"difference to {to} (points)"
        if len(parts) > 1:
            figure.supxlabel(label, fontsize="medium")
        else:
            axes[0, 0].set_xlabel(label)
    return figure


def _joined(index) -> str:
    """A row's name from its index."""
    return ", ".join(map(str, index)) if isinstance(index, tuple) else str(index)


def score_distributions(
    scores: Mapping[str, np.ndarray], what: str, threshold: float | None = None, bins: int = 20
) -> Figure:
    """Histograms of a score, an outline per kind of clip, each scaled to 100 % of its kind.

    Parameters
    ----------
    scores : mapping of str to (n,) float
        Kind of clip → scores, any n.
    what : str
        Name of the score.
    threshold : float, optional
        Where a line is drawn; default: no line.
    bins : int
        Number of bins of equal width, over all scores.
    """
    edges = np.histogram_bin_edges(np.concatenate(list(scores.values())), bins)
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6, 3))
        for i, (kind, values) in enumerate(scores.items()):
            share = 100 * np.histogram(values, edges)[0] / len(values)
            style = {"color": COLOURS[i], "linestyle": LINES[i], "linewidth": 1.8}
            ax.stairs(share, edges, label=f"{kind}, {len(values)} clips", **style)
        if threshold is not None:
            ax.axvline(threshold, color="0.3", linewidth=1, label=f"threshold, {threshold:.2g}")
        ax.set(xlabel=what, ylabel="clips of the kind (%)", ylim=(0, None))
        figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def gain_by_share(simulated: pd.DataFrame, models: pd.DataFrame, borders: pd.DataFrame) -> Figure:
    """What weights per class gain over averaged ones, against how far heads specialise.

    A column of panels per method: all simulated settings above, gains within three points below.

    Parameters
    ----------
    simulated : DataFrame
        A row per method and setting: method, share (of the reliable variance of recalls, the part
        that neither head nor class explains), gain, interval (half of 95 %), misled (bool).
    models : DataFrame
        A row per method and measurement: model, method, share, share_low, share_high, gain,
        interval.
    borders : DataFrame
        A row per method; columns share, low and high: from where on weights per class gain a
        point; missing if they do nowhere.
    """
    borders = 100 * borders.astype(float)
    with mpl.rc_context(STYLE):
        size = (0.8 + 3.6 * len(borders), 6.2)
        figure, axes = plt.subplots(2, len(borders), figsize=size, sharey="row", squeeze=False)
        for method, (above, below) in zip(borders.index, axes.T, strict=True):
            for ax in (above, below):
                ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
                _draw_border(ax, borders.loc[method], note=ax is above)
                _draw_settings(ax, simulated[simulated["method"] == method])
                _draw_models(ax, models[models["method"] == method])
                ax.set(xlim=(0, 100))
            above.set(title=method)
            below.set(ylim=(-3, 3))
        axes[0, 0].set_ylabel("gain (points)")
        axes[1, 0].set_ylabel("gain near zero (points)")
        figure.supxlabel("head × class share of the reliable variance of recalls (%)", fontsize=10)
        entries = axes[0, 0].get_legend_handles_labels()
        figure.legend(*entries, loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return figure


def _draw_border(ax, border, note):
    """A line at the border, and its 95 % interval as a band; a sentence where there is none."""
    if np.isnan(border["share"]):
        text = "at no share is the mean gain one point" if note else ""
        ax.annotate(text, (0.03, 0.94), xycoords="axes fraction", va="top", fontsize=9, color="0.3")
        return
    high = 100 if np.isnan(border["high"]) else border["high"]
    ax.axvspan(border["low"], high, color="0.9", zorder=0, linewidth=0)
    label = "border: from here on the mean gain is one point"
    ax.axvline(border["share"], color="0.3", linestyle="--", linewidth=1, label=label)


def _draw_settings(ax, settings):
    """A small marker with a thin whisker for each simulated setting."""
    names = {False: "simulated heads, unsure", True: "simulated heads, misled"}
    for i, (misled, name) in enumerate(names.items()):
        own = 100 * settings.loc[settings["misled"] == misled, ["share", "gain", "interval"]]
        style = {"color": COLOURS[i], "marker": MARKERS[i], "markeredgewidth": 0}
        ax.errorbar(
            own["share"], own["gain"], own["interval"], label=name, alpha=0.5,
            linestyle="none", ms=4.5, elinewidth=0.5, **style,
        )  # fmt: skip


def _draw_models(ax, models):
    """A marker with whiskers for each measurement of a real model."""
    for i, (name, own) in enumerate(models.groupby("model", sort=False), start=2):
        reach = 100 * np.abs(own[["share_low", "share_high"]].sub(own["share"], axis=0)).T
        style = {"color": COLOURS[i], "marker": MARKERS[i], "markeredgecolor": "black"}
        ax.errorbar(
            100 * own["share"], 100 * own["gain"], 100 * own["interval"], reach.to_numpy(),
            label=name, linestyle="none", ms=6, capsize=2, zorder=3, **style,
        )  # fmt: skip
