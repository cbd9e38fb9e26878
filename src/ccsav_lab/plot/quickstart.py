"""Figure of lesson 00: clips and a classifier's votes on them."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .spectrograms import HEIGHT, draw_spectrogram
from .style import COLOURS, STYLE


def clips_with_votes(
    clips: Sequence[np.ndarray],
    rate: int,
    true: np.ndarray,
    votes: np.ndarray,
    labels: np.ndarray,
    what: str = "probability (%)",
) -> Figure:
    """A few clips, each spectrogram above a bar chart of the votes for every class.

    The true class is the title, and its bar is blue and hatched; ✓ says that it is the longest.

    Parameters
    ----------
    clips : sequence of (samples,) float
        n waveforms.
    rate : int
        Sampling rate, Hz.
    true : (n,) int
        Indices into `labels`.
    votes : (n, C) float
        Probabilities or scores, from 0 to 1.
    labels : (C,) str
    what : str
        Name of the votes.
    """
    bars_height = 0.3 + 0.23 * len(labels)  # inches, of the bars
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            2, len(clips), figsize=(1.4 + 1.75 * len(clips), HEIGHT + 0.5 + bars_height),
            height_ratios=[HEIGHT, bars_height], sharey="row", squeeze=False,
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
