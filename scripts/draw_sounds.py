"""Draw one page of spectrograms, a panel per procedural sound class, to figures/sounds.png.

python scripts/draw_sounds.py
"""

from pathlib import Path

from ccsav_lab import plot
from ccsav_lab.sounds import CLASSES, Conditions, log_mel, render

SEED, SECONDS = 1, 2.0
FIGURES = Path(__file__).resolve().parents[1] / "figures"


def main() -> None:
    """Render every class without recording conditions and draw it; * marks those held out."""
    panels = {}
    for name, row in CLASSES.iterrows():
        sound = render(name, SEED, seconds=SECONDS, conditions=Conditions.clean())
        title = f"{name} *" if row["held_out"] else name
        panels.setdefault(row["family"], {})[title] = log_mel(sound.waveform, sound.rate)[::3]
    files = plot.save(plot.spectrogram_page(panels, SECONDS), FIGURES / "sounds")
    files.pop().unlink()  # an SVG of 64 images is no better than the PNG, and larger
    print("wrote", *files)


if __name__ == "__main__":
    main()
