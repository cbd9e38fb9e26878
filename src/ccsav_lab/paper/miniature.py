"""A dataset in the layout of an official release, small enough to test the table with."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import soundfile

from ccsav_lab.sounds import render


def write_esc50(
    folder: str | Path, names: Sequence[str], clips: int = 2, seconds: float = 1.0
) -> Path:
    """Write procedural sounds in the layout of ESC-50: `meta/esc50.csv` and `audio/`.

    The sounds are made by rule, not recorded: results on them say nothing about ESC-50.

    Parameters
    ----------
    folder : made if it is missing; files that it already has are kept.
    names : classes, from `sounds.CLASSES`.
    clips : number of clips of each class in each of the five folds.
    seconds : length of each clip.

    Returns
    -------
    Path
        The folder.
    """
    folder, rows = Path(folder), []
    for part in ("meta", "audio"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for target, name in enumerate(names):
        for fold in range(1, 6):
            for take in range(clips):
                number = 1000 * target + 100 * fold + take
                file = f"{fold}-{number:06d}-A-{target}.wav"
                if not (folder / "audio" / file).is_file():
                    clip = render(name, number, seconds=seconds)
                    soundfile.write(folder / "audio" / file, clip.waveform, clip.rate)
                rows.append((file, fold, target, name, False, number, "A"))
    columns = ["filename", "fold", "target", "category", "esc10", "src_file", "take"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "meta" / "esc50.csv", index=False)
    return folder
