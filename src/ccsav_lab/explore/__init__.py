"""Single heads: their responses as a sound changes, and an explorer of clips, classes and votes."""

from ccsav_lab.extra import require_packages

require_packages("ipywidgets")

from .explorer import Explorer
from .preferences import play_ranked, ranked_clips
from .tuning import head_names, responses, sweep, sweep_recordings, votes

__all__ = [
    "Explorer",
    "head_names",
    "play_ranked",
    "ranked_clips",
    "responses",
    "sweep",
    "sweep_recordings",
    "votes",
]
