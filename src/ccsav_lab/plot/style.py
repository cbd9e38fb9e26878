"""The style that all figures share; how they are saved and shown."""

import io
import os
from pathlib import Path

import matplotlib as mpl
import seaborn as sns
from IPython import display
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

STYLE = {
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "savefig.bbox": "tight",
    "svg.hashsalt": "ccsav",  # the same figure gives the same file
}
DPI = 200  # of a PNG, twice that on screen
COLOURS = sns.color_palette("colorblind")
MARKERS, LINES = "osD^vP", ("-", "--", "-.", ":", "-", "--")
MAP = "cividis"  # lightness rises evenly: readable in greyscale and by the colour-blind
FIGURES = "CCSAV_FIGURES"  # variable with the folder that `show` writes to


def draw_level(ax, name: str, value: float, **place) -> None:
    """Draw a dotted line at a value from 0 to 1, in per cent, with its name at the right end."""
    ax.axhline(100 * value, color="0.4", linestyle=(0, (1, 2)), linewidth=1)
    place = {"xytext": (0, 2), "ha": "right", "color": "0.3", "fontsize": 9} | place
    xycoords = ("axes fraction", "data")
    ax.annotate(name, (1, 100 * value), xycoords=xycoords, textcoords="offset points", **place)


def save_figure(figure: Figure, path: str | Path) -> list[Path]:
    """Write a figure as PNG and SVG, and close it.

    The PNG has 256 colours: a third of the bytes, without a visible difference.

    Parameters
    ----------
    figure : Figure
    path : str or Path
        Of the files, without suffix.

    Returns
    -------
    list of Path
        `path`.png and `path`.svg.
    """
    files = [Path(f"{path}.png"), Path(f"{path}.svg")]
    drawn = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(drawn, dpi=DPI)
        Image.open(drawn).convert("RGB").quantize(256).save(files[0], optimize=True)
        figure.savefig(files[1], metadata={"Date": None})
    plt.close(figure)
    return files


def show(figure: Figure, name: str, alt: str = "") -> display.Image:
    """Write a figure as PNG and SVG, close it, and display it in a notebook.

    The files go to `figures` in the working folder, beside the notebook, so that a rerun leaves the
    committed figures alone. `make notebooks` names their folder in the variable `CCSAV_FIGURES`.

    Parameters
    ----------
    figure : Figure
    name : str
        Of the files, without suffix.
    alt : str
        What the figure shows, for readers who cannot see it; default: `name`.
    """
    folder = Path(os.environ.get(FIGURES, "figures"))
    folder.mkdir(parents=True, exist_ok=True)
    width = round(figure.get_size_inches()[0] * DPI / 2)
    png, _ = save_figure(figure, folder / name)
    return display.Image(png, embed=True, width=width, alt=alt or name)
