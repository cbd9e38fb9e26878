"""Spectrograms: alone, with an audio player, and beside a head's votes."""

import base64
import html
import io
import math
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import soundfile
import soxr
from IPython.display import HTML
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.signal import ShortTimeFFT

from .style import COLOURS, MAP, STYLE

WINDOW_S, HOP_S = 0.02, 0.015  # of the short-time Fourier transform
DEPTH_DB = 60  # range shown, below a clip's peak
FLOOR = 1e-12  # power; avoids the logarithm of 0
MP3_RATES = (8_000, 48_000)  # lowest and highest rate of an MP3 file, Hz
PEAK = 0.9  # of full scale; loudest sample of a player's sound
HEIGHT = 1.5  # of a spectrogram, inches
MOST_BARS = 12  # classes that `clip_board` shows votes for


def _level(waveform: np.ndarray, rate: int) -> tuple[np.ndarray, tuple]:
    """Level of a waveform in dB below its peak, (bins, frames), and the extent of the image."""
    window, hop = round(WINDOW_S * rate), round(HOP_S * rate)
    transform = ShortTimeFFT.from_window("hann", rate, window, window - hop, scale_to="magnitude")
    frames = math.ceil(len(waveform) / hop)
    power = transform.spectrogram(np.asarray(waveform, np.float64), p0=0, p1=frames)
    db = 10 * np.log10(np.maximum(power, FLOOR))
    extent = (0, frames * hop / rate, 0, rate / 2000)
    return np.maximum(np.round(db - db.max()), -DEPTH_DB), extent


def draw_spectrogram(ax, waveform: np.ndarray, rate: int, title: str = "") -> None:
    """Draw the spectrogram of a waveform (samples,) on axes: time in s, frequency in kHz."""
    db, extent = _level(waveform, rate)
    image = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
    ax.imshow(db, extent=extent, cmap=MAP, vmin=-DEPTH_DB, vmax=0, **image)
    ax.set_title(title)
    ax.set_xlabel("time (s)")


