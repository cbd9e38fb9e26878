"""Head vectors of a dataset from a store, without the model that they come from."""

import json
from pathlib import Path

import pandas as pd

from ccsav.clips.dataset import Dataset
from ccsav.disk.on_disk import RowsOnDisk
from ccsav.disk.store import IDENTITY, Store
from ccsav.extraction.activations import HeadActivations
from ccsav.extraction.batches import row_key
from ccsav.extraction.survey import Survey


def open(
    cache: str | Path,
    dataset: Dataset,
    heads=None,
    *,
    model: str | None = None,
    question: str | None = None,
) -> HeadActivations:
    """Open the head vectors that `extract` has stored of a dataset; X stays on disk.

    Parameters
    ----------
    cache : folder that `extract` was given.
    dataset : the N clips; all of them must be stored.
    heads : which of the stored heads, as in `LALM.select`, such as `classifier.heads_`; default:
        all of them. Only their numbers are read.
    model, question : the model's name, and a part of the prompt, where the cache holds the clips as
        more than one model heard them, or with more than one prompt.

    Raises
    ------
    ValueError : the clips are not stored, not all of them, or in more than one way.

    Examples
    --------
    >>> import ccsav, numpy, tempfile
    >>> lalm, cache = ccsav.load_lalm("mini"), tempfile.mkdtemp()
    >>> clips = ccsav.Dataset.from_arrays([numpy.zeros(8000)], rate=16_000)
    >>> acts = ccsav.extract(lalm, clips, cache=cache, progress=False)
    >>> ccsav.open(cache, clips, heads=[0, 3]).X
    RowsOnDisk(1 clips × 2 heads × 32 numbers in float16)
    """
    ways, digests = [], {}
    for folder in sorted(path.parent for path in Path(cache).glob(f"*/{IDENTITY}")):
        about = json.loads((folder / IDENTITY).read_text("utf-8"))
        if model is not None and about["model"] != model:
            continue
        modality = about["modality"]
        if modality not in digests:
            digests[modality] = _digests(dataset, modality, Path(cache))
        store = Store(folder, about["shape"], about["identity"]["storage_dtype"])
        for prompt in [text for text in store.prompts() if question is None or question in text]:
            keys = [row_key(x, prompt) for x in digests[modality]]
            n = int((store.find(keys)[:, 0] >= 0).sum())
            if n:
                ways.append((n, about, prompt, store, keys))
    return _acts(dataset, *_only(ways, cache, dataset), heads)


def _digests(dataset, modality, cache):
    """Digest of each clip, (N,)."""
    survey = Survey(dataset, modality, cache / "recordings")
    survey.seconds(range(len(dataset)))  # and the digests that are known with them
    return [survey.digest(i) for i in range(len(dataset))]


def _only(ways, cache, dataset):
    """The one way in which all clips are stored."""
    whole = [way for way in ways if way[0] == len(dataset)]
    if len(whole) == 1:
        return whole[0][1:]
    if whole:
        found = "; ".join(f"model={about['model']!r}, {p!r}" for _, about, p, *_ in whole)
        raise ValueError(f"{cache}: stored in {len(whole)} ways, choose model, question: {found}.")
    most = max([way[0] for way in ways], default=0)
    raise ValueError(
        f"{cache}: holds {most} of the {len(dataset)} clips in one way: call `extract` with this "
        "cache for the others, or `dataset.subset` for those."
    )


def _acts(dataset, about, prompt, store, keys, heads):
    """Head activations whose X is on disk."""
    known = ("model", "family", "modality", "max_pixels", "device", "versions")
    origin = {name: about[name] for name in known} | {"prompts": [prompt]} | about["identity"]
    acts = HeadActivations.of(
        dataset, RowsOnDisk(store, keys), pd.DataFrame(about["heads"]), origin
    )
    return acts if heads is None else acts.with_heads(heads)
