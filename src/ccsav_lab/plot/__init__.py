"""Figures, in one style, drawn from the arrays they are given."""

from .ablation import by_heads, change_maps, one_at_a_time, silenced_layers
from .answers import confusion, differences, guesses
from .detection import (
    class_probabilities,
    det_curves,
    error_maps,
    errors_by_threshold,
    errors_of_heads,
    score_distributions,
)
from .episodes import accuracy_by_shots
from .heads import KIND_NAMES, head_map, weight_heatmap
from .labelling import accuracies, before_and_after, by_threshold, by_wrong_labels, kept_by_class
from .listening import by_position, log_mel, player, players, spectrograms
from .paper_table import chosen_on_test, paper_table, zero_shot_forms
from .probing import against_luck, by_layer, class_maps, flattery
from .reliability import (
    estimates_against_truth,
    head_planes,
    ladder,
    posterior_by_temperature,
    temperature_by_spread,
)
from .sounds import spectrogram_page
from .specialisation import (
    class_matrix,
    depth_map,
    depth_profile,
    selectivity_ranks,
    tuning_curves,
)
from .style import COLOURS, DPI, MAP, STYLE, save, show

__all__ = [
    "COLOURS",
    "DPI",
    "KIND_NAMES",
    "MAP",
    "STYLE",
    "accuracies",
    "accuracy_by_shots",
    "against_luck",
    "before_and_after",
    "by_heads",
    "by_layer",
    "by_position",
    "by_threshold",
    "by_wrong_labels",
    "change_maps",
    "chosen_on_test",
    "class_maps",
    "class_matrix",
    "class_probabilities",
    "confusion",
    "depth_map",
    "depth_profile",
    "det_curves",
    "differences",
    "error_maps",
    "errors_by_threshold",
    "errors_of_heads",
    "estimates_against_truth",
    "flattery",
    "guesses",
    "head_map",
    "head_planes",
    "kept_by_class",
    "ladder",
    "log_mel",
    "one_at_a_time",
    "paper_table",
    "player",
    "players",
    "posterior_by_temperature",
    "save",
    "score_distributions",
    "selectivity_ranks",
    "show",
    "silenced_layers",
    "spectrogram_page",
    "spectrograms",
    "temperature_by_spread",
    "tuning_curves",
    "weight_heatmap",
    "zero_shot_forms",
]
