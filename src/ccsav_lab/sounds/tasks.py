"""The course's few-shot tasks on procedural sounds: named datasets that need no files."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ccsav.clips.dataset import Dataset
from ccsav_lab.sounds import CLASSES, Conditions, render, resynthesise

RATE = 16_000  # Hz
COPIES = ("griffin-lim", "vocoder")


def sounds_heldout(**options) -> Dataset:
    """Name the classes that the mini LALM was never told of; see `make`."""
    return make(CLASSES.index[CLASSES["held_out"]], **options)


def sounds_trained(**options) -> Dataset:
    """Name the classes that the mini LALM has words for; see `make`."""
    return make(CLASSES.index[~CLASSES["held_out"]], **options)


def sounds_families(clips: int = 16, **options) -> Dataset:
    """Tell the family of a sound, from classes that the support set does not hold.

    Labels are families and groups are classes; see `make`.
    """
    named = make(CLASSES.index, clips=clips, **options)
    families = CLASSES.loc[named.table["label"], "family"].to_numpy()
    table = named.table.assign(group=named.table["label"], label=families)
    return Dataset(table, waveforms=named.waveforms, rate=named.rate)


def spoof(clips: int = 6, **options) -> Dataset:
    """Tell real recordings from a machine's copies of them: bona fide or spoof.

    Of each clip there is the original and one copy, by Griffin-Lim or by a vocoder (column
    `attack`); groups are classes, so that no clip is on one side and its copy on the other.
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
    """Render clips of sound classes into a dataset, held in memory.

    names: classes, of `sounds.CLASSES`. clips: per class. seconds: of each clip.
    conditions: how they are recorded; default: everything drawn at random. seed: another seed,
    other clips. Returns a `Dataset` with the columns path (a name), label, seed.
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
