"""Figures of lesson 13: where heads look, what they write, and what patching them changes."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ccsav_lab.aligned import same_heads

from .spectrograms import draw_spectrogram
from .style import COLOURS, LINES, MAP, MARKERS, STYLE

PART_COLOURS = {"audio": 0, "padding": 9, "video": 4, "question": 1, "template": 7}


def attention_under_sound(
    waveform: np.ndarray, rate: int, edges: np.ndarray, profiles: Mapping[str, np.ndarray]
) -> Figure:
    """A clip's spectrogram, and below it where heads look, on the same axis of time.

    Parameters
    ----------
    waveform : (samples,) float
    rate : int
        Hz.
    edges : (bins + 1,) float
        Of the bins, in seconds.
    profiles : mapping of str to (bins,) float
        Title of a head → attention in each bin, from `attention.over_time`; all have one scale.
    """
    most = 100 * max(profile.max() for profile in profiles.values())
    with mpl.rc_context(STYLE):
        rows = 1 + len(profiles)
        figure, axes = plt.subplots(
            rows, 1, figsize=(6.4, 2.0 + 0.85 * len(profiles)), sharex=True,
            height_ratios=[2, *[1] * len(profiles)],
        )  # fmt: skip
        draw_spectrogram(axes[0], waveform, rate)
        axes[0].set(ylabel="frequency (kHz)", xlabel="")
        for ax, (title, profile) in zip(axes[1:], profiles.items(), strict=True):
            ax.stairs(100 * profile, edges, fill=True, color=COLOURS[0])
            ax.set(ylim=(0, 1.05 * most), ylabel="%", xlim=(0, len(waveform) / rate))
            ax.annotate(
                title, (0.995, 0.97), xycoords="axes fraction", ha="right", va="top", fontsize=9
            )
        axes[-1].set_xlabel("time (s)")
        figure.supylabel("attention of the last prompt token, per bin", fontsize=9)
    return figure


def attention_by_layer(masses: pd.DataFrame, heads: pd.DataFrame) -> Figure:
    """Attention on audio, question and template: a bar per head, heads in order of layer.

    Parameters
    ----------
    masses : (K, parts) DataFrame
        From `attention.masses_by_part`, mean over clips; rows sum to 1. Parts that are nowhere used
        are left out.
    heads : DataFrame
        Table of the K heads (layer).
    """
    masses = same_heads(masses, heads)
    used = [part for part in masses.columns if masses[part].max() > 0]
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(max(5.0, min(0.13 * len(heads), 11)), 2.9))
        base = np.zeros(len(masses))
        for part in used:
            style = {"color": COLOURS[PART_COLOURS[part]], "width": 0.9, "label": part}
            ax.bar(range(len(masses)), 100 * masses[part], bottom=base, **style)
            base += 100 * masses[part].to_numpy()
        layers = heads["layer"].to_numpy()
        starts = np.flatnonzero(np.diff(layers, prepend=-1))
        for start in starts[1:]:
            ax.axvline(start - 0.5, color="black", linewidth=0.8)
        ax.set_xticks((np.r_[starts[1:], len(layers)] + starts - 1) / 2, layers[starts])
        ax.tick_params(axis="x", length=0)
        ax.set(xlabel="heads, by layer", ylabel="attention (%)", ylim=(0, 100))
        ax.margins(x=0.005)
        figure.legend(loc="outside upper center", ncols=len(used), frameon=False)
    return figure


def two_measures(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]],
    layers: np.ndarray,
    ylabel: str,
    *,
    equal: bool = False,
) -> Figure:
    """Two numbers of each head against one another: a dot per head, coloured by its layer.

    Parameters
    ----------
    panels : mapping of str to ((K,), (K,)) float
        Label of the horizontal axis → its numbers, and those of the vertical one, in their units.
    layers : (K,) int
    ylabel : str
    equal : bool
        Both axes have one scale, and a dotted line where both numbers are equal.
    """
    with mpl.rc_context(STYLE):
        size = (1.2 + 3.2 * len(panels), 3.3)
        figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False)
        for ax, (xlabel, (x, y)) in zip(axes[0], panels.items(), strict=True):
            dots = ax.scatter(x, y, c=layers, cmap=MAP, s=28, edgecolors="0.3", linewidths=0.4)
            if equal:
                ends = [min(np.min(x), np.min(y)), max(np.max(x), np.max(y))]
                ax.plot(ends, ends, color="0.4", linestyle=(0, (1, 2)), linewidth=1, zorder=0)
            ax.set(xlabel=xlabel)
        axes[0, 0].set_ylabel(ylabel)
        figure.colorbar(dots, ax=axes[0, -1], label="layer", pad=0.03)
    return figure


def written_by_depth(parts: Mapping[str, np.ndarray], right: np.ndarray, chance: float) -> Figure:
    """Left, what each layer adds for the right name; right, how often it would be said already.

    Parameters
    ----------
    parts : mapping of str to (L,) float
        Name of a part, such as "heads" → what it adds in each layer to the right name's logit, less
        what it adds to the other names on average.
    right : (L + 1,) float
        Share of clips whose right name is the likeliest of all names, before the first layer and
        after each, from 0 to 1.
    chance : float
        From 0 to 1.
    """
    with mpl.rc_context(STYLE):
        figure, (left, last) = plt.subplots(1, 2, figsize=(7.6, 3.0))
        n_layers = len(right) - 1
        width = 0.8 / len(parts)
        for i, (name, added) in enumerate(parts.items()):
            x = np.arange(n_layers) + width * (i - (len(parts) - 1) / 2)
            left.bar(x, added, width=width, color=COLOURS[i], label=name)
        left.axhline(0, color="0.4", linewidth=0.8)
        left.set(xlabel="layer", ylabel="added to the right name's logit,\nless the mean of others")
        left.legend(frameon=False)
        style = {"color": COLOURS[2], "marker": MARKERS[0], "ms": 5}
        last.plot(range(n_layers + 1), 100 * right, **style)
        last.axhline(100 * chance, color="0.4", linestyle=(0, (1, 2)), linewidth=1)
        last.annotate("chance", (n_layers, 100 * chance), va="bottom", ha="right", fontsize=9)
        last.set(xlabel="layers read", ylabel="right name likeliest (%)", ylim=(0, 105))
    return figure


def patch_map(tables: Mapping[str, pd.DataFrame], heads: pd.DataFrame, what: str) -> Figure:
    """Changes by patching on a layer × head grid; only heads that pass the test are coloured.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Title → columns change and p_corrected, from `patching.against_random`, a row per head;
        heads with p_corrected above 0.05 are grey. One scale for all.
    heads : DataFrame
        Table of the heads (layer, head, kind).
    what : str
        Name of the colour scale.
    """
    limit = max(table["change"].abs().max() for table in tables.values())
    with mpl.rc_context(STYLE):
        size = (1.5 + 2.9 * len(tables), 3.1)
        figure, axes = plt.subplots(1, len(tables), figsize=size, sharey=True, squeeze=False)
        for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
            table = same_heads(table, heads)
            change = table["change"].where(table["p_corrected"] <= 0.05)
            cells = heads.assign(change=change, line=heads["layer"].astype(str))
            if len(heads["kind"].unique()) > 1:
                cells["line"] = heads["kind"] + " " + cells["line"]
            grid = cells.pivot(index="line", columns="head", values="change")
            grid = grid.loc[cells["line"].unique()]
            colours = mpl.colormaps["RdBu_r"].with_extremes(bad="0.85")
            image = ax.imshow(grid, cmap=colours, vmin=-limit, vmax=limit, aspect="auto")
            ax.set_xticks(range(grid.shape[1])[:: 1 + grid.shape[1] // 12])
            ax.set_yticks(range(len(grid)), grid.index)
            ax.set(title=title, xlabel="head")
            ax.invert_yaxis()
            ax.tick_params(length=0)
            ax.spines[:].set_visible(False)
        axes[0, 0].set_ylabel("layer")
        figure.colorbar(image, ax=axes[0, -1], label=what, pad=0.03)
    return figure


def patched_layers(lines: Mapping[str, pd.Series]) -> Figure:
    """The share of the way from the corrupted clip's ratio to the clean one's, by patched layer.

    Parameters
    ----------
    lines : mapping of str to Series
        Way of patching → share by layer; 1: the ratio is that of the clean clip. The index is the
        layer, or (kind, layer).
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(5.6, 3.0))
        ax.axhline(0, color="0.4", linewidth=0.8)
        for i, (name, share) in enumerate(lines.items()):
            style = {"color": COLOURS[i], "marker": MARKERS[i], "linestyle": LINES[i], "ms": 5}
            ax.plot(range(len(share)), 100 * share, label=name, **style)
        names = [" ".join(map(str, k)) if isinstance(k, tuple) else str(k) for k in share.index]
        kinds = {name.rpartition(" ")[0] for name in names}
        names = [name.rpartition(" ")[2] for name in names] if len(kinds) == 1 else names
        step = 1 + len(names) // 12
        ax.set_xticks(range(len(names))[::step], names[::step])
        ax.set(xlabel="patched layer", ylabel="of the way to the clean clip (%)")
        figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure
