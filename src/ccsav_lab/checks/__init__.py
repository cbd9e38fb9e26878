"""Checks of the course's exercises: each takes the learner's answer and says what is amiss."""

from ._check import NotYet, check
from .ablations import least_silence, lone_voters, weights_without
from .basics import (
    audio_tokens,
    clear_differences,
    contributions,
    heads_of_layer,
    leaked,
    learning_curve,
    least_sure,
)
from .detection import alarms_that_are_right, reliability_of_two, spoofs_caught
from .labelling import agreement, let_in, sifted
from .own_sounds import clips_needed, strangers_let_in
from .paper_table import best_draw, known, paired
from .probing import chance, false_alarms, modest_expert, recall
from .specialisation import half_response, nearest_classes, selectivity
from .weighing import margins, prototype_without, temperature, weights

__all__ = [
    "NotYet",
    "agreement",
    "alarms_that_are_right",
    "audio_tokens",
    "best_draw",
    "chance",
    "check",
    "clear_differences",
    "clips_needed",
    "contributions",
    "false_alarms",
    "half_response",
    "heads_of_layer",
    "known",
    "leaked",
    "learning_curve",
    "least_silence",
    "least_sure",
    "let_in",
    "lone_voters",
    "margins",
    "modest_expert",
    "nearest_classes",
    "paired",
    "prototype_without",
    "recall",
    "reliability_of_two",
    "selectivity",
    "sifted",
    "spoofs_caught",
    "strangers_let_in",
    "temperature",
    "weights",
    "weights_without",
]
