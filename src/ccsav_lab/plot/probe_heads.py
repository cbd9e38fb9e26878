"""Figures of lesson 02: every head alone, by layer and class, and against chance."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ccsav_lab.aligned import same_heads

from .heads import KIND_NAMES
from .style import COLOURS, MAP, MARKERS, STYLE, draw_level


def leave_one_out_gap(curves: pd.DataFrame, chance: float) -> Figure:
    """Accuracy against clips per class, judged with each clip in its own prototype and without it.

    Parameters
    ----------
    curves : DataFrame
        A row per number of clips; two columns per head, first with the clip, then without it; from
        0 to 1.
    chance : float
        From 0 to 1.
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(5.2, 3.2))
        for i, (name, curve) in enumerate(curves.items()):
            style = {"color": COLOURS[i // 2], "marker": MARKERS[i // 2], "ms": 5}
            style |= {"linestyle": ("--", "-")[i % 2], "markerfacecolor": ("white", None)[i % 2]}
            ax.plot(curve.index, 100 * curve, label=name, **style)
        draw_level(ax, "chance", chance, xytext=(4, 0), ha="left", va="center")
        ax.set(xscale="log", xlabel="clips per class", ylabel="balanced accuracy (%)")
        ax.set_xticks(curves.index, curves.index)
        ax.minorticks_off()
        ax.set_ylim(0, 102)
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def class_maps(recalls: pd.DataFrame, heads: pd.DataFrame) -> Figure:
    """Recall of every head on a layer × head grid: a column of panels per class, a row per kind.

    Parameters
    ----------
    recalls : (K, c) DataFrame
        From 0 to 1, one column per class shown. All panels have one scale, 0 to 100 %.
    heads : DataFrame
        Table of the K heads (layer, head, kind).
    """
    kinds, recalls = heads["kind"].unique(), same_heads(recalls, heads)
    layers = [heads.loc[heads["kind"] == kind, "layer"].nunique() for kind in kinds]
    width, height = min(0.9 + 0.24 * heads["head"].nunique(), 4), 0.24 * min(sum(layers), 40)
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(kinds), recalls.shape[1], squeeze=False, sharey="row", height_ratios=layers,
            figsize=(1.6 + width * recalls.shape[1], 0.9 * len(kinds) + height),
        )  # fmt: skip
        for row, kind in zip(axes, kinds, strict=True):
            for ax, (label, recall) in zip(row, recalls.items(), strict=True):
                table = heads.assign(value=100 * recall.to_numpy())
                table = table[table["kind"] == kind]
                grid = table.pivot(index="layer", columns="head", values="value")
                sns.heatmap(grid, ax=ax, cmap=MAP, vmin=0, vmax=100, cbar=False, linewidths=0.5)
                ax.set(xlabel="", ylabel="", title=label if kind == kinds[0] else "")
                ax.tick_params(length=0, rotation=0, labelsize=8)
            row[0].invert_yaxis()
            row[0].set_ylabel(f"{KIND_NAMES.get(kind, kind).split()[0]}\nlayer")
        for ax in axes[-1]:
            ax.set_xlabel("head")
        figure.colorbar(axes[0, 0].collections[0], ax=axes, label="recall (%)", aspect=25)
    return figure


def permutation_test(
    accuracy: np.ndarray, null: np.ndarray, heads: pd.DataFrame, chance: float, level: float = 0.05
) -> Figure:
    """Accuracy of all heads, and of the best head, with shuffled labels; below, with true ones.

    Parameters
    ----------
    accuracy : (K,) float
        Of each head, from 0 to 1.
    null : (n, K) float
        Of each head in each of n shuffles, from 0 to 1.
    heads : DataFrame
        Table of the K heads (kind).
    chance : float
        From 0 to 1.
    level : float
        The dashed line is what the best head exceeds in this share of the shuffles.
    """
    accuracy, null = 100 * np.asarray(same_heads(accuracy, heads)), 100 * np.asarray(null)
    best = null.max(axis=1)
    top = max(accuracy.max(), best.max())
    kinds = heads["kind"].unique()
    bins = np.linspace(0, 1.04 * top, 90)
    with mpl.rc_context(STYLE):
        figure, (above, below) = plt.subplots(
            2, 1, sharex=True, figsize=(6.2, 3 + 0.4 * len(kinds)),
            height_ratios=[2.4, 0.3 + 0.4 * len(kinds)],
        )  # fmt: skip
        share = {"weights": np.full(null.size, 100 / null.size), "label": "all heads"}
        above.hist(null.ravel(), bins, color="0.75", **share)
        share = {"weights": np.full(len(best), 100 / len(best)), "label": "the best of them"}
        above.hist(best, bins, histtype="step", color=COLOURS[3], linewidth=1.5, **share)
        above.set(ylabel="share (%)", title="labels shuffled")
        jitter = np.random.default_rng(0)  # only spreads the points vertically
        for i, kind in enumerate(kinds):
            x = accuracy[heads["kind"].to_numpy() == kind]
            y = i + jitter.uniform(-0.25, 0.25, len(x))
            below.scatter(x, y, s=16, color=COLOURS[i], marker=MARKERS[i], alpha=0.8)
        below.set_yticks(range(len(kinds)), [f"{kind} heads" for kind in kinds])
        below.set(ylim=(len(kinds) - 0.5, -0.5), xlim=(0, 1.04 * top))
        below.set(xlabel="balanced accuracy (%)", title="true labels")
        for ax in (above, below):
            line = {"color": "0.4", "linestyle": (0, (1, 2)), "linewidth": 1.2}
            ax.axvline(100 * chance, label="chance", **line)
            line = {"color": COLOURS[3], "linestyle": "--", "linewidth": 1.2}
            name = f"exceeded by the best in {100 * level:g} %"
            ax.axvline(np.quantile(best, 1 - level), label=name, **line)
        above.legend(frameon=False, loc="upper right")
    return figure


def accuracy_by_layer(accuracy: np.ndarray, heads: pd.DataFrame, chance: float) -> Figure:
    """Accuracy of every head by its layer, with the layers' means: a panel per kind of head.

    Parameters
    ----------
    accuracy : (K,) float
        From 0 to 1.
    heads : DataFrame
        Table of the K heads (layer, kind).
    chance : float
        From 0 to 1.
    """
    kinds = heads["kind"].unique()
    table = heads.assign(value=100 * np.asarray(same_heads(accuracy, heads)))
    layers = [heads.loc[heads["kind"] == kind, "layer"].nunique() for kind in kinds]
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, len(kinds), sharey=True, squeeze=False, width_ratios=[n + 1 for n in layers],
            figsize=(1.2 + np.clip(0.5 * sum(layers), 2.6 * len(kinds), 11), 3.2),
        )  # fmt: skip
        for i, (ax, kind) in enumerate(zip(axes[0], kinds, strict=True)):
            part = table[table["kind"] == kind]
            mean = part.groupby("layer")["value"].mean()
            style = {"color": COLOURS[i], "marker": MARKERS[i]}
            ax.scatter(part["layer"], part["value"], s=20, alpha=0.7, label="a head", **style)
            ax.plot(mean.index, mean, color="black", linewidth=1.5, label="mean of the layer")
            draw_level(ax, "chance", chance, va="bottom")
            ax.set(title=KIND_NAMES.get(kind, kind), xlabel="layer", ylim=(0, 100))
            ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
        axes[0, 0].set_ylabel("balanced accuracy (%)")
        axes[0, 0].legend(frameon=False, loc="upper left")
    return figure
