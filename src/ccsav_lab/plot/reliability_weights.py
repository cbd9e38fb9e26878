"""Figures of lesson 03: prototypes, posteriors, temperatures, reliabilities."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import COLOURS, MARKERS, STYLE


def head_planes(X: np.ndarray, y: np.ndarray, names: Sequence[str], mu: np.ndarray) -> Figure:
    """Head vectors of two numbers as points, a panel per head; an arrow is a class's prototype.

    Parameters
    ----------
    X : (N, K, 2) float
    y : (N,) int
        Indices into `names`.
    names : sequence of C str
    mu : (C, K, 2) float
        Prototypes.
    """
    heads = X.shape[1]
    limit = 1.15 * np.abs(X).max()
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(1, heads, figsize=(2.6 * heads, 2.8), squeeze=False)
        for k, ax in enumerate(axes[0]):
            ax.axhline(0, color="0.85", linewidth=0.8, zorder=0)
            ax.axvline(0, color="0.85", linewidth=0.8, zorder=0)
            for c, name in enumerate(names):
                style = {"color": COLOURS[c], "marker": MARKERS[c]}
                ax.scatter(*X[y == c, k].T, s=40, label=name, **style)
                ax.annotate(
                    "", mu[c, k], (0, 0), arrowprops={"arrowstyle": "->", "color": COLOURS[c]}
                )
            ax.set(title=f"head {k}", xlabel="first number", aspect="equal")
            ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
        axes[0, 0].set_ylabel("second number")
        entries = axes[0, 0].get_legend_handles_labels()
        figure.legend(*entries, loc="outside lower center", ncols=len(names), frameon=False)
    return figure


def posterior_by_temperature(
    taus: np.ndarray, posteriors: np.ndarray, names: Sequence[str]
) -> Figure:
    """One head's posteriors of one clip against the temperature: a line per class.

    Parameters
    ----------
    taus : (T,) float
    posteriors : (T, C) float
        From 0 to 1.
    names : sequence of C str
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(4.8, 2.8))
        for c, name in enumerate(names):
            style = {"color": COLOURS[c], "marker": MARKERS[c], "ms": 4}
            ax.plot(taus, 100 * posteriors[:, c], label=name, **style)
        ax.axhline(100 / len(names), color="0.4", linestyle=(0, (1, 2)), linewidth=1)
        ax.set(xscale="log", xlabel="temperature τ", ylabel="posterior (%)", ylim=(-2, 102))
        ax.legend(frameon=False)
    return figure


def estimates_against_truth(
    estimates: Mapping[str, np.ndarray], truth: np.ndarray, what: str
) -> Figure:
    """Estimates from the support set against the value on the queries: a panel per way to estimate.

    Parameters
    ----------
    estimates : mapping of str to (K,) float
        Way to estimate → value of each head, from 0 to 1.
    truth : (K,) float
        On the queries, from 0 to 1.
    what : str
        Name of what is estimated.
    """
    high = 1.08 * max(np.max(truth), *(np.max(e) for e in estimates.values()))
    with mpl.rc_context(STYLE):
        size = (0.6 + 2.9 * len(estimates), 3.1)
        figure, axes = plt.subplots(1, len(estimates), figsize=size, sharey=True, squeeze=False)
        for i, (ax, (name, values)) in enumerate(zip(axes[0], estimates.items(), strict=True)):
            ax.plot([0, high], [0, high], color="0.6", linewidth=1, linestyle="--", zorder=0)
            ax.scatter(truth, values, s=22, color=COLOURS[i], marker=MARKERS[i], alpha=0.8)
            ax.set(title=name, xlabel=f"{what} on queries", aspect="equal")
            ax.set(xlim=(0, high), ylim=(0, high))
        axes[0, 0].set_ylabel(f"{what} by the support set")
    return figure


def temperature_by_spread(
    spread: np.ndarray, tau: np.ndarray, kinds: Sequence[str], one: float
) -> Figure:
    """The temperature fitted to each head against the spread of its scores.

    Parameters
    ----------
    spread, tau : (K,) float
    kinds : sequence of K str
        Kind of each head.
    one : float
        A temperature for all heads, drawn as a line.
    """
    kinds = np.asarray(kinds)
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(4.8, 3.1))
        for i, kind in enumerate(dict.fromkeys(kinds.tolist())):
            style = {"color": COLOURS[i], "marker": MARKERS[i], "s": 22}
            ax.scatter(spread[kinds == kind], tau[kinds == kind], label=kind, **style)
        ax.axhline(one, color="0.4", linestyle="--", linewidth=1)
        ax.annotate(
            f"one for all, τ = {one:g}", (0.02, one), (0, 3), color="0.3", fontsize=9,
            xycoords=("axes fraction", "data"), textcoords="offset points",
        )  # fmt: skip
        ax.set(xlabel="spread of the head's cosines over classes", xlim=(0, None))
        ax.set(ylabel="temperature that fits, τ", ylim=(0, None))
        ax.legend(frameon=False)
    return figure


def recall_by_method(recalls: pd.DataFrame, label: int = 3) -> Figure:
    """Recall of each class from method to method: a line per class, and their mean.

    Parameters
    ----------
    recalls : (C, methods) DataFrame
        From 0 to 1, methods in order.
    label : int
        How many classes are named, of those that gain most and of those that lose most.
    """
    steps = np.arange(recalls.shape[1])
    gain = (recalls.iloc[:, -1] - recalls.iloc[:, 0]).sort_values()
    named = {*gain.index[:label], *gain.index[-label:]} if len(gain) > 2 * label else {*gain.index}
    low = 10 * np.floor(10 * recalls.to_numpy().min() - 0.5)
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(1.8 + 1.5 * len(steps), 4.2))
        for name, row in recalls.iterrows():
            colour, line = (COLOURS[2], "-") if gain[name] >= 0 else (COLOURS[3], "--")
            style = {"color": colour, "linewidth": 1.2, "zorder": 2}
            if name not in named:
                style = {"color": "0.8", "linewidth": 0.8, "zorder": 1}
            ax.plot(steps, 100 * row, marker="o", ms=3, linestyle=line, **style)
        last = 100 * recalls.iloc[:, -1].loc[sorted(named, key=recalls.iloc[:, -1].get)]
        heights = _apart(last.to_numpy(), 0.04 * (102 - low))
        place = {"textcoords": "offset points", "va": "center"}
        for name, height in zip(last.index, heights, strict=True):
            ax.annotate(name, (steps[-1], height), (8, 0), fontsize=9, **place)
        ax.plot(steps, 100 * recalls.mean(), color="black", marker="s", linewidth=2.2, zorder=3)
        first = 100 * recalls.iloc[:, 0].mean()
        ax.annotate("mean", (0, first), (-8, 0), ha="right", fontweight="bold", **place)
        ax.set_xticks(steps, recalls.columns)
        ax.set(ylabel="recall on queries (%)", ylim=(max(0, low), 102))
        ax.set_xlim(-0.45, steps[-1] + 0.15)
    return figure


def _apart(values: np.ndarray, least: float) -> np.ndarray:
    """Rising values, moved as little as needed to lie `least` apart."""
    moved = np.array(values, float)
    for _ in range(200):
        gaps = np.diff(moved)
        short = np.clip(least - gaps, 0, None) / 2
        if not short.any():
            break
        moved[:-1] -= short
        moved[1:] += short
    return moved
