"""What is drawn for a mixture: its classes, sources, levels and times; and the pools of sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from zlib import crc32

import numpy as np

from ccsav.clips.dataset import DatasetError

MOST = 3  # sounds in a mixture, unless their number is fixed
LEVELS_DB = (-12.0, 0.0)  # of each sound


@dataclass(frozen=True)
class Plan:
    """The parameters of all mixtures; see `mix_sounds`. Raises `ValueError` for impossible ones."""

    seconds: float
    sound_seconds: float
    number: int | None
    levels: float | Sequence[float] | None
    overlap: float | None
    seed: int

    def __post_init__(self):
        most = MOST if self.number is None else self.number
        if not isinstance(most, Integral) or most < 1:
            raise ValueError(f"number={most!r}: give a whole number of sounds, at least 1.")
        if not 0 < self.sound_seconds <= self.seconds:
            raise ValueError(
                f"sound_seconds={self.sound_seconds} must be above 0, and at most "
                f"seconds={self.seconds}."
            )
        if self.levels is not None and not np.all(np.isfinite(self.levels)):
            raise ValueError(f"levels={self.levels} must be finite numbers of dB.")
        if np.ndim(self.levels) == 1 and len(self.levels) < most:
            raise ValueError(f"levels={self.levels}: give one for each of up to {most} sounds.")
        if self.overlap is not None and not self.least_overlap(most) <= self.overlap <= 1:
            longest = self.seconds / (1 + (most - 1) * (1 - min(max(self.overlap, 0), 1)))
            raise ValueError(
                f"overlap={self.overlap} must be from {self.least_overlap(most):.2f}, with which "
                f"{most} sounds of {self.sound_seconds} s take {self.seconds} s, to 1: give a "
                f"sound_seconds of at most {longest:.2f}, or fix a smaller number."
            )

    def least_overlap(self, number: int) -> float:
        """Share of a sound that the next one must overlap so that all are inside the mixture."""
        room = (self.seconds - self.sound_seconds) / self.sound_seconds
        return 0.0 if number == 1 else max(0.0, 1 - room / (number - 1))

    def rng(self, i: int, part: str) -> np.random.Generator:
        """The random generator of one parameter of mixture `i`."""
        return np.random.default_rng([self.seed, i, crc32(part.encode())])


def draw_sounds(members: Mapping[str, np.ndarray], plan: Plan, i: int) -> dict:
    """Draw the sounds of mixture `i`.

    Parameters
    ----------
    members : class → indices of its sources in the mixture's pool.
    plan : what is fixed, and the seed.
    i : number of the mixture.

    Returns
    -------
    dict
        Lists in the order of the sorted classes: labels, rows (of the sources), levels (dB), onsets
        (s); and the numbers number and overlap (NaN for one sound).
    """
    drawn = int(plan.rng(i, "number").integers(1, MOST + 1))
    number = drawn if plan.number is None else plan.number
    labels = plan.rng(i, "classes").permutation(sorted(members))[:number].tolist()
    rng = plan.rng(i, "sources")
    rows = [int(members[label][int(rng.random() * len(members[label]))]) for label in labels]
    onsets, overlap = _draw_onsets(number, plan, i)
    columns = {"labels": labels, "rows": rows, "levels": _draw_levels(number, plan, i)}
    order = np.argsort(labels)
    columns = {
        name: [values[k] for k in order] for name, values in (columns | {"onsets": onsets}).items()
    }
    return columns | {"number": number, "overlap": overlap}


def _draw_levels(number: int, plan: Plan, i: int) -> list[float]:
    """Levels in dB, in the order in which the classes were drawn."""
    if plan.levels is None:
        return plan.rng(i, "levels").uniform(*LEVELS_DB, number).round(1).tolist()
    fixed = [0.0, *[plan.levels] * (number - 1)] if np.ndim(plan.levels) == 0 else plan.levels
    return [float(level) for level in fixed[:number]]


def _draw_onsets(number: int, plan: Plan, i: int) -> tuple[list[float], float]:
    """Onsets in s, whole ms, of sounds that follow one another in random order; and the overlap."""
    least = plan.least_overlap(number)
    overlap = plan.overlap
    if overlap is None:
        overlap = least + (1 - least) * plan.rng(i, "overlap").random()
        overlap = min(1.0, np.ceil(100 * overlap) / 100)
    lasts, length = round(1000 * plan.sound_seconds), round(1000 * plan.seconds)  # ms
    step = int((1 - overlap) * lasts + 1e-6)
    free = length - lasts - (number - 1) * step
    first = int(plan.rng(i, "onset").random() * (free + 1))
    order = plan.rng(i, "order").permutation(number)
    return [(first + int(k) * step) / 1000 for k in order], overlap if number > 1 else np.nan


def deal_pools(labels: np.ndarray, groups: np.ndarray, pools: int) -> np.ndarray:
    """Deal groups of sources to disjoint pools so that each pool has sources of every class.

    The largest group is dealt first; each goes to the pool with the fewest sources of its classes.

    Parameters
    ----------
    labels, groups : (N,) class and group of each source.
    pools : their number.

    Returns
    -------
    np.ndarray
        (N,) number of each source's pool, from 1.

    Raises
    ------
    DatasetError : a pool would have no source of a class.

    Examples
    --------
    >>> deal_pools([*"aaaabb"], [1, 1, 2, 3, 4, 5], pools=2).tolist()
    [1, 1, 2, 2, 1, 2]
    """
    if pools < 1:
        raise ValueError(f"pools={pools}: choose at least 1.")
    classes, class_of = np.unique(labels, return_inverse=True)
    names, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    held = np.zeros((len(names), len(classes)), int)  # sources of each class in each group
    np.add.at(held, (group_of, class_of), 1)
    counts, pool_of = np.zeros((pools, len(classes)), int), np.zeros(len(names), int)
    for group in np.lexsort((first, -held.sum(axis=1))):
        own = counts[:, held[group] > 0].sum(axis=1)
        pool_of[group] = np.lexsort((counts.sum(axis=1), own))[0]
        counts[pool_of[group]] += held[group]
    for label, per_pool, per_group in zip(classes, counts.T, held.T, strict=True):
        if not per_pool.all():
            raise DatasetError(
                f"class {str(label)!r} has sources in {np.count_nonzero(per_group)} groups, which "
                f"leaves a pool without one: ask for fewer than pools={pools}."
            )
    return 1 + pool_of[group_of]
