"""The course's few-shot tasks on procedural sounds: named datasets without files."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset
from ccsav_lab.sounds import CLASSES, Conditions, render, resynthesise

RATE = 16_000  # Hz
COPIES = ("griffin-lim", "vocoder")


def sounds_heldout(**options) -> Dataset:
    """Name sounds of the classes that the mini LALM was not trained on; options as of `make`."""
    return make(CLASSES.index[CLASSES["held_out"]], **options)


def sounds_trained(**options) -> Dataset:
    """Name sounds of the classes that the mini LALM was trained to name; options as of `make`."""
    return make(CLASSES.index[~CLASSES["held_out"]], **options)


def sounds_families(clips: int = 16, **options) -> Dataset:
    """Name the family of a sound; the support set has no clip of the same class.

    Labels are families and groups are classes. Options as of `make`.
    """
    named = make(CLASSES.index, clips=clips, **options)
    families = CLASSES.loc[named.table["label"], "family"].to_numpy()
    table = named.table.assign(group=named.table["label"], label=families)
    return Dataset(table, waveforms=named.waveforms, rate=named.rate)


def spoof(clips: int = 6, **options) -> Dataset:
    """Tell original clips from machine-made copies: bona fide or spoof. Options as of `make`.

    Each clip comes as the original and as one copy, by Griffin-Lim or by a vocoder (column
    `attack`). Groups are classes, so that a clip and its copy are both support or both queries.
    """
    real = make(CLASSES.index, clips=clips, **options)
    attacks = np.resize(COPIES, len(real))
    copies = [
        resynthesise(wave, real.rate, kind=str(kind), seed=i)
        for i, (wave, kind) in enumerate(zip(real.waveforms, attacks, strict=True))
    ]
    sound = real.table["label"]
    original = real.table.assign(label="bona fide", attack="none", group=sound)
    copied = original.assign(label="spoof", attack=attacks, path=original["path"] + " copied")
    table = pd.concat([original, copied], ignore_index=True)
    return Dataset(table, waveforms=[*real.waveforms, *copies], rate=real.rate)


def make(
    names: Sequence[str],
    *,
    clips: int = 30,
    seconds: float = 2.0,
    conditions: Conditions | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Dataset:
    """Render clips of sound classes into a dataset in memory.

    Parameters
    ----------
    names : classes, from `sounds.CLASSES`.
    clips : number of clips per class.
    seconds : length of each clip.
    conditions : of the recording; default: all drawn at random.
    seed : another seed gives other clips.
    progress : show a bar.

    Returns
    -------
    Dataset
        With the columns path (a name), label, seed.
    """
    rows = [
        (f"{name} {number}", name, seed * 1_000_000 + number)
        for name in names
        for number in range(clips)
    ]
    table = pd.DataFrame(rows, columns=["path", "label", "seed"])
    waveforms = [
        render(name, number, seconds=seconds, rate=RATE, conditions=conditions).waveform
        for _, name, number in tqdm(rows, desc="render", unit=" clips", disable=not progress)
    ]
    return Dataset(table, waveforms=waveforms, rate=RATE)


TASKS: dict[str, Callable[..., Dataset]] = {
    "sounds-heldout": sounds_heldout,
    "sounds-trained": sounds_trained,
    "sounds-families": sounds_families,
    "spoof": spoof,
}
