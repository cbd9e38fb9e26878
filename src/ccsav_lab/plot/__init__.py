"""Figures in one style, each drawn from the arrays it is given.

A module holds the figures of the lesson of its name; `common`, `gains`, `heads` and `spectrograms`
hold those that several lessons share.
"""

from ccsav_lab.extra import require_packages

require_packages("matplotlib", "seaborn", "IPython", "PIL")

from .ablations import accuracy_by_head_count, change_maps, silenced_layers, variant_differences
from .build_an_lalm import heads_by_connector, loss_and_right_names
from .common import (
    accuracy_by_shots,
    confusion,
    differences,
    gain_by_share,
    score_distributions,
)
from .gains import gain_by_sounds
from .heads import KIND_NAMES, head_map, specialisation_map, weight_heatmap
from .load_an_lalm import accuracy_by_position, log_mel_picture
from .paper_table import accuracy_by_method, chosen_on_test, recall_by_sense, zero_shot_forms
from .probe_heads import accuracy_by_layer, class_maps, leave_one_out_gap, permutation_test
from .quickstart import clips_with_votes
from .reliability_weights import (
    estimates_against_truth,
    head_planes,
    posterior_by_temperature,
    recall_by_method,
    temperature_by_spread,
)
from .sight_and_sound import (
    accuracy_by_kind,
    accuracy_by_step,
    hearing_and_seeing,
    right_by_silence,
    sense_maps,
    weights_by_modality,
    winning_sense,
)
from .specialisation import class_matrix, depth_map, depth_profile, selectivity_ranks, tuning_curves
from .spectrograms import clip_board, mp3, player, players, spectrogram_page
from .spoofing import det_curves, error_maps, errors_by_threshold, errors_of_heads
from .style import COLOURS, DPI, MAP, STYLE, save_figure, show
from .videos import video_page, video_players
from .what_a_head_writes import (
    attention_by_layer,
    attention_under_sound,
    patch_map,
    patched_layers,
    two_measures,
    written_by_depth,
)
from .without_labels import (
    accuracies,
    accuracy_by_wrong_labels,
    before_and_after,
    kept_by_class,
    shares_by_threshold,
)
from .your_own_sounds import class_probabilities

__all__ = [
    "COLOURS",
    "DPI",
    "KIND_NAMES",
    "MAP",
    "STYLE",
    "accuracies",
    "accuracy_by_head_count",
    "accuracy_by_kind",
    "accuracy_by_layer",
    "accuracy_by_method",
    "accuracy_by_position",
    "accuracy_by_shots",
    "accuracy_by_step",
    "accuracy_by_wrong_labels",
    "attention_by_layer",
    "attention_under_sound",
    "before_and_after",
    "change_maps",
    "chosen_on_test",
    "class_maps",
    "class_matrix",
    "class_probabilities",
    "clip_board",
    "clips_with_votes",
    "confusion",
    "depth_map",
    "depth_profile",
    "det_curves",
    "differences",
    "error_maps",
    "errors_by_threshold",
    "errors_of_heads",
    "estimates_against_truth",
    "gain_by_share",
    "gain_by_sounds",
    "head_map",
    "head_planes",
    "heads_by_connector",
    "hearing_and_seeing",
    "kept_by_class",
    "leave_one_out_gap",
    "log_mel_picture",
    "loss_and_right_names",
    "mp3",
    "patch_map",
    "patched_layers",
    "permutation_test",
    "player",
    "players",
    "posterior_by_temperature",
    "recall_by_method",
    "recall_by_sense",
    "right_by_silence",
    "save_figure",
    "score_distributions",
    "selectivity_ranks",
    "sense_maps",
    "shares_by_threshold",
    "show",
    "silenced_layers",
    "specialisation_map",
    "spectrogram_page",
    "temperature_by_spread",
    "tuning_curves",
    "two_measures",
    "variant_differences",
    "video_page",
    "video_players",
    "weight_heatmap",
    "weights_by_modality",
    "winning_sense",
    "written_by_depth",
    "zero_shot_forms",
]
