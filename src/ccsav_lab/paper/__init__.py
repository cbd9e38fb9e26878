"""The paper's table: one model, one dataset on disk, every method, on the official split."""

from . import miniature
from .markdown import senses_to_markdown, to_markdown
from .protocol import DIFFERENCES, OFFICIAL, PUBLISHED, Episode, caution, plan
from .senses import fill_each_modality, sense_gains
from .steps import fill_table

__all__ = [
    "DIFFERENCES",
    "OFFICIAL",
    "PUBLISHED",
    "Episode",
    "caution",
    "fill_each_modality",
    "fill_table",
    "miniature",
    "plan",
    "sense_gains",
    "senses_to_markdown",
    "to_markdown",
]
