"""Figures of lesson 11: how a connector learns, and what single heads tell before and after."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import COLOURS, LINES, MARKERS, STYLE, draw_level


def loss_and_right_names(losses: np.ndarray, right: pd.Series, clips: int, chance: float) -> Figure:
    """Loss of every training step, and right answers in words along the way.

    Parameters
    ----------
    losses : (steps,) float
        Mean cross-entropy per token, nats.
    right : Series
        Share of clips named right, from 0 to 1; the index is the number of steps done.
    clips : int
        Number of these clips.
    chance : float
        From 0 to 1.
    """
    with mpl.rc_context(STYLE):
        figure, (left, ax) = plt.subplots(1, 2, figsize=(7.4, 2.9))
        left.plot(np.arange(1, len(losses) + 1), losses, color=COLOURS[0], linewidth=1.2)
        left.set(xlabel="step", ylabel="loss (nats per token)", ylim=(0, None))
        left.set_title("training clips")
        ax.plot(right.index, 100 * right, "o-", color=COLOURS[1], clip_on=False, zorder=3)
        draw_level(ax, "chance among the names", chance)
        ax.set(xlabel="steps done", ylabel="named right (%)", ylim=(0, 100))
        ax.set_title(f"{clips} unheard clips")
    return figure


def heads_by_connector(accuracy: Mapping[str, pd.DataFrame], chance: float) -> Figure:
    """Accuracy of the mean decoder head of each layer, a line per connector, a panel per task.

    Parameters
    ----------
    accuracy : task → DataFrame
        From 0 to 1; the index is the layer, a column per connector.
    chance : float
        From 0 to 1, the same in all tasks.
    """
    with mpl.rc_context(STYLE):
        size = (2.2 + 3.2 * len(accuracy), 3.2)
        figure, axes = plt.subplots(1, len(accuracy), figsize=size, sharey=True, squeeze=False)
        for ax, (task, table) in zip(axes[0], accuracy.items(), strict=True):
            for i, (name, values) in enumerate(table.items()):
                look = {"color": COLOURS[i], "linestyle": LINES[i], "marker": MARKERS[i]}
                ax.plot(values.index, 100 * values, ms=3, linewidth=1.2, label=name, **look)
            draw_level(ax, "chance", chance)
            ax.set(xlabel="decoder layer", ylim=(0, 100))
            ax.set_title(task)
        axes[0, 0].set_ylabel("accuracy of one head alone,\nmean of the layer's heads (%)")
        lines, names = axes[0, 0].get_legend_handles_labels()
        place = {"loc": "outside right center", "frameon": False, "handlelength": 3.5}
        figure.legend(lines, names, title="connector", **place)
    return figure
