"""Head vectors of a set of clips, with their classes, groups and origin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ccsav.clips.dataset import Dataset
from ccsav.lalm.heads import select_heads


@dataclass(frozen=True, eq=False)
class HeadActivations:
    """Head vectors of N clips, as `extract` returns them.

    Parameters
    ----------
    X : (N, K, D), float16 unless asked otherwise, in memory or `RowsOnDisk`; vectors shorter than D
        end in zeros.
    y : (N,) class of each clip, an index into `labels`; None for a dataset without labels.
    labels : (C,) names of the classes.
    groups : (N,) group of each clip, or None.
    heads : table of the K heads: layer, head, kind, dim, pool, module.
    table : the dataset's rows for the N clips.
    skipped : table of the clips that were left out, and why: path, reason.
    provenance : model, prompts, formats and versions that the vectors come from.

    Examples
    --------
    >>> import numpy as np
    >>> import ccsav
    >>> tones = [np.sin(0.1 * i * np.arange(8000)) for i in (1, 2, 3)]
    >>> dataset = ccsav.Dataset.from_arrays(tones, rate=16_000, labels=["low", "mid", "high"])
    >>> acts = ccsav.extract(ccsav.load_lalm("mini"), dataset, heads="all", progress=False)
    >>> acts.X.shape, acts.labels.tolist(), acts.y.tolist()
    ((3, 72, 32), ['high', 'low', 'mid'], [1, 2, 0])
    >>> {name: int(mask.sum()) for name, mask in acts.head_sets().items()}
    {'decoder heads': 48, 'all heads': 72}
    >>> acts[acts.y > 0].with_heads("decoder").X.shape
    (2, 48, 32)
    """

    X: np.ndarray
    y: np.ndarray | None
    labels: np.ndarray
    groups: np.ndarray | None
    heads: pd.DataFrame
    table: pd.DataFrame
    skipped: pd.DataFrame
    provenance: dict

    def __post_init__(self):
        for name in ("y", "labels", "groups"):  # by position, whatever a pandas index says
            if (values := getattr(self, name)) is not None:
                object.__setattr__(self, name, np.asarray(values))
        held = {name: getattr(self, name) for name in ("X", "y", "groups", "table")}
        held["table"] = None if self.table.empty else self.table
        lengths = {name: len(x) for name, x in held.items() if x is not None}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"not of the same clips: {lengths}. Choose clips by acts[…].")

    def __repr__(self):
        n, k, d = self.X.shape
        labels = f"{len(self.labels)} classes" if self.y is not None else "no labels"
        return (
            f"HeadActivations({n} clips × {k} heads × {d} numbers in {self.X.dtype}, {labels}, "
            f"{len(self.skipped)} clips skipped, from {self.provenance['model']!r})"
        )

    def __getitem__(self, clips) -> "HeadActivations":
        """Some of the clips: a slice, a boolean mask (N,), or indices, as for a NumPy array.

        Classes keep their numbers and names, also those that no clip is left of.
        """
        rows = np.atleast_1d(np.arange(len(self.X))[clips])
        arrays = {"X": self.X, "y": self.y, "groups": self.groups}
        chosen = {name: None if x is None else x[rows] for name, x in arrays.items()}
        table = self.table.iloc[rows].reset_index(drop=True)
        return replace(self, **chosen, table=table)

    def with_heads(self, heads) -> "HeadActivations":
        """Some of the heads, given as for `LALM.select`: kinds, indices, a mask, or rows."""
        table = select_heads(self.heads.reset_index(drop=True), heads)
        return replace(self, X=self.X[:, table.index], heads=table.reset_index(drop=True))

    def head_sets(self) -> dict[str, np.ndarray]:
        """The sets of heads that methods are compared on, {name: mask (K,)}.

        "decoder heads" (self- and cross-attention), then "all heads" (the audio encoder's too); a
        set that is empty or the same as the other is left out.
        """
        decoder = (self.heads["kind"] != "encoder").to_numpy()  # (K,)
        sets = {"decoder heads": decoder} if decoder.any() else {}
        return sets if decoder.all() else sets | {"all heads": np.ones_like(decoder)}

    @classmethod
    def of(cls, dataset: Dataset, X, heads, provenance, rows=None, skipped=()) -> "HeadActivations":
        """Head vectors X (N, K, D) of a dataset's clips, or of some rows, from a table of K heads.

        skipped: clips that were left out, (path, reason).
        """
        table, labels = dataset.table, dataset.labels
        table = table if rows is None else table.iloc[rows].reset_index(drop=True)
        return cls(
            X=X,
            y=np.searchsorted(labels, table["label"].to_numpy(str)) if "label" in table else None,
            labels=labels,
            groups=table["group"].to_numpy() if "group" in table else None,
            heads=heads.reset_index(drop=True).rename_axis("index"),
            table=table,
            skipped=pd.DataFrame(skipped, columns=["path", "reason"], dtype=object),
            provenance=provenance,
        )

    @classmethod
    def joined(cls, parts: Sequence["HeadActivations"]) -> "HeadActivations":
        """The clips of several extractions in one set, such as the same ones in each modality.

        A classifier fitted on it knows each modality. Without groups, clips of one path are a
        group, so that no clip is scored by readouts that know it from another modality. Raises
        `ValueError` unless model, heads and labels are the same.
        """
        sources = {(x.provenance["fingerprint"], x.heads.to_csv(), *x.labels) for x in parts}
        if len(sources) != 1:
            raise ValueError("parts differ in model, heads or labels: extract them alike.")
        names = ("X", "y", "groups")
        arrays = {name: [getattr(part, name) for part in parts] for name in names}
        arrays = {k: np.concatenate(x) for k, x in arrays.items() if all(i is not None for i in x)}
        tables = {
            name: pd.concat([getattr(part, name) for part in parts], ignore_index=True)
            for name in ("table", "skipped")
        }
        modalities = dict.fromkeys(part.provenance["modality"] for part in parts)
        prompts = sorted({prompt for part in parts for prompt in part.provenance["prompts"]})
        about = parts[0].provenance | {"modality": ", ".join(modalities), "prompts": prompts}
        defaults = {"y": None, "groups": tables["table"]["path"].to_numpy()}
        return replace(parts[0], **(defaults | arrays | tables), provenance=about)
