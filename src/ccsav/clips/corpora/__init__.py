"""Public datasets, from their official releases' own files: a local copy, or fetched when asked.

Twenty lines of pandas per dataset do: soundata lists only ESC-50 of them, and Hugging Face's
`datasets` would bring pyarrow and a second kind of table, for copies that are not the releases.
"""

from pathlib import Path

from ccsav.datasets import Dataset, DatasetError, from_csv, from_folder, from_json
from ccsav.tasks import TASKS

from ._lists import one_split
from .asvspoof import PROTOCOLS, asvspoof2019
from .audioset import LISTS, audioset, indicator
from .esc import esc10, esc50
from .fsdd import fsdd
from .vggsound import vggsound

__all__ = [
    "NAMED",
    "asvspoof2019",
    "audioset",
    "esc10",
    "esc50",
    "fsdd",
    "indicator",
    "load_dataset",
    "vggsound",
]

FETCHED = {"esc10": esc10, "esc50": esc50, "fsdd": fsdd}  # read, or downloaded when asked
GIVEN = {"vggsound": vggsound, "audioset": audioset, "asvspoof2019": asvspoof2019}  # only read
NAMED = FETCHED | GIVEN
KNOWN_BY = {  # the official files that tell whose release a folder is
    esc50: ["meta/esc50.csv"],
    vggsound: ["vggsound.csv", "*/vggsound.csv"],
    audioset: [*LISTS, *(f"*/{name}" for name in LISTS)],
    asvspoof2019: [PROTOCOLS, f"LA/{PROTOCOLS}"],
}


def load_dataset(
    source: str | Path,
    *,
    group: str | None = None,
    split: str | None = None,
    fetch: bool = False,
) -> Dataset:
    """Read a dataset, whatever its form.

    source: a name (esc10, esc50, fsdd, vggsound, audioset, asvspoof2019; sounds-heldout,
        sounds-trained, sounds-families and spoof, which are rendered and need no files), a CSV,
        JSON or JSON Lines file, a folder that holds a `manifest.csv` or the official release of
        ESC-50, VGGSound, AudioSet or ASVspoof 2019 LA, or a folder with one sub-folder per class.
    group: for CSV files, the column of groups, see `datasets.from_csv`; for ASVspoof, "speaker" or
        "attack".
    split: keep the clips of this official split (of the column `split`); default: all.
    fetch: for esc10, esc50 and fsdd, download what is not there.

    Raises `DatasetError`.
    """
    dataset = _read(source, group, split, fetch)
    return dataset.subset(one_split(dataset.table, split, source).index) if split else dataset


def _read(source, group, split, fetch):
    """What `load_dataset` reads, perhaps with more than the one split."""
    if str(source) in TASKS:
        return TASKS[str(source)]()
    if str(source) in FETCHED:
        return FETCHED[str(source)](fetch=fetch)
    if str(source) in GIVEN:
        return _given(GIVEN[str(source)], None, group, split)
    source = Path(source)
    if source.suffix.lower() in (".json", ".jsonl"):
        return from_json(source)
    if (source / "manifest.csv").is_file():
        source = source / "manifest.csv"
    if source.suffix.lower() == ".csv":
        return from_csv(source, group=group)
    if not source.is_dir():
        names = ", ".join([*NAMED, *TASKS])
        raise DatasetError(f"{source}: neither a file or folder nor one of the names {names}.")
    known = [r for r, files in KNOWN_BY.items() if any(any(source.glob(f)) for f in files)]
    if len(known) > 1:
        names = " and ".join(reader.__name__ for reader in known)
        raise DatasetError(f"{source}: holds {names}; give the folder of one of them.")
    if known:
        return esc50(source) if known == [esc50] else _given(*known, source, group, split)
    return from_folder(source)


def _given(reader, folder, group, split):
    """A release that is only read, with groups for the one that has several kinds of them."""
    options = {"group": group} if group and reader is asvspoof2019 else {}
    return reader(folder, split=split, **options)
