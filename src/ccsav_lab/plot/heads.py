"""Figures of all heads at once: weights, specialisation, one number per head."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ccsav_lab import interactions, specialise
from ccsav_lab.aligned import same_heads

from .style import MAP, STYLE

KIND_NAMES = {
    "decoder": "decoder self-attention",
    "cross": "decoder cross-attention",
    "encoder": "encoder self-attention",
}
SAME = 1e-9  # recalls closer than this are equal


def weight_heatmap(
    weights: np.ndarray, labels: np.ndarray, heads: pd.DataFrame, what: str = "weight (%)"
) -> Figure:
    """Weight of every head for every class: classes down, heads across, in order of layer.

    Parameters
    ----------
    weights : (K, C) float
        Each column sums to 1, as in `CCSAVClassifier.weights_`; shown in per cent.
    labels : (C,) str
    heads : DataFrame
        Table of the K heads (layer, kind).
    what : str
        Name of the colour scale.
    """
    colours = {"cmap": MAP, "vmin": 0, "vmax": 100 * weights.max()}
    return _classes_by_heads(100 * weights.T, labels, heads, what, **colours)


def specialisation_map(
    recalls: pd.DataFrame, heads: pd.DataFrame, tested: pd.DataFrame | None = None
) -> Figure:
    """How much better each head is at each class than head and class alone give, in points.

    Shows `specialise.interaction`: red where a head finds a class more often than its own mean and
    the mean of the class give, blue where less often. Classes with similar rows stand side by
    side. Heads with one recall for all classes, such as those that the sound does not reach, are
    grey and left out of the means.

    Parameters
    ----------
    recalls : (K, C) DataFrame
        From `specialise.probe`, from 0 to 1.
    heads : DataFrame
        Table of the K heads (layer, kind).
    tested : DataFrame, optional
        From `interactions.specialists`, of the same heads and classes: its excess is shown, and
        only the pairs that pass the corrected test are coloured.
    """
    recalls = same_heads(recalls, heads)
    varies = recalls.max(axis=1) - recalls.min(axis=1) > SAME
    points = 100 * specialise.interaction(recalls[varies])
    order = specialise.order(specialise.similarity(points))
    if tested is not None:
        passing = tested["p_corrected"] <= interactions.LEVEL
        points = (100 * tested["excess"]).where(passing).unstack()
    values = points.reindex(recalls.index)[order].to_numpy().T  # (C, K)
    limit = np.nanmax(np.abs(values), initial=1)  # points
    colours = {"cmap": mpl.colormaps["RdBu_r"].with_extremes(bad="0.85")}
    colours |= {"vmin": -limit, "vmax": limit}
    what = "recall above what head and\nclass alone give (points)"
    return _classes_by_heads(values, order, heads, what, **colours)


def _classes_by_heads(values, labels, heads, what, **colours):
    """Heatmap of values (C, K) with a panel per kind of head and lines between layers."""
    kinds = heads["kind"].unique()
    sizes = [int((heads["kind"] == kind).sum()) for kind in kinds]
    with mpl.rc_context(STYLE):
        size = (2.2 + max(min(0.11 * len(heads), 11), 2.2 * len(kinds)), 1.4 + 0.24 * len(labels))
        figure, axes = plt.subplots(
            1, len(kinds), figsize=size, width_ratios=sizes, sharey=True, squeeze=False
        )
        for ax, kind in zip(axes[0], kinds, strict=True):
            of_kind = heads["kind"].to_numpy() == kind
            image = ax.imshow(values[:, of_kind], aspect="auto", interpolation="nearest", **colours)
            layers = heads["layer"].to_numpy()[of_kind]
            starts = np.flatnonzero(np.diff(layers, prepend=-1))
            for start in starts[1:]:
                ax.axvline(start - 0.5, color="white", linewidth=1)
            centres = (np.r_[starts[1:], len(layers)] + starts - 1) / 2
            ax.set_xticks(centres, layers[starts])
            ax.set(title=KIND_NAMES.get(kind, kind), xlabel="heads, by layer")
            ax.tick_params(length=0)
            ax.spines[:].set_visible(False)
        axes[0, 0].set_yticks(range(len(labels)), labels)
        figure.colorbar(image, ax=axes[0, -1], label=what, pad=0.03)
    return figure


def head_map(values: np.ndarray, heads: pd.DataFrame, what: str, chance: float) -> Figure:
    """One number per head on a layer × head grid: a panel per kind of head.

    Parameters
    ----------
    values : (K,) float
        From 0 to 1, shown in per cent.
    heads : DataFrame
        Table of the K heads (layer, head, kind).
    what : str
        Name of the colour scale.
    chance : float
        Where the scale starts, from 0 to 1.
    """
    kinds = heads["kind"].unique()
    table = heads.assign(value=100 * np.asarray(same_heads(values, heads)))
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, len(kinds), figsize=(1.4 + 2.9 * len(kinds), 2.9), squeeze=False
        )
        for ax, kind in zip(axes[0], kinds, strict=True):
            grid = table[table["kind"] == kind].pivot(index="layer", columns="head", values="value")
            sns.heatmap(
                grid,
                ax=ax,
                cmap=MAP,
                vmin=100 * chance,
                vmax=table["value"].max(),
                annot=grid.size <= 64,
                fmt=".0f",
                cbar=kind == kinds[-1],
                cbar_kws={"label": what},
                linewidths=0.5,
                annot_kws={"fontsize": 9},
            )
            ax.set(title=KIND_NAMES.get(kind, kind), xlabel="head", ylabel="layer")
            ax.invert_yaxis()
            ax.tick_params(length=0, rotation=0)
    return figure
