"""Make data/recordings: folds 4 and 5 of ESC-10 at 16 kHz, with the source of every clip.

python scripts/make_recordings.py --esc10 ../shared/real/esc10
"""

import argparse
import re
from pathlib import Path

import pandas as pd
import soundfile
from small_lalm.clips import ESC_NAMES

from ccsav.clips import audio
from ccsav.clips.corpora.csv_tables import read_table
from ccsav_lab.recordings import RECORDINGS

RATE = 16_000  # Hz
QUALITY = 0.35  # soundfile's compression level, 0 for the largest files
ENTRY = re.compile(
    r"- \[(?P<clip>[\w-]+\.ogg)\]:\s+clip derived from (?P<title>.+?) "
    r"\((?P<address>http\S+?)\) by (?P<author>.+?) \[(?P<licence>[\w-]+)\]"
)
LICENCES = {"CC0": "CC0 1.0", "CC-BY": "CC BY 3.0"}


def attributions(file: Path) -> pd.DataFrame:
    """Title, author, licence and address of every source recording, by the clip's file name."""
    found = [m.groupdict() for m in map(ENTRY.match, file.read_text("utf-8").splitlines()) if m]
    return pd.DataFrame(found).set_index("clip")


def main() -> None:
    """Read the command line, convert the clips, write the manifest."""
    parser = argparse.ArgumentParser(description="Make data/recordings from ESC-10.")
    parser.add_argument(
        "--esc10", type=Path, required=True, help="folder with clips/, manifest.csv"
    )
    options = parser.parse_args()
    table = read_table(options.esc10 / "manifest.csv")
    table = table[table["fold"].isin(["4", "5"])]
    sources = attributions(options.esc10 / "ATTRIBUTION.txt")
    rows = []
    (RECORDINGS / "clips").mkdir(parents=True, exist_ok=True)
    for row in table.itertuples():
        name = Path(row.path).name
        wave = audio.read_audio(options.esc10 / row.path, RATE)
        soundfile.write(
            RECORDINGS / "clips" / name, wave, RATE,
            format="OGG", subtype="VORBIS", compression_level=QUALITY,
        )  # fmt: skip
        source = sources.loc[name]
        rows.append({
            "path": f"clips/{name}", "label": ESC_NAMES[row.label], "fold": row.fold,
            "group": row.source, "title": source["title"], "author": source["author"],
            "licence": LICENCES[source["licence"]], "address": source["address"],
        })  # fmt: skip
    manifest = pd.DataFrame(rows).sort_values(["label", "path"])
    manifest.to_csv(RECORDINGS / "manifest.csv", index=False)
    print(manifest.groupby("label").size().to_string())


if __name__ == "__main__":
    main()
