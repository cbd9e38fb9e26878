"""Few-shot audio classification from the attention heads of a frozen audio-language model."""

from ccsav.clips.dataset import Dataset
from ccsav.clips.loading import load_dataset
from ccsav.evaluation.comparison import class_recalls, compare, evaluate, summary
from ccsav.evaluation.splits import episodes
from ccsav.extraction.activations import HeadActivations
from ccsav.extraction.pipeline import extract
from ccsav.extraction.stored import open
from ccsav.lalm.loading import load_lalm
from ccsav.lalm.model import LALM
from ccsav.storage import describe_classifier, load_classifier, save_classifier
from ccsav.weights.ccsav import CCSAVClassifier
from ccsav.weights.hec import HECClassifier
from ccsav.weights.multilabel import MultiLabelCCSAVClassifier
from ccsav.weights.sav import SAVClassifier

__all__ = [
    "LALM",
    "CCSAVClassifier",
    "Dataset",
    "HECClassifier",
    "HeadActivations",
    "MultiLabelCCSAVClassifier",
    "SAVClassifier",
    "class_recalls",
    "compare",
    "describe_classifier",
    "episodes",
    "evaluate",
    "extract",
    "load_classifier",
    "load_dataset",
    "load_lalm",
    "open",
    "save_classifier",
    "summary",
]
