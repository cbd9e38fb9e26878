"""The paper's table: one model, one dataset on disk, every method, on the official split."""

from . import miniature
from .protocol import DIFFERENCES, OFFICIAL, PUBLISHED, Episode, caution, plan, to_markdown
from .steps import fill_table

__all__ = [
    "DIFFERENCES",
    "OFFICIAL",
    "PUBLISHED",
    "Episode",
    "caution",
    "fill_table",
    "miniature",
    "plan",
    "to_markdown",
]
