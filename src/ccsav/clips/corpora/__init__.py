"""Datasets known by name: public ones, and those that other packages offer.

Public ones are read from the official files of their releases, or downloaded on request. Others are
read by the packages `datasets` of Hugging Face and soundata, which are installed only for these.
"""

from pathlib import Path

from ccsav.clips.dataset import Dataset, DatasetError

from ._offered import GROUP, load_offered, offered
from .asvspoof import PROTOCOLS, load_asvspoof2019
from .audioset import LISTS, indicator, load_audioset
from .esc import load_esc10, load_esc50
from .fsdd import load_fsdd
from .hub import load_hub
from .soundata_sets import load_soundata
from .vggsound import LIST, load_vggsound

__all__ = [
    "GROUP",
    "NAMED",
    "dataset_names",
    "indicator",
    "load_asvspoof2019",
    "load_audioset",
    "load_by_package",
    "load_esc10",
    "load_esc50",
    "load_fsdd",
    "load_hub",
    "load_named",
    "load_release",
    "load_soundata",
    "load_vggsound",
]

_FETCHED = {"esc10": load_esc10, "esc50": load_esc50, "fsdd": load_fsdd}  # can be downloaded
_LOCAL = {  # read from a local copy only
    "vggsound": load_vggsound,
    "audioset": load_audioset,
    "asvspoof2019": load_asvspoof2019,
}
NAMED = _FETCHED | _LOCAL
_GROUPED = {"esc10", "esc50", "asvspoof2019"}  # with several kinds of groups
_OFFICIAL_FILES = {  # patterns of files by which a release is recognised
    "esc50": ["meta/esc50.csv"],
    "vggsound": [LIST, f"*/{LIST}"],
    "audioset": [*LISTS, *(f"*/{name}" for name in LISTS)],
    "asvspoof2019": [PROTOCOLS, f"LA/{PROTOCOLS}"],
}


def dataset_names() -> list[str]:
    """All names that `load_named` knows: those of `NAMED`, then those that packages offer."""
    return [*NAMED, *sorted(offered().names - NAMED.keys())]


def load_named(name: str, group: str | None, split: str | None, fetch: bool) -> Dataset:
    """Read a dataset from the download folder, or make it; arguments as of `load_dataset`."""
    if name not in NAMED:
        return load_offered(name)
    if name not in _FETCHED:
        return _local(name, None, group, split)
    return _FETCHED[name](fetch=fetch, **_groups(name, group))


def load_by_package(
    source: str | Path, folder=None, label=None, group=None, split=None, fetch: bool = False
) -> Dataset | None:
    """Read "hf:…" or "soundata:…"; None for other names. Arguments as of `load_dataset`."""
    package, _, name = source.partition(":") if isinstance(source, str) else ("", "", "")
    if package == "hf":
        _refuse(source, folder=folder)
        return load_hub(name, label, group, split, fetch)
    if package == "soundata":
        _refuse(source, label=label)
        return load_soundata(name, folder, group, split, fetch)
    return _refuse(source, folder=folder, label=label)


def load_release(folder: Path, group: str | None, split: str | None) -> Dataset | None:
    """Read a folder that contains an official release; None if it contains none.

    Raises
    ------
    DatasetError : the folder contains several releases, or the release cannot be used.
    """
    names = [
        name
        for name, patterns in _OFFICIAL_FILES.items()
        if any(any(folder.glob(pattern)) for pattern in patterns)
    ]
    if len(names) > 1:
        raise DatasetError(
            f"{folder}: contains {' and '.join(names)}; give the folder of one of them."
        )
    if not names:
        return None
    if names == ["esc50"]:
        return load_esc50(folder, **_groups("esc50", group))
    return _local(*names, folder, group, split)


def _local(name, folder, group, split):
    """Read a release that is not downloaded."""
    return _LOCAL[name](folder, split=split, **_groups(name, group))


def _refuse(source, **options):
    """Raise a `DatasetError` for options that are given, but not used for this source."""
    for name, value in options.items():
        if value is not None:
            raise DatasetError(f"{source}: leave {name}={str(value)!r} out: it is not used here.")


def _groups(name, group):
    """The kind of groups, where it is given and there are several."""
    return {"group": group} if group and name in _GROUPED else {}
