"""Figures of accuracy over episodes."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import COLOURS, LINES, MARKERS, STYLE


def accuracy_by_shots(summary: pd.DataFrame, n_classes: int) -> Figure:
    """Accuracy against shots, a line per method and a panel per set of heads.

    summary: from `evaluate.summary`, with an index of (method, shots) or (heads, method, shots)
        and the columns mean and interval, from 0 to 1; whiskers are 95 % intervals.
    n_classes: draws the line of chance.
    """
    table = summary if "heads" in summary.index.names else pd.concat({"": summary}, names=["heads"])
    panels = table.index.get_level_values("heads").unique()
    with mpl.rc_context(STYLE):
        size = (0.7 + 3.4 * len(panels), 3.2)
        figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False)
        shots = sorted(table.index.get_level_values("shots").unique())
        for ax, panel in zip(axes[0], panels, strict=True):
            methods = table.xs(panel, level="heads").index.get_level_values("method").unique()
            for i, method in enumerate(methods):
                line = 100 * table.xs((panel, method), level=("heads", "method"))
                x = np.array([shots.index(n) for n in line.index]) + 0.06 * (
                    i - (len(methods) - 1) / 2
                )
                style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i]}
                ax.errorbar(
                    x, line["mean"], line["interval"], label=method, capsize=2, ms=5, **style
                )
            ax.axhline(100 / n_classes, color="0.4", linestyle=(0, (1, 2)), linewidth=1)
            ax.annotate(
                "chance", (1, 100 / n_classes), (0, 2), xycoords=("axes fraction", "data"),
                textcoords="offset points", ha="right", color="0.3", fontsize=9,
            )  # fmt: skip
            ax.set(title=panel, xlabel="shots (support clips per class)", ylim=(0, 100))
            ax.set_xticks(range(len(shots)), shots)
        axes[0, 0].set_ylabel("accuracy on queries (%)")
        axes[0, -1].legend(loc="lower right", bbox_to_anchor=(1, 0.12), frameon=False)
    return figure
