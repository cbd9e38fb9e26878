"""VGGSound: clips from YouTube in which the source of the sound is visible."""

from pathlib import Path

from ccsav.clips.dataset import Dataset, DatasetError

from ._lists import find_file, keep_present, keep_split, refuse, release_folder
from ._youtube import add_files, read_clips

LIST = "vggsound.csv"
_SOURCE = (
    f"Get {LIST} from https://www.robots.ox.ac.uk/~vgg/data/vggsound/ and its clips from YouTube, "
    "named <id>_<start, 6 digits>.wav (or .flac, .ogg, .mp3, .mp4, .mkv, .webm), into one folder."
)


def load_vggsound(
    folder: str | Path | None = None, *, split: str | None = None, missing: str = "warn"
) -> Dataset:
    """VGGSound: about 200,000 videos of 10 s from YouTube, 550 hours, 309 classes of sounds.

    `path` is the sound file, and `video` the video file of the same clip; without a sound file,
    `path` is the video. Groups are YouTube ids. The list is at
    https://www.robots.ox.ac.uk/~vgg/data/vggsound/ under CC BY 4.0; the videos belong to their
    makers. Nothing is downloaded by this function.

    Parameters
    ----------
    folder : contains `vggsound.csv` (id, start, label, split), directly or in a sub-folder, and
        the clips, in any sub-folders, named `<id>_<start as 6 digits>` or as for `load_audioset`;
        default: `downloads/VGGSound`.
    split : "train" or "test"; default: both.
    missing : "warn" counts clips of the list without a file, which is normal, since videos are
        deleted from YouTube; "raise" is an error.

    Raises
    ------
    DatasetError : the list or all clips are missing, or the list is altered.
    """
    folder = release_folder(folder, "VGGSound", _SOURCE)
    file = find_file(folder, LIST)
    if file is None:
        raise DatasetError(f"{folder}: no {LIST} here. {_SOURCE}")
    table = read_clips(file, ("youtube", "start", "label", "split"))
    refuse(file, table.loc[~table["split"].isin(["train", "test"]), "split"], "unknown splits")
    table = keep_split(add_files(table, folder, LIST), split, file)
    table = keep_present(table, folder, LIST, missing, _SOURCE)
    columns = ["path", "video", "label", "group", "split", "start"]
    return Dataset(table[columns].dropna(axis="columns", how="all"), folder)
