"""The paper's table: one model, one dataset on disk, every method, on the official split."""

from . import miniature
from .protocol import DIFFERENCES, OFFICIAL, PUBLISHED, Episode, caution, plan, written
from .steps import run

__all__ = [
    "DIFFERENCES",
    "OFFICIAL",
    "PUBLISHED",
    "Episode",
    "caution",
    "miniature",
    "plan",
    "run",
    "written",
]
