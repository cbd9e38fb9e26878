"""Figures of heads: what each is good at."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import MAP, STYLE

KIND_NAMES = {
    "decoder": "decoder self-attention",
    "cross": "decoder cross-attention",
    "encoder": "encoder self-attention",
}


def weight_heatmap(
    weights: np.ndarray, labels: np.ndarray, heads: pd.DataFrame, what: str = "weight (%)"
) -> Figure:
    """Which heads count for which class: classes down, heads across, in order of layer.

    weights: (K, C), each column summing to 1, as `CCSAVClassifier.weights_`; labels: (C,);
    heads: table of the K heads (layer, kind); what: name of the colour scale. Shown in per cent.
    """
    kinds = heads["kind"].unique()
    sizes = [int((heads["kind"] == kind).sum()) for kind in kinds]
    with mpl.rc_context(STYLE):
        size = (2.2 + max(min(0.11 * len(heads), 11), 2.2 * len(kinds)), 1.4 + 0.24 * len(labels))
        figure, axes = plt.subplots(
            1, len(kinds), figsize=size, width_ratios=sizes, sharey=True, squeeze=False
        )
        for ax, kind in zip(axes[0], kinds, strict=True):
            rows = heads["kind"].to_numpy() == kind
            image = ax.imshow(
                100 * weights[rows].T, aspect="auto", cmap=MAP, vmin=0, vmax=100 * weights.max(),
                interpolation="nearest",
            )  # fmt: skip
            layers = heads["layer"].to_numpy()[rows]
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
    """One number per head, on a layer × head grid, a panel per kind of head.

    values: (K,), from 0 to 1, shown in per cent; heads: table of the K heads (layer, head, kind);
    what: name of the colour scale; chance: where the scale starts, from 0 to 1.
    """
    kinds = heads["kind"].unique()
    table = heads.assign(value=100 * np.asarray(values))
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
