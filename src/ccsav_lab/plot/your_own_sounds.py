"""Figure of lesson 08: probabilities of single clips."""

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import MAP, STYLE


def class_probabilities(proba: pd.DataFrame) -> Figure:
    """Probabilities in per cent: a row per clip, a column per class.

    Parameters
    ----------
    proba : (N, C) DataFrame
        From 0 to 1; the index names the clips, the columns the classes.
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
