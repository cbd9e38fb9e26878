"""Ablations: heads removed from the vote, or silenced in the model while it answers."""

from .model import answers_when_silenced, right_by_rank, right_changes
from .vote import (
    SomeHeads,
    by_rank,
    one_at_a_time,
    own_and_other,
    pick,
    recall_changes,
    variant_names,
)

__all__ = [
    "SomeHeads",
    "answers_when_silenced",
    "by_rank",
    "one_at_a_time",
    "own_and_other",
    "pick",
    "recall_changes",
    "right_by_rank",
    "right_changes",
    "variant_names",
]
