"""Figures of decisions: a ranking and its threshold, and what clips are taken for."""

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

from .heads import KIND_NAMES
from .style import COLOURS, LINES, MAP, MARKERS, STYLE

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)  # of a DET curve
FAR = 10.0  # normal deviates; where a rate of 0 or 1 is drawn: out of sight


def score_distributions(
    scores: Mapping[str, np.ndarray], what: str, threshold: float | None = None, bins: int = 20
) -> Figure:
    """How a score is distributed over the clips of each kind.

    scores: kind → scores (n,), any n; each outline is scaled to 100 % of its kind.
    what: name of the score. threshold: where to draw the line; default: nowhere.
    bins: of equal width, over all scores.
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


def errors_by_threshold(
    positive: np.ndarray, ranking: np.ndarray, positive_name: str, negative_name: str
) -> Figure:
    """Both error rates against the threshold, and the equal error rate where they cross.

    positive: (N,) bool; ranking: (N,), larger for the positive class; the two names are those of
    the classes.
    """
    alarms, misses, thresholds = det_curve(positive, ranking)
    rate = 100 * equal_error_rate(positive, ranking)
    at = np.interp(0, alarms[::-1] - misses[::-1], thresholds[::-1])  # where the curves cross
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6, 3.2))
        false = f"{negative_name} called {positive_name}"
        missed = f"{positive_name} called {negative_name}"
        ax.plot(thresholds, 100 * alarms, color=COLOURS[0], linestyle=LINES[0], label=false)
        ax.plot(thresholds, 100 * misses, color=COLOURS[1], linestyle=LINES[1], label=missed)
        ax.plot([at], [rate], "o", color="0.2", label=f"equal error rate, {rate:.1f} %")
        ax.set(xlabel="threshold on the score", ylabel="errors (%)", ylim=(0, 102))
        figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def det_curves(
    ranked: Mapping[str, tuple[np.ndarray, np.ndarray]], positive_name: str, negative_name: str
) -> Figure:
    """Detection error tradeoff: misses against false alarms, on normal-deviate axes.

    ranked: name → (positive (N,) bool, ranking (N,), larger for the positive class); a curve each,
        with its equal error rate where it meets the dotted diagonal.

    Two bell curves of one width make a straight line; guessing, the dashed one. Rates of exactly
    0 and 1 lie infinitely far out.
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.4, 4.4))
        for i, (name, (positive, ranking)) in enumerate(ranked.items()):
            alarms, misses, _ = det_curve(positive, ranking)
            rate = equal_error_rate(positive, ranking)
            style = {"color": COLOURS[i], "linestyle": LINES[i]}
            ax.plot(_deviate(alarms), _deviate(misses), linewidth=1.6, **style)
            label = f"{name}: {100 * rate:.1f} %"
            style["marker"] = MARKERS[i]
            at = _deviate(rate)
            ax.plot([at], [at], label=label, markersize=8, markeredgecolor="white", **style)
        ends = norm.ppf([0.005, 0.995])
        ax.plot(ends, ends, color="0.6", linestyle=(0, (1, 2)), label="equal errors")
        ax.plot(ends, -ends, color="0.5", linestyle=(0, (6, 4)), linewidth=1, label="guessing")
        ticks, names = norm.ppf(TICKS), [f"{100 * t:g}" for t in TICKS]
        ax.set_xticks(ticks, names)
        ax.set_yticks(ticks, names)
        ax.set(
            xlabel=f"{negative_name} called {positive_name} (%)",
            ylabel=f"{positive_name} called {negative_name} (%)",
            xlim=ends,
            ylim=ends,
            aspect="equal",
        )
        legend = figure.legend(
            loc="outside right upper", frameon=False, fontsize=9, title="equal error rate"
        )
        legend.get_title().set_fontsize(9)
    return figure


def errors_of_heads(rates: pd.DataFrame, heads: pd.DataFrame) -> Figure:
    """A point per head: its equal error rate on one kind of positive against that on another.

    rates: (K, 2), from 0 to 1, with the names of the two kinds as columns; heads: table of the K
    heads (kind). A head below the diagonal errs less on the second kind.
    """
    first, second = 100 * rates.to_numpy().T
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
            line(50, color="0.5", linewidth=1, linestyle=(0, (6, 4)))
        ax.plot([], [], color="0.5", linewidth=1, linestyle=(0, (6, 4)), label="guessing")
        names = [f"equal error rate, {name} (%)" for name in rates.columns]
        ax.set(xlabel=names[0], ylabel=names[1], xlim=(0, top), ylim=(0, top), aspect="equal")
        figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def error_maps(rates: pd.DataFrame, heads: pd.DataFrame) -> Figure:
    """Equal error rate of every head on a layer × head grid; a column of panels per attack.

    rates: (K, a), from 0 to 1, one column per attack; heads: table of the K heads (layer, head,
    kind), a row of panels per kind. Bright is good; the scale ends at guessing, 50 %.
    """
    kinds = list(heads["kind"].unique())
    tall = [heads.loc[heads["kind"] == kind, "layer"].nunique() for kind in kinds]
    wide = min(0.8 + 0.33 * heads["head"].nunique(), 5)
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(kinds), rates.shape[1], squeeze=False, sharey="row", height_ratios=tall,
            figsize=(1.6 + wide * rates.shape[1], len(kinds) + 0.26 * min(sum(tall), 40)),
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
        for ax in axes[:, 0]:  # shared along the row: once is enough
            ax.invert_yaxis()
        scale = axes[0, 0].collections[0]
        figure.colorbar(scale, ax=axes, label="equal error rate (%)", aspect=25)
    return figure


def class_probabilities(proba: pd.DataFrame) -> Figure:
    """What clips are taken for: a row per clip, a column per class, probabilities in per cent.

    proba: (N, C), from 0 to 1, with the clips' names as index and the classes' as columns.
    """
    with mpl.rc_context(STYLE):
        size = (2.5 + 0.9 * proba.shape[1], 1.2 + 0.3 * len(proba))
        figure, ax = plt.subplots(figsize=size)
        sns.heatmap(
            100 * proba, ax=ax, cmap=MAP, vmin=0, vmax=100, annot=True, fmt=".0f", linewidths=0.5,
            annot_kws={"fontsize": 9}, cbar_kws={"label": "probability (%)"},
        )  # fmt: skip
        ax.set(xlabel="class", ylabel="clip")
        ax.tick_params(length=0, rotation=0)
        plt.setp(ax.get_xticklabels(), rotation=45, ha="right", rotation_mode="anchor")
    return figure


def _deviate(rate):
    """The normal deviate of a rate from 0 to 1; finite, for drawing."""
    return np.clip(norm.ppf(rate), -FAR, FAR)
