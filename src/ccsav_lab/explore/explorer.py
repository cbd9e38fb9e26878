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
from ccsav_lab.plot.listening import mp3
from ccsav_lab.plot.specialisation import clip_board
from ccsav_lab.sounds.tasks import RATE

from .tuning import head_names, votes

SHOWN = 3  # clips that an explorer shows of each sort
DPI, COLOURS = 90, 64  # of an explorer's picture


class Explorer:
    """Pick a class and a head; see and hear what the head takes for the class, and its votes.

    acts: head vectors of N labelled clips; dataset: the clips themselves, as given to `extract`.
    label: class shown at first; default: the first. head: from 0 to K - 1; default: the best at
    that class.

    In a live notebook it shows two menus, `label` and `head` (the heads that are best at the class
    first, with their recall), a picture, and a player for every clip in it. Where widgets are not
    live the picture stands for it. Setting `explorer.label.value` and `explorer.head.value` does
    what the menus do; `figure()` draws the picture anew. Raises ValueError for clips that are not
    those of `acts`, for clips without labels, and for a class or head that is not there.
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
        rows = {path: i for i, path in enumerate(dataset.table["path"])}
        if not set(acts.table["path"]) <= set(rows):
            raise ValueError(
                "dataset does not hold the clips of acts: give what extract was given."
            )
        self._clips = [rows[path] for path in acts.table["path"]]
        self._dataset = dataset
        label = str(acts.labels[0]) if label is None else label
        if label not in acts.labels:
            raise ValueError(f"label={label!r}: choose one of {acts.labels.tolist()}.")
        head = self.best_heads(label)[0] if head is None else head
        if head not in range(acts.X.shape[1]):
            raise ValueError(f"head={head}: choose one from 0 to {acts.X.shape[1] - 1}.")

        self.label = widgets.Dropdown(
            options=acts.labels.tolist(), value=label, description="class"
        )
        self.head = widgets.Dropdown(options=self._menu(), value=int(head), description="head")
        self.picture = widgets.Image(  # a box would stretch it, and blur it, on a wide page
            format="png", layout={"max_width": "calc(100% - 4px)", "align_self": "flex-start"}
        )
        self.captions = [widgets.Label() for _ in range(2 * SHOWN)]
        self.players = [
            widgets.Audio(format="mp3", autoplay=False, loop=False, layout={"width": "200px"})
            for _ in self.captions
        ]
        self._heard = [widgets.VBox(pair) for pair in zip(self.captions, self.players, strict=True)]
        menus, *rows = (
            widgets.HBox(row, layout={"flex_flow": "row wrap"})  # on a narrow page
            for row in ([self.label, self.head], self._heard[:SHOWN], self._heard[SHOWN:])
        )
        self.view = widgets.VBox([menus, self.picture, *rows])
        self.view.add_class("ccsav-explorer")
        self.picture.add_class("ccsav-picture")
        self.label.observe(self._relist, "value")
        self.head.observe(self._update, "value")
        self._update()

    def best_heads(self, label: str) -> list[int]:
        """Heads from the best at a class to the worst, by their recall, equals in order."""
        return np.argsort(-self._recalls[label].to_numpy(), kind="stable").tolist()

    def clips(self) -> pd.DataFrame:
        """The clips that are shown, one row each.

        First SHOWN of all clips, those with the largest posterior of the class (row "best"), then
        SHOWN of the class's own, those with the smallest ("least"). Columns: clip (index into
        `acts`), label, posterior (from 0 to 1), row.
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
        """The head's mean posterior of each class, from 0 to 1, over the class's own clips."""
        mean = self._votes[self.acts.y == self._class].mean(axis=0)
        return pd.Series(mean, self.acts.labels, name="posterior")

    def figure(self) -> Figure:
        """The picture: the clips that the head likes best and least, and its votes."""
        clips, label = self.clips(), self.label.value
        titled = [
            (f"{letter}  {row.label}, {100 * row.posterior:.0f} %", self._waveform(row.clip))
            for letter, row in zip(ascii_uppercase, clips.itertuples(), strict=False)
        ]
        best = int((clips["row"] == "best").sum())
        return clip_board(
            {
                f"all clips: what it takes for “{label}” most": titled[:best],
                f"clips of “{label}”: what it takes for it least": titled[best:],
            },
            RATE,
            self.votes(),
            f"{self._names[self.head.value]} on clips of “{label}”",
            label,
            self._recalls.loc[self.head.value, label],
        )

    def _repr_mimebundle_(self, **_):
        """The live view, and for pages without a kernel the picture in its place."""
        name = f"Explorer of {self._names[self.head.value]} for class {self.label.value!r}"
        picture = base64.b64encode(self.picture.value).decode()
        view = self.view._repr_mimebundle_()
        return {**view, "text/plain": name, "image/png": picture}

    @property
    def _class(self):
        return self.acts.labels.tolist().index(self.label.value)

    def _waveform(self, i):
        return self._dataset.waveform(self._clips[i], RATE)

    def _menu(self):
        """Entries of the menu of heads for the class that is chosen: (text, head)."""
        label = self.label.value
        recalls = self._recalls[label]
        return [
            (f"{self._names[k]}, recall {100 * recalls[k]:.0f} %", k)
            for k in self.best_heads(label)
        ]

    def _relist(self, _):
        """Sort the heads anew for another class, and keep the one that is chosen."""
        head = self.head.value
        self.head.unobserve(self._update, "value")
        self.head.options = self._menu()
        self.head.value = head
        self.head.observe(self._update, "value")
        self._update()

    def _update(self, _=None):
        """Show what the menus say."""
        self._votes = votes(self.acts, self.head.value)
        figure, file = self.figure(), io.BytesIO()
        with mpl.rc_context(plot.STYLE):
            figure.savefig(file, dpi=DPI)
        plt.close(figure)
        small = io.BytesIO()  # few colours will do
        Image.open(file).convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE).save(
            small, "png", optimize=True
        )
        self.picture.value = small.getvalue()
        clips = self.clips()
        for i, heard in enumerate(self._heard):
            heard.layout.display = None if i < len(clips) else "none"
        for letter, player, caption, row in zip(
            ascii_uppercase, self.players, self.captions, clips.itertuples(), strict=False
        ):
            caption.value = f"{letter}  {row.label}"
            player.value = mp3(self._waveform(row.clip), RATE)
