"""Figures of lesson 10: methods beside zero-shot answers, settings chosen on the test, senses."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import binomtest

from .style import COLOURS, MAP, MARKERS, STYLE

DASHES = ("-", "--", "-.", (0, (6, 1.5, 1, 1.5, 1, 1.5)))  # one for each zero-shot form
CHANCE = {"color": "0.4", "linestyle": (0, (1, 2)), "linewidth": 1.2}


def zero_shot_forms(right: Mapping[str, np.ndarray], chance: Mapping[str, float]) -> Figure:
    """Zero-shot accuracy of each form of the question, a row each, with the chance of that form.

    Whiskers are 95 % intervals over clips (Wilson's).

    Parameters
    ----------
    right : mapping of str to (N,) bool
        Form → which clips were answered rightly.
    chance : mapping of str to float
        Form → accuracy of guessing, from 0 to 1.
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(7.2, 0.9 + 0.34 * len(right)))
        for y, (form, hits) in enumerate(right.items()):
            low, high = binomtest(int(np.sum(hits)), len(hits)).proportion_ci(method="wilson")
            mean = np.mean(hits)
            ax.errorbar(
                100 * mean, y, xerr=[[100 * (mean - low)], [100 * (high - mean)]], fmt="o", ms=6,
                color=COLOURS[0], capsize=2,
            )  # fmt: skip
            ax.plot([100 * chance[form]] * 2, [y - 0.4, y + 0.4], **CHANCE)
        ax.set(xlim=(-1, 102), ylim=(len(right) - 0.4, -0.6), xlabel="right answers (%)")
        ax.set_yticks(
            range(len(right)), [f"{form} (chance {100 * chance[form]:.0f} %)" for form in right]
        )
        ax.tick_params("y", length=0)
    return figure


def accuracy_by_method(
    table: pd.DataFrame, chance: float | None, metric: str = "accuracy"
) -> Figure:
    """Accuracy of every few-shot method, a marker per set of heads; zero-shot and chance are lines.

    Whiskers are 95 % intervals over episodes. The right panel enlarges the part with the methods.

    Parameters
    ----------
    table : DataFrame
        From `paper.fill_table`; rows without heads are zero-shot.
    chance : float, optional
        Accuracy of guessing among all classes, from 0 to 1; None: no line.
    metric : str
        The column that is drawn.
    """
    few_shot = table.index.get_level_values("heads") != ""
    few = 100 * table.loc[few_shot, [metric, f"{metric}_interval"]]
    few.columns = ["mean", "interval"]
    zero_shot = 100 * table.loc[~few_shot, metric].dropna().droplevel("heads")
    methods = list(few.index.get_level_values("method").unique())
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, 2, figsize=(8.6, 1.5 + 0.38 * len(methods)), sharey=True, width_ratios=(1, 1.5)
        )
        for ax, limits in zip(axes, ((-1, 101), _enlarged(few, zero_shot)), strict=True):
            _draw_few_shot(ax, few, methods)
            _draw_zero_shot(ax, zero_shot)
            if chance is not None:
                ax.axvline(100 * chance, label="chance of all classes", **CHANCE)
            ax.set(xlim=limits, xlabel=f"{metric.replace('_', ' ')} (%)")
            ax.tick_params("y", length=0)
        axes[0].set(ylim=(len(methods) - 0.5, -0.5), title="whole scale")
        axes[1].set(title="enlarged")
        axes[0].set_yticks(range(len(methods)), methods)
        handles, names = axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _enlarged(few, zero_shot):
    """Limits in per cent that hold all methods, and the zero-shot lines near them."""
    interval = few["interval"].fillna(0)  # a single episode has none
    low, high = (few["mean"] - interval).min(), (few["mean"] + interval).max()
    near = [x for x in zero_shot if 2 * low - high < x < 2 * high - low]  # within one more spread
    low, high = min([low, *near]), max([high, *near])
    pad = max(0.06 * (high - low), 1)
    return max(low - pad, -1), min(high + pad, 101)


