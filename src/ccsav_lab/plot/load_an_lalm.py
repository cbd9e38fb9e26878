"""Figures of lesson 01: the model's input, and accuracy along the prompt."""

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .style import COLOURS, MAP, STYLE, draw_level


def log_mel_picture(features: np.ndarray, seconds: float) -> Figure:
    """Log-mel spectrogram of a clip, as the model's feature extractor returns it.

    Parameters
    ----------
    features : (bands, frames) float
        As `input_features` holds them.
    seconds : float
        Duration of the frames.
    """
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(5.2, 2.4))
        image = ax.imshow(
            np.asarray(features), extent=(0, seconds, 0, len(features)), origin="lower",
            aspect="auto", cmap=MAP, interpolation="nearest",
        )  # fmt: skip
        ax.set(xlabel="time (s)", ylabel="mel band (low to high)")
        figure.colorbar(image, ax=ax, label="log power, as scaled\nfor the model", pad=0.01)
    return figure


def accuracy_by_position(accuracy: np.ndarray, is_audio: np.ndarray, chance: float) -> Figure:
    """Accuracy of single heads at every position of the prompt.

    The line is the mean over heads, the band runs from the 10th to the 90th percentile.

    Parameters
    ----------
    accuracy : (T, K) float
        Of K heads at T positions, from 0 to 1.
    is_audio : (T,) bool
        Positions of audio tokens, shaded.
    chance : float
        From 0 to 1.
    """
    accuracy, audio = 100 * np.asarray(accuracy), np.flatnonzero(is_audio)
    position = np.arange(len(accuracy))
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.4, 2.9))
        if len(audio):
            ax.axvspan(audio[0] - 0.5, audio[-1] + 0.5, color="0.92")
            ax.text(audio.mean(), 97, "audio tokens", ha="center", va="top", color="0.3")
        low, high = np.percentile(accuracy, [10, 90], axis=1)
        ax.fill_between(position, low, high, color=COLOURS[0], alpha=0.25, linewidth=0)
        ax.plot(position, accuracy.mean(1), "o-", ms=3, color=COLOURS[0])
        draw_level(ax, "chance", chance)
        ax.set(xlabel="position in the prompt (tokens)", ylabel="accuracy alone (%)", ylim=(0, 100))
        ax.set_xlim(-0.5, len(accuracy) - 0.5)
    return figure
