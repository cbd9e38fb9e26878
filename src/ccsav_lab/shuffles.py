"""Labels in random order, for permutation tests in which groups stay together."""

import numpy as np


def shuffled_labels(y: np.ndarray, groups: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Labels in n random orders, (N,) → (n, N).

    Labels are shuffled within each group that has several classes; groups of one class exchange
    their classes as a whole. y and groups are numbers from 0 up.

    Examples
    --------
    >>> import numpy as np
    >>> from ccsav_lab.shuffles import shuffled_labels
    >>> shuffled = shuffled_labels(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), n=3, seed=1)
    >>> (shuffled[:, 0] == shuffled[:, 1]).all()  # a group stays together
    np.True_
    """
    y, groups, rng = np.asarray(y), np.asarray(groups), np.random.default_rng(seed)
    classes = [np.unique(y[groups == group]) for group in range(groups.max() + 1)]
    pure = np.flatnonzero([len(found) == 1 for found in classes])  # groups of one class
    own = np.array([found[0] for found in classes])
    within = np.flatnonzero(~np.isin(groups, pure))
    within = within[np.argsort(groups[within], kind="stable")]
    codes = np.tile(own[groups], (n, 1))
    for row in codes:
        swapped = own.copy()
        swapped[pure] = rng.permutation(own[pure])
        row[:] = swapped[groups]
        row[within] = y[within[np.lexsort((rng.random(len(within)), groups[within]))]]
    return codes