def spectrogram_page(panels: Mapping[str, Mapping[str, np.ndarray]], seconds: float) -> Figure:
    """Small log-mel spectrograms: a row per family, a panel per sound.

    Parameters
    ----------
    panels : mapping of str to mapping of str to (frames, bands) float
        Family → name → log-mel spectrogram, natural log of power, low bands first. Each panel shows
        the 60 dB below its peak.
    seconds : float
        Duration of all sounds.
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
                ax.imshow(level.T, cmap=MAP, vmin=-DEPTH_DB, vmax=0, **image)
                ax.set_title(name, fontsize=8)
            row[0].set_axis_on()
            row[0].set(xticks=[], yticks=[])
            row[0].set_ylabel(family, fontsize=8)
        axes[-1, 0].set_xlabel(f"{seconds:g} s", fontsize=8)
    return figure


def player(waveform: np.ndarray, rate: int, title: str = "") -> HTML:
    """In a notebook: a clip's spectrogram with an audio player below, about 20 kB of HTML.

    The sound is an MP3 at full volume: for listening, not for measuring.

    Parameters
    ----------
    waveform : (samples,) float
    rate : int
        Sampling rate, Hz.
    title : str
        Shown above.
    """
    return players({title: waveform}, rate)


def players(clips: Mapping[str, np.ndarray], rate: int) -> HTML:
    """In a notebook: a `player` per clip, side by side; clips: title → waveform (samples,)."""
    cells = [_player(title, waveform, rate) for title, waveform in clips.items()]
    row = '<div style="display:flex;flex-wrap:wrap;gap:8px">' + "".join(cells) + "</div>"
    return HTML(row)


def _player(title, waveform, rate):
    """One clip as HTML that needs no other file."""
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(2.3, HEIGHT + 0.3))
        draw_spectrogram(ax, waveform, rate, title)
        ax.set_ylabel("frequency (kHz)")
        picture = io.BytesIO()
        figure.savefig(picture, format="jpeg", dpi=100, pil_kwargs={"quality": 80})
        plt.close(figure)
    picture = base64.b64encode(picture.getvalue()).decode()
    sound = base64.b64encode(mp3(waveform, rate)).decode()
    name = html.escape(f"Spectrogram of {title or 'a clip'}", quote=True)
    return (
        f'<div><img alt="{name}" src="data:image/jpeg;base64,{picture}"><br>'
        f'<audio controls style="width:230px" src="data:audio/mpeg;base64,{sound}"></audio></div>'
    )


def mp3(waveform: np.ndarray, rate: int) -> bytes:
    """A waveform (samples,) at `rate` Hz as the bytes of an MP3 file, its peak at `PEAK`."""
    mp3_rate = min(max(rate, MP3_RATES[0]), MP3_RATES[1])
    waveform = np.asarray(waveform, np.float32)
    waveform = waveform if mp3_rate == rate else soxr.resample(waveform, rate, mp3_rate)
    loudest = np.abs(waveform).max()
    file = io.BytesIO()
    soundfile.write(file, waveform * (PEAK / max(loudest, FLOOR)), mp3_rate, format="MP3")
    return file.getvalue()


def clip_board(
    rows: Mapping[str, Sequence[tuple[str, np.ndarray]]],
    rate: int,
    votes: pd.Series,
    title: str,
    true: str,
    recall: float,
) -> Figure:
    """One head and one class: spectrograms of clips in rows; on the right, the head's votes.

    Parameters
    ----------
    rows : mapping of str to sequence of (str, (samples,) float)
        Heading → clips, each a title and a waveform.
    rate : int
        Sampling rate, Hz.
    votes : Series
        Class → mean posterior of the head on clips of class `true`, from 0 to 1. The largest
        `MOST_BARS` are shown, and that of `true`, in blue.
    title : str
        Of the votes.
    true : str
        The class.
    recall : float
        Of the head for that class, from 0 to 1.
    """
    columns = max(map(len, rows.values()))
    with mpl.rc_context(STYLE):
        figure = plt.figure(figsize=(2.0 * columns + 3.8, 2.3 * len(rows)))
        left, right = figure.subfigures(1, 2, width_ratios=[2.0 * columns, 3.8])
        parts = np.atleast_1d(left.subfigures(len(rows), 1))
        for part, (heading, clips) in zip(parts, rows.items(), strict=True):
            part.suptitle(heading, x=0.01, ha="left", fontsize=11)
            axes = part.subplots(1, columns, sharey=True, squeeze=False)[0]
            for ax, (name, waveform) in zip(axes, clips, strict=False):
                draw_spectrogram(ax, waveform, rate)
                ax.set_title(name, fontsize=9)
            for ax in axes[len(clips) :]:
                ax.set_axis_off()
            axes[0].set_ylabel("frequency (kHz)")
        right.suptitle(title, x=0.02, ha="left", fontsize=11)
        ax = right.subplots()
        _draw_votes(ax, votes, true)
        ax.set_xlabel(f"mean posterior (%); recall {100 * recall:.0f} %")
    return figure


def _draw_votes(ax, votes, true):
    """Bars of the largest votes and of the true class, in per cent, with a line at chance."""
    votes = votes.sort_values(ascending=False, kind="stable")
    shown = votes[votes.index.isin([*votes.index[:MOST_BARS], true])][::-1]
    colours = [COLOURS[0] if name == true else "0.7" for name in shown.index]
    ax.barh(range(len(shown)), 100 * shown, color=colours)
    ax.axvline(100 / len(votes), color="0.4", linestyle=(0, (1, 2)), linewidth=1)
    ax.set_yticks(range(len(shown)), shown.index)
    for tick, name in zip(ax.get_yticklabels(), shown.index, strict=True):
        tick.set_fontweight("bold" if name == true else "normal")
    ax.set_xlim(0, 100)
    ax.tick_params(axis="y", length=0)
