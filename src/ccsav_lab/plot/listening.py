"""Figures to listen with: what a clip sounds like, what a model hears of it, and where."""

import base64
import html
import io
from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import soundfile
import soxr
from IPython.display import HTML
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.signal import ShortTimeFFT

from .style import COLOURS, MAP, STYLE

WINDOW_S, HOP_S = 0.02, 0.015  # of the short-time Fourier transform
DEPTH_DB = 60  # shown below a clip's peak
FLOOR = 1e-12  # power, so that silence has a logarithm
MP3_RATES = (8_000, 48_000)  # Hz, that a player is made at
PEAK = 0.9  # of full scale, that a player is made as loud as
TALL = 1.5  # inches, of a spectrogram


def level(waveform: np.ndarray, rate: int) -> tuple[np.ndarray, tuple]:
    """Spectrogram of one clip in dB below its peak, and where it lies.

    waveform: (samples,); rate: Hz. Returns (bins, frames), at least -DEPTH_DB, low frequencies
    first, and its extent (start s, end s, 0 kHz, half the rate in kHz).
    """
    window, hop = round(WINDOW_S * rate), round(HOP_S * rate)
    transform = ShortTimeFFT.from_window("hann", rate, window, window - hop, scale_to="magnitude")
    frames = -(-len(waveform) // hop)
    power = transform.spectrogram(np.asarray(waveform, np.float64), p0=0, p1=frames)
    db = 10 * np.log10(np.maximum(power, FLOOR))
    extent = (0, frames * hop / rate, 0, rate / 2000)
    return np.maximum(np.round(db - db.max()), -DEPTH_DB), extent


def draw_spectrogram(ax, waveform: np.ndarray, rate: int, title: str = ""):
    """Put one clip's spectrogram on axes, time in s and frequency in kHz; returns the image."""
    db, extent = level(waveform, rate)
    image = ax.imshow(
        db,
        extent=extent,
        origin="lower",
        aspect="auto",
        cmap=MAP,
        vmin=-DEPTH_DB,
        vmax=0,
        interpolation="nearest",
    )
    ax.set_title(title)
    ax.set_xlabel("time (s)")
    return image


def spectrograms(clips: Mapping[str, np.ndarray], rate: int) -> Figure:
    """Clips side by side: time in s, frequency in kHz, level in dB below each clip's peak.

    clips: title → waveform (samples,), one to six or so; rate: their sampling rate, Hz.
    """
    with mpl.rc_context(STYLE):
        size = (1.2 + 1.9 * len(clips), 2.1)
        figure, axes = plt.subplots(1, len(clips), figsize=size, sharey=True, squeeze=False)
        for ax, (title, waveform) in zip(axes[0], clips.items(), strict=True):
            image = draw_spectrogram(ax, waveform, rate, title)
        axes[0, 0].set_ylabel("frequency (kHz)")
        figure.colorbar(image, ax=axes, label="level (dB)", pad=0.01)
    return figure


def player(waveform: np.ndarray, rate: int, title: str = "") -> HTML:
    """In a notebook: one clip's spectrogram with an audio player below, some 20 kB in all.

    waveform: (samples,); rate: Hz; title: stands above. What is heard is an MP3 as loud as it can
    be: for the ear, not for measuring.
    """
    return players({title: waveform}, rate)


def players(clips: Mapping[str, np.ndarray], rate: int) -> HTML:
    """In a notebook: `player` for several clips, side by side; clips: title → waveform."""
    cells = [_player(title, waveform, rate) for title, waveform in clips.items()]
    row = '<div style="display:flex;flex-wrap:wrap;gap:8px">' + "".join(cells) + "</div>"
    return HTML(row)


def _player(title, waveform, rate):
    """One clip as a piece of HTML that needs no other file."""
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(2.3, TALL + 0.3))
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
    """A clip as the bytes of an MP3 file, its peak at PEAK of full scale; (samples,), Hz."""
    wanted = min(max(rate, MP3_RATES[0]), MP3_RATES[1])
    waveform = np.asarray(waveform, np.float32)
    waveform = waveform if wanted == rate else soxr.resample(waveform, rate, wanted)
    loudest = np.abs(waveform).max()
    file = io.BytesIO()
    soundfile.write(file, waveform * (PEAK / max(loudest, FLOOR)), wanted, format="MP3")
    return file.getvalue()


def log_mel(features: np.ndarray, seconds: float) -> Figure:
    """What a model's feature extractor makes of a clip: mel bands over time.

    features: (bands, frames), as `input_features` holds them; seconds: that the frames span.
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


def by_position(accuracy: np.ndarray, is_audio: np.ndarray, chance: float) -> Figure:
    """How well single heads tell classes apart, at every position of the prompt.

    accuracy: (T, K), from 0 to 1, of K heads at T positions; the line is their mean, the band runs
    from the 10th to the 90th percentile. is_audio: (T,) bool, where audio tokens stand, shaded.
    """
    accuracy, where = 100 * np.asarray(accuracy), np.flatnonzero(is_audio)
    at = np.arange(len(accuracy))
    with mpl.rc_context(STYLE):
        figure, ax = plt.subplots(figsize=(6.4, 2.9))
        if len(where):
            ax.axvspan(where[0] - 0.5, where[-1] + 0.5, color="0.92")
            ax.text(where.mean(), 97, "audio tokens", ha="center", va="top", color="0.3")
        low, high = np.percentile(accuracy, [10, 90], axis=1)
        ax.fill_between(at, low, high, color=COLOURS[0], alpha=0.25, linewidth=0)
        ax.plot(at, accuracy.mean(1), "o-", ms=3, color=COLOURS[0])
        ax.axhline(100 * chance, color="0.4", linestyle=(0, (1, 2)), linewidth=1)
        ax.annotate(
            "chance", (1, 100 * chance), (0, 2), xycoords=("axes fraction", "data"),
            textcoords="offset points", ha="right", color="0.3", fontsize=9,
        )  # fmt: skip
        ax.set(xlabel="position in the prompt (tokens)", ylabel="accuracy alone (%)", ylim=(0, 100))
        ax.set_xlim(-0.5, len(accuracy) - 0.5)
    return figure
