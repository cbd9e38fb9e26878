"""A dataset in the layout of an official release, small enough to rehearse the table on."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import soundfile

from ccsav_lab.sounds import render


def esc50(folder: str | Path, names: Sequence[str], clips: int = 2, seconds: float = 1.0) -> Path:
    """Write `meta/esc50.csv` and `audio/`: five folds with `clips` procedural sounds of each name.

    folder: made, with those above it; what is there stays. names: of `ccsav.sounds` classes.
    Returns the folder. The sounds are made by rule, not recorded: nothing here speaks of ESC-50.
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
