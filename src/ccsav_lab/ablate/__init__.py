"""What if heads are removed: from the vote, or inside the model while it answers."""

from .model import answers, right_by_rank, right_changes, silenced
from .vote import (
    SomeHeads,
    by_rank,
    one_at_a_time,
    own_and_other,
    pick,
    recall_changes,
    variant_names,
    without,
)

__all__ = [
    "SomeHeads",
    "answers",
    "by_rank",
    "one_at_a_time",
    "own_and_other",
    "pick",
    "recall_changes",
    "right_by_rank",
    "right_changes",
    "silenced",
    "variant_names",
    "without",
]
