"""The paper's table: one model, one dataset on disk, every method, on the official split."""

from . import miniature
from .protocol import PUBLISHED, Episode, plan, written
from .steps import run

__all__ = ["PUBLISHED", "Episode", "miniature", "plan", "run", "written"]
