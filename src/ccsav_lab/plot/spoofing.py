"""Figures of lesson 07: error rates, thresholds, and single heads as detectors."""

from collections.abc import Mapping
from itertools import product

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import norm
from sklearn.metrics import det_curve

from ccsav.evaluation.metrics import equal_error_rate
from ccsav_lab.aligned import same_heads

from .heads import KIND_NAMES
from .style import COLOURS, LINES, MAP, MARKERS, STYLE

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)  # of a DET curve
FAR = 10.0  # normal deviates; rates of 0 and 1 are drawn here, outside the axes
GUESSING = {"color": "0.5", "linewidth": 1, "linestyle": (0, (6, 4))}


def errors_by_threshold(
    positive: np.ndarray, ranking: np.ndarray, positive_name: str, negative_name: str
) -> Figure:
    """Both error rates against the threshold, with the equal error rate where they cross.

    Parameters
    ----------
    positive : (N,) bool
    ranking : (N,) float
        Larger for the positive class.
    positive_name, negative_name : str
        Names of the two classes.
    """
    alarms, misses, thresholds = det_curve(positive, ranking)
    rate = 100 * equal_error_rate(positive, ranking)
    threshold = np.interp(0, alarms[::-1] - misses[::-1], thresholds[::-1])
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6, 3.2))
        alarm = f"{negative_name} called {positive_name}"
        miss = f"{positive_name} called {negative_name}"
        ax.plot(thresholds, 100 * alarms, color=COLOURS[0], linestyle=LINES[0], label=alarm)
        ax.plot(thresholds, 100 * misses, color=COLOURS[1], linestyle=LINES[1], label=miss)
        ax.plot([threshold], [rate], "o", color="0.2", label=f"equal error rate, {rate:.1f} %")
        ax.set(xlabel="threshold on the score", ylabel="errors (%)", ylim=(0, 102))
        figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def det_curves(
    ranked: Mapping[str, tuple[np.ndarray, np.ndarray]], positive_name: str, negative_name: str
) -> Figure:
    """Detection error trade-off: misses against false alarms, on normal-deviate axes.

    The marker on the dotted diagonal is the equal error rate. Scores that are normally distributed
    with equal variance give a straight line. Rates of exactly 0 and 1 lie at infinity.

    Parameters
    ----------
    ranked : mapping of str to ((N,) bool, (N,) float)
        Name → positive clips, and ranking, larger for the positive class; a curve each.
    positive_name, negative_name : str
        Names of the two classes.
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.4, 4.4))
        for i, (name, (positive, ranking)) in enumerate(ranked.items()):
            alarms, misses, _ = det_curve(positive, ranking)
            rate = equal_error_rate(positive, ranking)
            style = {"color": COLOURS[i], "linestyle": LINES[i]}
            ax.plot(_deviate(alarms), _deviate(misses), linewidth=1.6, **style)
            style |= {"marker": MARKERS[i], "markersize": 8, "markeredgecolor": "white"}
            point = [_deviate(rate)]
            ax.plot(point, point, label=f"{name}: {100 * rate:.1f} %", **style)
        ends = norm.ppf([0.005, 0.995])
        ax.plot(ends, ends, color="0.6", linestyle=(0, (1, 2)), label="equal errors")
        ax.plot(ends, -ends, label="guessing", **GUESSING)
        ticks, names = norm.ppf(TICKS), [f"{100 * rate:g}" for rate in TICKS]
        ax.set_xticks(ticks, names)
        ax.set_yticks(ticks, names)
        ax.set(xlim=ends, ylim=ends, aspect="equal")
        ax.set_xlabel(f"{negative_name} called {positive_name} (%)")
        ax.set_ylabel(f"{positive_name} called {negative_name} (%)")
        title = {"title": "equal error rate", "title_fontsize": 9}
        figure.legend(loc="outside right upper", frameon=False, fontsize=9, **title)
    return figure


def errors_of_heads(rates: pd.DataFrame, heads: pd.DataFrame) -> Figure:
    """A point per head: its equal error rate on one kind of positive against that on another.

    A head below the diagonal errs less on the second kind.

    Parameters
    ----------
    rates : (K, 2) DataFrame
        From 0 to 1; columns are the two kinds.
    heads : DataFrame
        Table of the K heads (kind).
    """
    first, second = 100 * same_heads(rates, heads).to_numpy().T
    top = max(55, 5 * np.ceil((max(first.max(), second.max()) + 1) / 5))
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(5.8, 3.8))
        for i, kind in enumerate(heads["kind"].unique()):
            rows = heads["kind"].to_numpy() == kind
            ax.scatter(
                first[rows], second[rows], s=28, color=COLOURS[i], marker=MARKERS[i],
                edgecolor="white", linewidth=0.5, label=KIND_NAMES.get(kind, kind), zorder=3,
            )  # fmt: skip
        ax.axline((0, 0), slope=1, color="0.6", linewidth=1, linestyle=(0, (1, 2)), label="alike")
        for line in (ax.axhline, ax.axvline):
            line(50, **GUESSING)
        ax.plot([], [], label="guessing", **GUESSING)
        names = [f"equal error rate, {name} (%)" for name in rates.columns]
        ax.set(xlabel=names[0], ylabel=names[1], xlim=(0, top), ylim=(0, top), aspect="equal")
        figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def error_maps(rates: pd.DataFrame, heads: pd.DataFrame) -> Figure:
    """Equal error rate of every head on a layer × head grid: a column of panels per attack.

    Bright is good; the scale ends at guessing, 50 %.

    Parameters
    ----------
    rates : (K, attacks) DataFrame
        From 0 to 1.
    heads : DataFrame
        Table of the K heads (layer, head, kind); a row of panels per kind.
    """
    kinds, rates = list(heads["kind"].unique()), same_heads(rates, heads)
    layers = [heads.loc[heads["kind"] == kind, "layer"].nunique() for kind in kinds]
    width = min(0.8 + 0.33 * heads["head"].nunique(), 5)
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(kinds), rates.shape[1], squeeze=False, sharey="row", height_ratios=layers,
            figsize=(1.6 + width * rates.shape[1], len(kinds) + 0.26 * min(sum(layers), 40)),
        )  # fmt: skip
        for (i, kind), (j, name) in product(enumerate(kinds), enumerate(rates.columns)):
            ax = axes[i, j]
            table = heads.assign(rate=100 * rates[name].to_numpy())
            table = table[table["kind"] == kind]
            grid = table.pivot(index="layer", columns="head", values="rate")
            sns.heatmap(
                grid, ax=ax, cmap=f"{MAP}_r", vmin=0, vmax=50, cbar=False, linewidths=0.5,
                annot=grid.size <= 64, fmt=".0f", annot_kws={"fontsize": 8},
            )  # fmt: skip
            ax.set(title="" if i else name, xlabel="", ylabel="")
            ax.tick_params(length=0, rotation=0, labelsize=8)
            axes[i, 0].set_ylabel(f"{KIND_NAMES.get(kind, kind).split()[0]}\nlayer")
            axes[-1, j].set_xlabel("head")
        for ax in axes[:, 0]:  # the axis is shared along the row
            ax.invert_yaxis()
        scale = axes[0, 0].collections[0]
        figure.colorbar(scale, ax=axes, label="equal error rate (%)", aspect=25)
    return figure


def _deviate(rate):
    """Normal deviate of a rate from 0 to 1, kept finite for drawing."""
    return np.clip(norm.ppf(rate), -FAR, FAR)
