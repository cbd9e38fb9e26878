"""VGGSound: what is heard and seen in clips of YouTube."""

from pathlib import Path

from ccsav.clips.dataset import Dataset, DatasetError

from ._lists import find, one_split, place, present, refuse
from ._youtube import clips, with_files

LIST = "vggsound.csv"
SOURCE = (
    f"Get {LIST} from https://www.robots.ox.ac.uk/~vgg/data/vggsound/ and its clips from YouTube, "
    "named <id>_<start, 6 digits>.wav (or .flac, .ogg, .mp3, .mp4, .mkv, .webm), into one folder."
)


def load_vggsound(
    folder: str | Path | None = None, *, split: str | None = None, missing: str = "warn"
) -> Dataset:
    """VGGSound: some 200,000 videos of 10 s from YouTube, about 550 hours, 309 sounds in sight.

    folder: where `vggsound.csv` (id, start, label, split) lies, itself or in a sub-folder, and the
        clips, in any sub-folders, named `<id>_<start as 6 digits>` or as for `load_audioset`; default:
        `downloads/VGGSound`.
    split: "train" or "test"; default: both.
    missing: "warn" counts clips of the list that are not there, which is normal, for YouTube
        loses videos; "raise" refuses them.

    `path` is the sound if there is a file of it, then `video` is the video beside it; else `path` is
    the video. Groups are YouTube ids. The list is at https://www.robots.ox.ac.uk/~vgg/data/vggsound/
    under CC BY 4.0; the videos are their makers', and nothing is fetched. Raises `DatasetError`.
    """
    folder = place(folder, "VGGSound", SOURCE)
    file = find(folder, LIST)
    if file is None:
        raise DatasetError(f"{folder}: no {LIST} here. {SOURCE}")
    table = clips(file, ("youtube", "start", "label", "split"))
    refuse(file, table.loc[~table["split"].isin(["train", "test"]), "split"], "unknown splits")
    table = one_split(with_files(table, folder, LIST), split, file)
    table = present(table, folder, LIST, missing, SOURCE)
    columns = ["path", "video", "label", "group", "split", "start"]
    return Dataset(table[columns].dropna(axis="columns", how="all"), folder)
