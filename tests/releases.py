"""Miniatures of official releases, with procedural sounds in place of the recordings.

That of ESC-50 is in `ccsav_lab.paper.miniature`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from ccsav_lab.sounds import render

RATE = 16_000
SOUNDS = ("siren", "rain", "piano", "frog")


def sound(name: str, seed: int, seconds: float = 1.0) -> np.ndarray:
    """The first `seconds` of one procedural clip."""
    return render(name, seed).waveform[: round(seconds * RATE)]


def write(path: Path, wave: np.ndarray) -> None:
    """A recording at 16 kHz, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, RATE)


def asvspoof2019(folder: Path, clips: int = 4) -> Path:
    """Protocols and FLAC files of three parts: spoofs are bona fide clips whose phase is lost."""
    rng, protocols = np.random.default_rng(0), folder / "ASVspoof2019_LA_cm_protocols"
    protocols.mkdir(parents=True)
    parts = {"train": ("T", "trn"), "dev": ("D", "trl"), "eval": ("E", "trl")}
    for number, (part, (letter, ending)) in enumerate(parts.items()):
        lines = []
        for i in range(2 * clips):
            wave = sound(SOUNDS[i % 4], 50 * number + i)
            speaker, key, attack = f"LA_{number:02d}{i % 2:02d}", "bonafide", "-"
            if i % 2:
                noise = np.exp(2j * np.pi * rng.random(len(wave) // 2 + 1))
                wave = np.fft.irfft(np.abs(np.fft.rfft(wave)) * noise, len(wave))
                key, attack = "spoof", f"A{1 + i % 6 + 6 * (part == 'eval'):02d}"
            name = f"LA_{letter}_{1000 + i}"
            write(folder / f"ASVspoof2019_LA_{part}" / "flac" / f"{name}.flac", wave)
            lines.append(f"{speaker} {name} - {attack} {key}")
        file = protocols / f"ASVspoof2019.LA.cm.{part}.{ending}.txt"
        file.write_text("\n".join(lines) + "\n")
    return folder


def audioset(folder: Path, clips: int = 3) -> Path:
    """Two lists and an index of classes; every clip holds one sound or two."""
    folder.mkdir(parents=True)
    names = pd.DataFrame({"index": range(4), "mid": [f"/m/0{i}" for i in range(4)]})
    names.assign(display_name=["Siren, alarm", "Rain", "Piano", "Frog"]).to_csv(
        folder / "class_labels_indices.csv", index=False
    )
    for part, start in (("balanced_train", 0), ("eval", 500)):
        lines = ["# Segments csv created", "# num_ytids=", "# YTID, start_seconds, end_seconds"]
        for i in range(4 * clips):
            first, second = i % 4, (i // 4) % 4
            wave = sound(SOUNDS[first], start + i)
            if second != first:
                wave = (wave + sound(SOUNDS[second], start + 100 + i)) / 2
            mids = ",".join(f"/m/0{c}" for c in sorted({first, second}))
            write(folder / "clips" / f"id_{start + i:08d}.wav", wave)
            lines.append(f'id_{start + i:08d}, 30.000, 40.000, "{mids}"')
        (folder / f"{part}_segments.csv").write_text("\n".join(lines) + "\n")
    return folder
