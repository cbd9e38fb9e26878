"""Figures of how far heads are to be trusted."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import COLOURS, MARKERS, STYLE


def head_planes(X: np.ndarray, y: np.ndarray, names: Sequence[str], mu: np.ndarray) -> Figure:
    """Head vectors of two numbers as points, a panel per head, with the classes' prototypes.

    X: (N, K, 2); y: (N,) classes, indices into names (C,); mu: prototypes, (C, K, 2).
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


def posterior_by_temperature(taus: np.ndarray, posteriors: np.ndarray, names) -> Figure:
    """One head's posteriors of one clip as the temperature rises: a line per class.

    taus: (T,); posteriors: (T, C); names: (C,).
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
    """What the support set says of each head against what the queries show, a panel per way.

    estimates: name → (K,), from 0 to 1; truth: (K,); what: what is estimated.
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


def temperature_by_spread(spread: np.ndarray, tau: np.ndarray, kinds: Sequence[str], one: float):
    """The temperature fitted to each head against how far its scores differ.

    spread, tau: (K,); kinds: (K,) kind of each head; one: a temperature for all, drawn as a line.
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


def ladder(recalls: pd.DataFrame, label: int = 3) -> Figure:
    """Each class's recall from method to method, a line per class, and their mean.

    recalls: one row per class, one column per method in order, from 0 to 1. label: how many
    classes are named, those that gain and those that lose most from first to last method.
    """
    steps = np.arange(recalls.shape[1])
    gain = (recalls.iloc[:, -1] - recalls.iloc[:, 0]).sort_values()
    named = {*gain.index[:label], *gain.index[-label:]} if len(gain) > 2 * label else {*gain.index}
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(1.8 + 1.5 * len(steps), 4.2))
        for name, row in recalls.iterrows():
            strong = name in named
            colour = COLOURS[2] if row.iloc[-1] >= row.iloc[0] else COLOURS[3]
            ax.plot(
                steps, 100 * row, color=colour if strong else "0.8", marker="o", ms=3,
                linewidth=1.2 if strong else 0.8, linestyle="-" if colour == COLOURS[2] else "--",
                zorder=2 if strong else 1,
            )  # fmt: skip
        low = 10 * np.floor(10 * recalls.to_numpy().min() - 0.5)
        ends = recalls.iloc[:, -1].loc[sorted(named, key=recalls.iloc[:, -1].get)]
        for name, at in zip(
            ends.index, _apart(100 * ends.to_numpy(), 0.04 * (102 - low)), strict=True
        ):
            ax.annotate(name, (steps[-1], at), (8, 0), textcoords="offset points", va="center",
                        fontsize=9)  # fmt: skip
        ax.plot(steps, 100 * recalls.mean(), color="black", marker="s", linewidth=2.2, zorder=3)
        ax.annotate("mean", (0, 100 * recalls.iloc[:, 0].mean()), (-8, 0), ha="right", va="center",
                    textcoords="offset points", fontweight="bold")  # fmt: skip
        ax.set_xticks(steps, recalls.columns)
        ax.set(ylabel="recall on queries (%)", ylim=(max(0, low), 102))
        ax.set_xlim(-0.45, steps[-1] + 0.15)
    return figure


def _apart(values: np.ndarray, least: float) -> np.ndarray:
    """Rising values moved as little as need be to lie `least` apart."""
    moved = np.array(values, float)
    for _ in range(200):
        gaps = np.diff(moved)
        short = np.clip(least - gaps, 0, None) / 2
        if not short.any():
            break
        moved[:-1] -= short
        moved[1:] += short
    return moved
