"""The paper's table: one model, one dataset on disk, every method, on the official split.

Also on the lists of clips and questions that the authors of CALM released, with an audit of what
the numbers depend on.
"""

from . import miniature
from .audit import audit_split
from .beginnings import first_seconds
from .markdown import audit_to_markdown, senses_to_markdown, to_markdown
from .miniature_lists import write_lists
from .protocol import DIFFERENCES, OFFICIAL, PUBLISHED, Episode, caution, plan
from .protocol_split import Split, split_of
from .released import read_released
from .released_table import fill_released
from .senses import fill_each_modality, sense_gains
from .steps import fill_table

__all__ = [
    "DIFFERENCES",
    "OFFICIAL",
    "PUBLISHED",
    "Episode",
    "Split",
    "audit_split",
    "audit_to_markdown",
    "caution",
    "fill_each_modality",
    "fill_released",
    "fill_table",
    "first_seconds",
    "miniature",
    "plan",
    "read_released",
    "sense_gains",
    "senses_to_markdown",
    "split_of",
    "to_markdown",
    "write_lists",
]
