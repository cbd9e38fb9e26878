"""The one style of all figures, and how they are saved and shown."""

import io
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
    "svg.hashsalt": "ccsav",  # the same figure is the same file
}
DPI = 200  # PNG, twice the size on screen
COLOURS = sns.color_palette("colorblind")
MARKERS, LINES = "osD^vP", ("-", "--", "-.", ":", "-", "--")
MAP = "cividis"  # even steps of lightness: readable in grayscale and by the colour-blind
FIGURES = Path("../figures")  # from where a notebook stands


def save(figure: Figure, path: str | Path) -> list[Path]:
    """Write a figure as `path`.png and `path`.svg, close it, and return the two paths.

    The PNG keeps 256 colours: a third of the bytes, and no difference to the eye.
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
    """In a notebook: write a figure to `FIGURES`/`name`.png and .svg, close it, and display it.

    alt: what it shows, for those who cannot see it.
    """
    FIGURES.mkdir(parents=True, exist_ok=True)
    width = round(figure.get_size_inches()[0] * DPI / 2)
    png, _ = save(figure, FIGURES / name)
    return display.Image(png, embed=True, width=width, alt=alt or name)
