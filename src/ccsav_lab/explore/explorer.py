"""An explorer of clips, classes and votes, for a notebook."""

import base64
import io
from string import ascii_uppercase

import ipywidgets as widgets
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from ccsav.clips.dataset import Dataset
from ccsav.extraction.activations import HeadActivations
from ccsav_lab import plot, specialise
from ccsav_lab.aligned import dataset_of
from ccsav_lab.sounds.tasks import RATE

from .tuning import head_names, votes

SHOWN = 3  # clips in each of the two rows
DPI, COLOURS = 90, 64  # of the picture


class Explorer:
    """Pick a class and a head; see and hear which clips the head votes for, and all its votes.

    In a live notebook it shows two menus, `label` and `head` (heads in order of their recall of
    the class), a picture, and an audio player for each clip in it. Where widgets do not run the
    picture stands in their place. Setting `explorer.label.value` or `explorer.head.value` has the
    effect of the menus.

    Parameters
    ----------
    acts : HeadActivations
        Of N labelled clips.
    dataset : Dataset
        The clips themselves, as given to `extract`.
    label : str, optional
        Class at the start; default: the first.
    head : int, optional
        Head at the start, from 0 to K - 1; default: the best at that class.

    Raises
    ------
    ValueError
        For a dataset without the clips of `acts`, clips without labels, and a class or head that
        does not exist.
    """

    def __init__(
        self,
        acts: HeadActivations,
        dataset: Dataset,
        label: str | None = None,
        head: int | None = None,
    ):
        self.acts, self._names = acts, head_names(acts.heads)
        self._recalls = specialise.probe(acts)
        self._dataset = dataset_of(acts, dataset)
        labels = acts.labels.tolist()
        label = labels[0] if label is None else label
        if label not in labels:
            raise ValueError(f"label={label!r}: choose one of {labels}.")
        head = self.best_heads(label)[0] if head is None else head
        if head not in range(acts.X.shape[1]):
            raise ValueError(f"head={head}: choose one from 0 to {acts.X.shape[1] - 1}.")
        self.label = widgets.Dropdown(options=labels, value=label, description="class")
        self.head = widgets.Dropdown(options=self._menu(), value=int(head), description="head")
        self._build_view()
        self.label.observe(self._sort_menu, "value")
        self.head.observe(self._update, "value")
        self._update()

    def best_heads(self, label: str) -> list[int]:
        """Heads in order of their recall of a class, the best first."""
        return np.argsort(-self._recalls[label].to_numpy(), kind="stable").tolist()

    def clips(self) -> pd.DataFrame:
        """The clips that are shown.

        Returns
        -------
        DataFrame
            A row per clip: `clip` (index into `acts`), `label`, `posterior` of the chosen class
            (from 0 to 1), and `row`: "best", the largest posteriors of all clips, then "least",
            the smallest posteriors of the class's own clips.
        """
        c, y = self._class, self.acts.y
        posterior = self._votes[:, c]  # (N,)
        own = np.flatnonzero(y == c)
        best = np.argsort(-posterior, kind="stable")[:SHOWN]
        least = own[np.argsort(posterior[own], kind="stable")[:SHOWN]]
        chosen = np.r_[best, least]
        return pd.DataFrame(
            {
                "clip": chosen,
                "label": self.acts.labels[y[chosen]],
                "posterior": posterior[chosen],
                "row": ["best"] * len(best) + ["least"] * len(least),
            }
        )

    def votes(self) -> pd.Series:
        """The head's mean posterior of every class, from 0 to 1, on clips of the chosen class."""
        mean = self._votes[self.acts.y == self._class].mean(axis=0)
        return pd.Series(mean, self.acts.labels, name="posterior")

    def figure(self) -> Figure:
        """The picture: clips with the largest and smallest posteriors, and the head's votes."""
        clips, label = self.clips(), self.label.value
        titled = [
            (f"{letter}  {row.label}, {100 * row.posterior:.0f} %", self._waveform(row.clip))
            for letter, row in zip(ascii_uppercase, clips.itertuples(), strict=False)
        ]
        best = int((clips["row"] == "best").sum())
        return plot.clip_board(
            {
                f"all clips: largest posterior of “{label}”": titled[:best],
                f"clips of “{label}”: smallest posterior of it": titled[best:],
            },
            RATE,
            self.votes(),
            f"{self._names[self.head.value]} on clips of “{label}”",
            label,
            self._recalls.loc[self.head.value, label],
        )

    def _repr_mimebundle_(self, **_):
        """The live view, and the picture for pages without a kernel."""
        name = f"Explorer of {self._names[self.head.value]} for class {self.label.value!r}"
        picture = base64.b64encode(self.picture.value).decode()
        view = self.view._repr_mimebundle_()
        return {**view, "text/plain": name, "image/png": picture}

    def _build_view(self):
        """Make the picture, the captions and the players, and lay them out below the menus."""
        self.picture = widgets.Image(  # a box would stretch and blur it on a wide page
            format="png", layout={"max_width": "calc(100% - 4px)", "align_self": "flex-start"}
        )
        self.captions = [widgets.Label() for _ in range(2 * SHOWN)]
        audio = {"format": "mp3", "autoplay": False, "loop": False, "layout": {"width": "200px"}}
        self.players = [widgets.Audio(**audio) for _ in self.captions]
        pairs = zip(self.captions, self.players, strict=True)
        self._captioned = [widgets.VBox(pair) for pair in pairs]
        menus, *rows = (
            widgets.HBox(row, layout={"flex_flow": "row wrap"})  # wraps on a narrow page
            for row in (
                [self.label, self.head], self._captioned[:SHOWN], self._captioned[SHOWN:],
            )
        )  # fmt: skip
        self.view = widgets.VBox([menus, self.picture, *rows])
        self.view.add_class("ccsav-explorer")
        self.picture.add_class("ccsav-picture")

    @property
    def _class(self):
        return self.acts.labels.tolist().index(self.label.value)

    def _waveform(self, i):
        return self._dataset.waveform(i, RATE)

    def _menu(self):
        """Entries of the menu of heads for the chosen class: (text, head)."""
        label = self.label.value
        recalls = self._recalls[label]
        return [
            (f"{self._names[k]}, recall {100 * recalls[k]:.0f} %", k)
            for k in self.best_heads(label)
        ]

    def _sort_menu(self, _):
        """Sort the heads by their recall of the new class, and keep the chosen head."""
        head = self.head.value
        self.head.unobserve(self._update, "value")
        self.head.options = self._menu()
        self.head.value = head
        self.head.observe(self._update, "value")
        self._update()

    def _update(self, _=None):
        """Show the picture and the players of the chosen class and head."""
        self._votes = votes(self.acts, self.head.value)
        self.picture.value = _small_png(self.figure())
        clips = self.clips()
        for i, box in enumerate(self._captioned):
            box.layout.display = None if i < len(clips) else "none"
        for letter, player, caption, row in zip(
            ascii_uppercase, self.players, self.captions, clips.itertuples(), strict=False
        ):
            caption.value = f"{letter}  {row.label}"
            player.value = plot.mp3(self._waveform(row.clip), RATE)


def _small_png(figure):
    """A figure as the bytes of a PNG with few colours; closes it."""
    drawn, small = io.BytesIO(), io.BytesIO()
    with mpl.rc_context(plot.STYLE):
        figure.savefig(drawn, dpi=DPI)
    plt.close(figure)
    picture = Image.open(drawn).convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE)
    picture.save(small, "png", optimize=True)
    return small.getvalue()
