"""Procedural videos: with a player, and on one page with their sounds."""

import base64
import html
import tempfile
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from IPython.display import HTML
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ccsav_lab.videos import Video, save_video

from .style import COLOURS, STYLE

WIDTH = 168  # of a player, pixels
SHOWN = 6  # frames of a clip on a page
BINS = 100  # of a waveform on a page


def video_players(clips: Mapping[str, Video]) -> HTML:
    """In a notebook: each clip with its sound and controls, side by side; needs PyAV.

    Parameters
    ----------
    clips : mapping of str to Video
        Title → clip, from `videos.render_video`. A clip takes some 40 kB in the page.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [
            save_video(clip, Path(folder) / f"{number}.mp4").read_bytes()
            for number, clip in enumerate(clips.values())
        ]
    cells = [
        f'<figure style="margin:0"><video controls width="{WIDTH}" style="image-rendering:'
        f'pixelated" src="data:video/mp4;base64,{base64.b64encode(file).decode()}"></video>'
        f"<figcaption>{html.escape(title)}</figcaption></figure>"
        for title, file in zip(clips, files, strict=True)
    ]
    return HTML('<div style="display:flex;flex-wrap:wrap;gap:12px">' + "".join(cells) + "</div>")


def video_page(columns: Mapping[str, Mapping[str, Video]]) -> Figure:
    """Clips in columns: a few frames of each, left to right in time, with the waveform below.

    Parameters
    ----------
    columns : mapping of str to mapping of str to Video
        Heading → title → clip.
    """
    rows = max(map(len, columns.values()))
    with mpl.rc_context(STYLE):
        figure = plt.figure(figsize=(4.2 * len(columns), 1.15 * rows + 0.3))
        parts = np.atleast_1d(figure.subfigures(1, len(columns)))
        for part, (heading, clips) in zip(parts, columns.items(), strict=True):
            part.suptitle(heading, x=0.02, ha="left", fontsize=12)
            axes = part.subplots(2 * rows, 1, squeeze=False, height_ratios=[3, 1] * rows)[:, 0]
            for ax in axes:
                ax.set_axis_off()
            for number, (title, clip) in enumerate(clips.items()):
                _draw_clip(axes[2 * number : 2 * number + 2], title, clip)
    return figure


def _draw_clip(axes, title, clip):
    """Frames above, and below the largest and smallest sample of each of `BINS` moments."""
    chosen = np.linspace(0, len(clip.frames) - 1, SHOWN).round().astype(int)
    gap = len(clip.frames[0]) // 28  # pixels of white between frames
    frames = np.pad(clip.frames[chosen], ((0, 0),) * 2 + ((0, gap), (0, 0)), constant_values=255)
    axes[0].imshow(np.concatenate(frames, axis=1)[:, :-gap], aspect="auto")
    axes[0].set_title(title, fontsize=9, pad=2)
    moments = np.array_split(clip.waveform / np.abs(clip.waveform).max(), BINS)
    low, high = ([f(moment) for moment in moments] for f in (np.min, np.max))
    axes[1].fill_between(np.arange(BINS), low, high, color=COLOURS[0], linewidth=0)
    axes[1].set(xlim=(0, BINS - 1), ylim=(-1, 1))
