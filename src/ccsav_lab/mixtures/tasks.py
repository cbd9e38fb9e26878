"""Several sounds at once: named datasets of mixtures."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ccsav.clips.dataset import Dataset
from ccsav_lab.recordings import load_recordings
from ccsav_lab.sounds import CLASSES, Conditions
from ccsav_lab.sounds.tasks import make

from .mixing import mix_sounds

NO_BACKGROUND = Conditions(snr_db=np.inf)  # all else is drawn


def mixtures_heldout(**options) -> Dataset:
    """Mixtures of classes that the mini LALM was not trained on; options as of `mix_procedural`."""
    return mix_procedural(CLASSES.index[CLASSES["held_out"]], **options)


def mixtures_trained(**options) -> Dataset:
    """Mixtures of classes that the mini LALM was trained to name; options as of `mix_procedural`.

    It was trained to name one sound at a time.
    """
    return mix_procedural(CLASSES.index[~CLASSES["held_out"]], **options)


def mixtures_recordings(**options) -> Dataset:
    """Mixtures of real recordings, those of `load_recordings`; options as of `mix_sounds`.

    Of each recording, most of them 5 s long, the `sound_seconds` (2) with the most energy are used;
    the column `starts` says which. All clips of one source recording are in one pool.

    Examples
    --------
    >>> from ccsav_lab.mixtures import tasks
    >>> mixtures = tasks.mixtures_recordings(clips=10, progress=False)
    >>> len(mixtures), mixtures.seconds(0), sorted(set(mixtures.table["group"]))
    (10, 4.0, [1, 2, 3, 4, 5])
    """
    return mix_sounds(load_recordings(), **options)


def mix_procedural(
    names: Sequence[str],
    *,
    sources: int = 30,
    sound_seconds: float = 2.0,
    conditions: Conditions | None = NO_BACKGROUND,
    seed: int = 0,
    progress: bool = True,
    **options,
) -> Dataset:
    """Render sounds of some classes, and mix them.

    Parameters
    ----------
    names : classes, from `sounds.CLASSES`.
    sources : sounds to render per class; each belongs to one pool, and can be in several mixtures.
    sound_seconds : length of each sound.
    conditions : of the recording of each sound; default: all drawn, but no background, so that the
        sounds are all that is heard. None: all drawn.
    seed : of sounds and mixtures; another seed gives others.
    progress : show bars.
    options : further arguments of `mix_sounds`: clips, seconds, number, levels, overlap, pools.

    Returns
    -------
    Dataset
        As from `mix_sounds`; a source is named by its class and the seed of `sounds.render`.
    """
    given = {"seed": seed, "progress": progress}
    sounds = make(names, clips=sources, seconds=sound_seconds, conditions=conditions, **given)
    names = sounds.table["label"] + " " + sounds.table["seed"].astype(str)
    sounds = replace(sounds, table=sounds.table.assign(path=names))
    return mix_sounds(sounds, sound_seconds=sound_seconds, **given, **options)
