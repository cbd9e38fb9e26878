"""Draw one page of spectrograms, a panel per procedural sound class, to figures/sounds.png.

python scripts/draw_sounds.py
"""

from pathlib import Path

from ccsav_lab import plot
from ccsav_lab.sounds import CLASSES, Conditions, log_mel_spectrogram, render

SEED, SECONDS = 1, 2.0
FIGURES = Path(__file__).resolve().parents[1] / "figures"


def main() -> None:
    """Draw every class, rendered without recording conditions; * marks the held-out classes."""
    panels = {}
    for name, row in CLASSES.iterrows():
        sound = render(name, SEED, seconds=SECONDS, conditions=Conditions.clean())
        title = f"{name} *" if row["held_out"] else name
        spectrogram = log_mel_spectrogram(sound.waveform, sound.rate)[::3]
        panels.setdefault(row["family"], {})[title] = spectrogram
    files = plot.save_figure(plot.spectrogram_page(panels, SECONDS), FIGURES / "sounds")
    files.pop().unlink()  # an SVG of 64 images is no better than the PNG, and larger
    print("wrote", *files)


if __name__ == "__main__":
    main()
