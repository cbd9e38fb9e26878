"""Figures of the paper's table: asked without examples, from examples, and chosen on the test."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import binomtest

from .style import COLOURS, MARKERS, STYLE

ASKED = ("-", "--", "-.", (0, (6, 1.5, 1, 1.5, 1, 1.5)))  # a dash for each form of asking
CHANCE = {"color": "0.4", "linestyle": (0, (1, 2)), "linewidth": 1.2}


def zero_shot_forms(right: Mapping[str, np.ndarray], chance: Mapping[str, float]) -> Figure:
    """Accuracy of each form of asking without examples, a line each, with that form's chance.

    right: form → (N,), which clips were right; chance: form → what guessing gets, 0 to 1.
    Whiskers are 95 % intervals over clips (Wilson's).
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(7.2, 0.9 + 0.34 * len(right)))
        for at, (form, hits) in enumerate(right.items()):
            low, high = binomtest(int(np.sum(hits)), len(hits)).proportion_ci(method="wilson")
            mean = np.mean(hits)
            ax.errorbar(
                100 * mean, at, xerr=[[100 * (mean - low)], [100 * (high - mean)]], fmt="o", ms=6,
                color=COLOURS[0], capsize=2,
            )  # fmt: skip
            ax.plot([100 * chance[form]] * 2, [at - 0.4, at + 0.4], **CHANCE)
        ax.set(xlim=(-1, 102), ylim=(len(right) - 0.4, -0.6), xlabel="right answers (%)")
        ax.set_yticks(
            range(len(right)), [f"{form} (chance {100 * chance[form]:.0f} %)" for form in right]
        )
        ax.tick_params("y", length=0)
    return figure


def paper_table(table: pd.DataFrame, chance: float | None, metric: str = "accuracy") -> Figure:
    """Every method from examples, a marker per set of heads, beside zero-shot and chance.

    table: from `paper.run`; its rows without heads are drawn as lines. chance: of naming one of
    all classes, 0 to 1; None: no line. metric: the column. Whiskers are 95 % intervals over
    episodes. The right panel is the part of the left one where the methods are, enlarged.
    """
    named, width = table.index.get_level_values("heads") != "", f"{metric}_interval"
    asked, few = 100 * table.loc[~named, metric].dropna().droplevel("heads"), table[named]
    methods = list(few.index.get_level_values("method").unique())
    sets = list(few.index.get_level_values("heads").unique())
    whisker = few[width].fillna(0)  # of a single episode there is none
    values = 100 * np.stack([few[metric] - whisker, few[metric] + whisker])
    low, high = values.min(), values.max()
    near = [x for x in asked if 2 * low - high < x < 2 * high - low]  # by no more than the spread
    low, high = min([low, *near]), max([high, *near])
    pad = max(0.06 * (high - low), 1)
    limits = (max(low - pad, -1), min(high + pad, 101))
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, 2, figsize=(8.6, 1.5 + 0.38 * len(methods)), sharey=True, width_ratios=(1, 1.5)
        )
        for ax, x in zip(axes, ((-1, 101), limits), strict=True):
            for i, heads in enumerate(sets):
                part = 100 * few.xs(heads, level="heads").loc[methods, [metric, width]]
                at = np.arange(len(methods)) + 0.24 * (i - (len(sets) - 1) / 2)
                ax.errorbar(
                    part[metric], at, xerr=part[width], fmt=MARKERS[i], ms=5, capsize=2,
                    color=COLOURS[i], label=heads,
                )  # fmt: skip
            for i, (form, value) in enumerate(asked.items()):
                options = "mcq" in form
                ax.axvline(
                    value, color=COLOURS[3 if options else 2], linestyle=ASKED[i], linewidth=1.5,
                    label=form.replace(", mcq,", ", with options,"), zorder=0,
                )  # fmt: skip
            if chance is not None:
                ax.axvline(100 * chance, label="chance of all classes", **CHANCE)
            ax.set(xlim=x, xlabel=f"{metric.replace('_', ' ')} (%)")
            ax.tick_params("y", length=0)
        axes[0].set(ylim=(len(methods) - 0.5, -0.5), title="whole scale")
        axes[1].set(title="enlarged")
        axes[0].set_yticks(range(len(methods)), methods)
        handles, names = axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
    return figure


def chosen_on_test(settings: Sequence[float], accuracy: np.ndarray, fixed: float) -> Figure:
    """Accuracy against a setting, a thin line per episode; below, how many are best at each one.

    settings: (S,), drawn on a logarithmic axis; accuracy: (E, S), 0 to 1; fixed: the setting that
    was taken before any clip was heard. An episode with several best settings is shared out.
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
            ax.axvline(
                fixed,
                color="0.3",
                linestyle="--",
                linewidth=1.2,
                label="fixed beforehand",
                zorder=0,
            )
        above.set(ylabel="accuracy on\ntest clips (%)", xscale="log")
        above.set_xticks(settings, [f"{x:.2g}" for x in settings])
        above.minorticks_off()
        above.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
        below.set(xlabel="temperature τ", ylabel="episodes\nbest here")
    return figure
