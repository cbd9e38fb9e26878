"""Checks of the exercises: each takes the learner's answer and gives a hint if it is wrong.

A module holds the checks of the lesson of its name.
"""

from ._check import NotYet, check
from .ablations import distinct_best_heads, smallest_silenced_set, weights_without
from .build_an_lalm import connector_undone, head_that_gained, loss_of_guessing, share_trained
from .load_an_lalm import audio_tokens, contributions, heads_of_layer
from .paper_table import best_draw_gain, paired_difference, points_above_senses, share_known
from .probe_heads import false_alarms, majority_class_accuracy, recall, weakest_class_expert
from .quickstart import learning_curve, least_confident
from .real_recordings import clear_differences, largest_excess, leaked_share
from .reliability_weights import margins_of_clip, prototype_without, temperature, weights_by_class
from .sight_and_sound import gain_of_both, missing_sense, perfect_listener
from .specialisation import half_response, nearest_classes, selectivity_of_head
from .spoofing import alarms_that_are_right, reliability_of_two, spoofs_caught
from .what_a_head_writes import added_by_head, first_half_share, share_of_the_way
from .without_labels import agreement, kept_and_right, newly_accepted
from .your_own_sounds import clips_needed, strangers_accepted

__all__ = [
    "NotYet",
    "added_by_head",
    "agreement",
    "alarms_that_are_right",
    "audio_tokens",
    "best_draw_gain",
    "check",
    "clear_differences",
    "clips_needed",
    "connector_undone",
    "contributions",
    "distinct_best_heads",
    "false_alarms",
    "first_half_share",
    "gain_of_both",
    "half_response",
    "head_that_gained",
    "heads_of_layer",
    "kept_and_right",
    "largest_excess",
    "leaked_share",
    "learning_curve",
    "least_confident",
    "loss_of_guessing",
    "majority_class_accuracy",
    "margins_of_clip",
    "missing_sense",
    "nearest_classes",
    "newly_accepted",
    "paired_difference",
    "perfect_listener",
    "points_above_senses",
    "prototype_without",
    "recall",
    "reliability_of_two",
    "selectivity_of_head",
    "share_known",
    "share_of_the_way",
    "share_trained",
    "smallest_silenced_set",
    "spoofs_caught",
    "strangers_accepted",
    "temperature",
    "weakest_class_expert",
    "weights_by_class",
    "weights_without",
]
