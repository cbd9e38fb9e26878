"""Draw one page with a clip of every procedural video class, to figures/videos.png.

python scripts/draw_videos.py
"""

from pathlib import Path

from ccsav_lab import plot
from ccsav_lab.sounds import Conditions
from ccsav_lab.videos import CLASSES, CLEAR, render_video

SEED = 3
HEADINGS = {"sound": "told by sound", "sight": "told by sight", "both": "told only by both"}
FIGURES = Path(__file__).resolve().parents[1] / "figures"


def main() -> None:
    """Draw every class, in clear view and without noise; * marks the held-out classes."""
    options = {"size": 112, "camera": CLEAR, "conditions": Conditions.clean()}
    columns = {}
    for kind, heading in HEADINGS.items():
        columns[heading] = {}
        for name, row in CLASSES[CLASSES["told_by"] == kind].iterrows():
            clip = render_video(name, SEED, **options)
            title = f"{name} *" if row["held_out"] else name
            if not row["sound"]:
                title += f" ({clip.parameters['sound']})"
            columns[heading][title] = clip
    files = plot.save_figure(plot.video_page(columns), FIGURES / "videos")
    files.pop().unlink()  # an SVG of so many images is no better than the PNG, and larger
    print("wrote", *files)


if __name__ == "__main__":
    main()
