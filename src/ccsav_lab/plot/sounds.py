"""Figures of sounds."""

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import MAP, STYLE


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
