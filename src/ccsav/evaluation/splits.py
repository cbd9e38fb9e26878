"""Few-shot episodes: n support clips per class, and queries that share no group with them."""

from collections.abc import Iterator

import numpy as np

_ATTEMPTS = 100  # random orders of the groups to try before a request is called impossible


def episodes(
    y: np.ndarray, groups: np.ndarray | None = None, *, shots: int, n_episodes: int, seed: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw few-shot episodes whose support and query sets have no group in common.

    A random half of the groups may give support clips (more where a class is short); `shots` clips
    per class are drawn from them. Every clip whose group gave no support clip is a query.

    Parameters
    ----------
    y : (N,) class of each clip.
    groups : (N,), what must not be on both sides (speaker, source recording, fold); default: each
        clip is a group of its own.
    shots, n_episodes, seed : support clips per class, episodes to draw, and the seed of the draws.

    Yields
    ------
    support, query : clip indices, (C · shots,) and (number of queries,).

    Raises
    ------
    ValueError : `shots` is impossible with these groups; names the classes that lack clips.

    Examples
    --------
    >>> y, speaker = np.tile([0, 1], 6), np.repeat([0, 1, 2, 3], 3)
    >>> for support, query in episodes(y, speaker, shots=1, n_episodes=2):
    ...     print(set(speaker[support]) & set(speaker[query]), y[support])
    set() [0 1]
    set() [0 1]
    """
    y = np.asarray(y)
    groups = np.arange(len(y)) if groups is None else np.asarray(groups)
    if len(groups) != len(y):
        raise ValueError(f"groups has {len(groups)} entries for {len(y)} clips.")
    if shots < 1 or n_episodes < 1:
        raise ValueError(f"shots={shots} and n_episodes={n_episodes} must both be at least 1.")
    rng = np.random.default_rng(seed)
    for _ in range(n_episodes):
        yield _draw(y, groups, shots, rng)


def _draw(y, groups, shots, rng):
    """One (support, query) split, or a `ValueError` that names the classes that lack clips."""
    classes, class_of = np.unique(y, return_inverse=True)
    _, group_of = np.unique(groups, return_inverse=True)
    counts = np.zeros((group_of.max() + 1, len(classes)), dtype=int)  # (groups, C)
    np.add.at(counts, (group_of, class_of), 1)
    for _ in range(_ATTEMPTS):
        allowed = np.isin(group_of, _support_groups(counts, shots, rng))  # (N,)
        clips = [np.flatnonzero(allowed & (class_of == c)) for c in range(len(classes))]
        if min(map(len, clips)) < shots:
            continue
        support = np.concatenate([rng.choice(rows, shots, replace=False) for rows in clips])
        query = np.flatnonzero(~np.isin(group_of, group_of[support]))
        if len(np.unique(class_of[query])) == len(classes):
            return support, query
    raise ValueError(_shortage(classes, counts, shots))


def _support_groups(counts, shots, rng):
    """A random half of the groups, and those after it that a class needs for `shots` clips."""
    order = rng.permutation(len(counts))
    chosen = list(order[: max(1, len(order) // 2)])
    for group in order[len(chosen) :]:
        short = counts[chosen].sum(axis=0) < shots  # (C,)
        if counts[group, short].any():
            chosen.append(group)
    return chosen


def _shortage(classes, counts, shots):
    """Say which class cannot give `shots` support clips and still have a query."""
    lacking = []
    for label, per_group in zip(classes.tolist(), counts.T, strict=True):
        most = per_group.sum() - per_group[per_group > 0].min()  # one group is left to the queries
        if most < shots:
            lacking.append(
                f"class {label!r} has {per_group.sum()} clips in {np.count_nonzero(per_group)} "
                f"groups, so at most {most} for support"
            )
    reasons = lacking or [f"no division of the {len(counts)} groups leaves every class a query"]
    return (
        f"{shots} shots per class with group-disjoint queries are impossible: "
        f"{'; '.join(reasons[:5])}{' …' if len(reasons) > 5 else ''}. "
        "Ask for fewer shots, add clips, or use finer groups."
    )
