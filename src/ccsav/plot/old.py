"""Figures, in one style, drawn from the arrays they are given."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

STYLE = {
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "savefig.bbox": "tight",
    "svg.hashsalt": "ccsav",  # the same figure is the same file
}
DPI = 200  # PNG, twice the size on screen
COLOURS = sns.color_palette("colorblind")
MARKERS, LINES = "osD^vP", ("-", "--", "-.", ":", "-", "--")
MAP = "cividis"  # even steps of lightness: readable in grayscale and by the colour-blind
KIND_NAMES = {
    "decoder": "decoder self-attention",
    "cross": "decoder cross-attention",
    "encoder": "encoder self-attention",
}


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
        size = (2.2 + min(0.11 * len(heads), 11), 1.4 + 0.24 * len(labels))
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


def spectrogram_page(panels: dict[str, dict[str, np.ndarray]], seconds: float) -> Figure:
    """Small log-mel spectrograms, a row per family and a panel per sound.

    panels: family → name → log-mel spectrogram, natural log of power, (frames, bands), low bands
    first; seconds: duration that they all have. Each panel shows the 60 dB below its peak.
    """
    columns = max(map(len, panels.values()))
    with mpl.rc_context(STYLE):
        size = (1.25 * columns, 1.1 * len(panels))
        figure, axes = plt.subplots(len(panels), columns, figsize=size, squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for row, (family, named) in zip(axes, panels.items(), strict=True):
            for ax, (name, spectrogram) in zip(row, named.items(), strict=False):
                level = 10 / np.log(10) * (spectrogram - spectrogram.max())  # dB below the peak
                image = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
                ax.imshow(level.T, cmap=MAP, vmin=-60, vmax=0, **image)
                ax.set_title(name, fontsize=8)
            row[0].set_axis_on()
            row[0].set(xticks=[], yticks=[])
            row[0].set_ylabel(family, fontsize=8)
        axes[-1, 0].set_xlabel(f"{seconds:g} s", fontsize=8)
    return figure


def save(figure: Figure, path: str | Path) -> list[Path]:
    """Write a figure as `path`.png and `path`.svg, close it, and return the two paths."""
    files = [Path(f"{path}.png"), Path(f"{path}.svg")]
    with mpl.rc_context(STYLE):
        figure.savefig(files[0], dpi=DPI)
        figure.savefig(files[1], metadata={"Date": None})
    plt.close(figure)
    return files
