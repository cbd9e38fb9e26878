"""What weights per class gain over averaged ones, as figures."""

import matplotlib as mpl
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import COLOURS, LINES, MARKERS, STYLE


def gain_by_sounds(gains: pd.DataFrame) -> Figure:
    """Gain against support clips: a line per number of sounds, a column per data, a row per method.

    Parameters
    ----------
    gains : DataFrame
        A row per data, method, sounds (in each clip) and support (clips); columns gain and interval
        (half of 95 %), from -1 to 1.
    """
    data, methods = (list(dict.fromkeys(gains[name])) for name in ("data", "method"))
    support = sorted(gains["support"].unique())
    with mpl.rc_context(STYLE):
        size = (1.0 + 2.6 * len(data), 0.9 + 2.2 * len(methods))
        figure, axes = plt.subplots(
            len(methods), len(data), figsize=size, sharex=True, sharey="row", squeeze=False
        )
        for (method, name), panel in gains.groupby(["method", "data"], sort=False):
            ax = axes[methods.index(method), data.index(name)]
            ax.axhline(0, color="0.4", linewidth=1)
            for i, (sounds, line) in enumerate(panel.groupby("sounds")):
                x = [support.index(n) + 0.08 * (i - 1) for n in line["support"]]  # none is hidden
                style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i]}
                label = f"{sounds} sound{'s' * (sounds > 1)}"
                y, interval = 100 * line["gain"], 100 * line["interval"]
                ax.errorbar(x, y, interval, label=label, capsize=2, ms=5, **style)
            ax.set_xticks(range(len(support)), support)
        for ax, name in zip(axes[0], data, strict=True):
            ax.set_title(name.replace(", ", ",\n"), fontsize=10)
        for ax, method in zip(axes[:, 0], methods, strict=True):
            ax.set_ylabel(f"{method}:\ngain (points)")
        figure.supxlabel("support clips", fontsize="medium")
        entries = axes[0, 0].get_legend_handles_labels()
        figure.legend(*entries, loc="outside upper center", ncols=3, frameon=False)
    return figure