def _draw_few_shot(ax, few, methods):
    """A row per method, a marker per set of heads; `few`: mean and interval in per cent."""
    sets = few.index.get_level_values("heads").unique()
    for i, heads in enumerate(sets):
        part = few.xs(heads, level="heads").loc[methods]
        y = np.arange(len(methods)) + 0.24 * (i - (len(sets) - 1) / 2)
        style = {"fmt": MARKERS[i], "color": COLOURS[i], "ms": 5, "capsize": 2}
        ax.errorbar(part["mean"], y, xerr=part["interval"], label=heads, **style)


def _draw_zero_shot(ax, zero_shot):
    """A vertical line per form of the question, in per cent."""
    for i, (form, value) in enumerate(zero_shot.items()):
        style = {"color": COLOURS[3 if "mcq" in form else 2], "linestyle": DASHES[i]}
        label = form.replace(", mcq,", ", with options,")
        ax.axvline(value, linewidth=1.5, label=label, zorder=0, **style)


def chosen_on_test(settings: Sequence[float], accuracy: np.ndarray, fixed: float) -> Figure:
    """Accuracy against a setting, a thin line per episode; below, episodes that are best at each.

    An episode with several best settings is shared among them.

    Parameters
    ----------
    settings : sequence of S float
        Drawn on a logarithmic axis.
    accuracy : (E, S) float
        From 0 to 1.
    fixed : float
        The setting that was fixed before any test clip was used.
    """
    accuracy = 100 * np.asarray(accuracy)
    best = np.isclose(accuracy, accuracy.max(axis=1, keepdims=True))
    shares = (best / best.sum(axis=1, keepdims=True)).sum(axis=0)  # (S,)
    with mpl.rc_context(STYLE):
        figure, (above, below) = plt.subplots(
            2, 1, figsize=(6.4, 4.4), sharex=True, height_ratios=(2.2, 1)
        )
        lines = above.plot(settings, accuracy.T, color="black", alpha=0.2, linewidth=1.5)
        lines[0].set_label("one episode")
        above.plot(settings, accuracy.mean(axis=0), "o-", ms=5, color=COLOURS[0], label="mean")
        below.bar(settings, shares, width=0.35 * np.asarray(settings), color=COLOURS[0])
        for ax in (above, below):
            style = {"color": "0.3", "linestyle": "--", "linewidth": 1.2, "zorder": 0}
            ax.axvline(fixed, label="fixed beforehand", **style)
        above.set(ylabel="accuracy on\ntest clips (%)", xscale="log")
        above.set_xticks(settings, [f"{x:.2g}" for x in settings])
        above.minorticks_off()
        above.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
        below.set(xlabel="temperature τ", ylabel="episodes\nbest here")
    return figure


def recall_by_sense(recall: pd.DataFrame, most: int = 24) -> Figure:
    """Recall of each class, a row each, with each modality, a column each.

    The first rows are the classes that the first modality tells better than the second. Of many
    classes, those are drawn whose recall depends most on the modality.

    Parameters
    ----------
    recall : (C, M) DataFrame
        From 0 to 1, indexed by class, a column per modality.
    most : int
        Number of classes drawn at most.
    """
    spread = recall.max(axis=1) - recall.min(axis=1)
    drawn = recall.loc[spread.nlargest(most).index]
    first_less_second = drawn.iloc[:, 0] - drawn.iloc[:, 1]
    drawn = 100 * drawn.loc[first_less_second.sort_values(ascending=False, kind="stable").index]
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(2.8 + 0.95 * len(drawn.columns), 1 + 0.27 * len(drawn)))
        sns.heatmap(
            drawn, annot=True, fmt=".0f", cmap=MAP, vmin=0, vmax=100, linewidths=0.5, ax=ax,
            cbar_kws={"label": "recall (%)"}, annot_kws={"fontsize": 9},
        )  # fmt: skip
        ax.set(xlabel="", ylabel="")
        ax.tick_params(length=0, labeltop=True, labelbottom=False)
        ax.tick_params("y", rotation=0)
    return figure
