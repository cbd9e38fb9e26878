"""Figures of answers: what a classifier said, how sure it was, and how methods differ."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from .listening import TALL, draw_spectrogram
from .style import COLOURS, MAP, STYLE


def guesses(
    clips: Sequence[np.ndarray],
    rate: int,
    true: np.ndarray,
    votes: np.ndarray,
    labels: np.ndarray,
    what: str = "probability (%)",
) -> Figure:
    """A few clips, each above what a classifier makes of it: a bar for every class.

    clips: waveforms, each (samples,), n of them; rate: Hz; true: (n,) indices into labels, (C,);
    votes: (n, C), from 0 to 1, probabilities or scores; what: their name. The true class
    is the title, and its bar is blue and hatched; the mark says whether it is the longest.
    """
    tall = 0.3 + 0.23 * len(labels)  # inches, of the bars
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            2, len(clips), figsize=(1.4 + 1.75 * len(clips), TALL + 0.5 + tall),
            height_ratios=[TALL, tall], sharey="row", squeeze=False,
        )  # fmt: skip
        for above, below, waveform, c, row in zip(*axes, clips, true, votes, strict=True):
            mark = "✓" if row.argmax() == c else "✗"
            draw_spectrogram(above, waveform, rate, f"{mark} {labels[c]}")
            bars = below.barh(range(len(labels)), 100 * row, color="0.7")
            bars[c].set(facecolor=COLOURS[0], hatch="///", edgecolor="white")
            below.set(xlim=(0, 100), xlabel=what)
        axes[0, 0].set_ylabel("frequency (kHz)")
        axes[1, 0].set_yticks(range(len(labels)), labels)
        axes[1, 0].invert_yaxis()
    return figure


def confusion(true: np.ndarray, said: np.ndarray, labels: np.ndarray) -> Figure:
    """How often each class was taken for each: true classes down, answers across.

    true, said: (N,) indices into labels, (C,). Numbers are clips; colours are shares of a row.
    """
    counts = confusion_matrix(true, said, labels=range(len(labels)))
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
    """Differences in points with 95 % intervals, one line each; filled where clear of zero.

    table: columns mean and interval, from -1 to 1; the index names the lines, its level `group`,
    if given, the panels. to: what the difference is to.
    """
    parts = dict(list(table.groupby(group, sort=False))) if group else {"": table}
    longest = max(map(len, parts.values()))
    with mpl.rc_context(STYLE):
        size = (2.6 + 2.3 * len(parts), 1.0 + 0.24 * longest)
        figure, axes = plt.subplots(
            1, len(parts), figsize=size, sharex=True, sharey=True, squeeze=False
        )
        for ax, (title, part) in zip(axes[0], parts.items(), strict=True):
            part = 100 * (part.droplevel(group) if group else part)
            names = [", ".join(map(str, i)) if isinstance(i, tuple) else i for i in part.index]
            clear = part["mean"].abs() > part["interval"]
            at = np.arange(len(part))
            ax.axvline(0, color="0.4", linewidth=1)
            for mask, face in ((clear, COLOURS[0]), (~clear, "white")):
                rows = mask.to_numpy()
                ax.errorbar(
                    part["mean"][rows], at[rows], xerr=part["interval"][rows], fmt="o", ms=5,
                    color=COLOURS[0], markerfacecolor=face, capsize=2,
                )  # fmt: skip
            ax.set(title=title, xlabel=f"difference to {to} (points)")
            ax.set_yticks(at, names)
        axes[0, 0].set_ylim(longest - 0.5, -0.5)
    return figure
