"""Head vectors that stay on disk: an array that is read where it is used."""

from collections.abc import Sequence

import numpy as np

from ccsav.disk.store import Store


class RowsOnDisk:
    """Head vectors in a store, (N, K, D), in the order of a dataset.

    An index of clips (a slice, a mask, indices) gives another such array, and so does [:, heads];
    nothing is read then. Any other index, and `np.asarray`, give a NumPy array. Classifiers read
    what they fit, and predict a few clips at a time.
    """

    ndim = 3

    def __init__(self, store: Store, keys: Sequence[bytes], heads: np.ndarray | None = None):
        self._store, self._keys = store, np.array(keys, dtype="V32")  # (N,)
        self._heads = np.arange(store.shape[0]) if heads is None else heads
        self.shape = (len(self._keys), len(self._heads), store.shape[1])
        self.dtype = np.dtype(store.dtype)

    def __len__(self):
        return len(self._keys)

    def __repr__(self):
        n, k, d = self.shape
        return f"RowsOnDisk({n} clips × {k} heads × {d} numbers in {self.dtype})"

    def __getitem__(self, index):
        clips, *rest = index if isinstance(index, tuple) else (index,)
        if isinstance(clips, int | np.integer):
            return np.asarray(self[[clips]])[(0, *rest)]
        if not rest:
            chosen = self._keys[_plain(clips)]
            return RowsOnDisk(self._store, chosen, self._heads)
        if isinstance(clips, slice) and len(rest) == 1 and np.ndim(rest[0]) != 0:
            heads = self._heads[_plain(rest[0])]
            return RowsOnDisk(self._store, self._keys[clips], heads)
        return np.asarray(self)[index]

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("head vectors on disk cannot be an array without being read.")
        out = np.empty(self.shape, self.dtype)
        whole = np.array_equal(self._heads, np.arange(self._store.shape[0]))
        keys = [key.tobytes() for key in self._keys]
        good = self._store.read(keys, out, range(len(keys)), None if whole else self._heads)
        if not good.all():
            raise ValueError(
                f"{self._store.folder}: {int((~good).sum())} rows are damaged or missing: call "
                "`extract` again with verify=True, which computes them again."
            )
        return out if dtype is None else out.astype(dtype, copy=False)


def _plain(index):
    """An index as NumPy takes it, also a pandas one, which goes by position."""
    return index if isinstance(index, slice) else np.asarray(index)
