"""Few-shot audio classification from the attention heads of a frozen audio-language model."""

from ccsav.classify import CCSAVClassifier
from ccsav.corpora import load_dataset
from ccsav.datasets import Dataset
from ccsav.episodes import episodes
from ccsav.evaluate import class_recalls, compare, evaluate, summary
from ccsav.extract import HeadActivations, extract
from ccsav.lalm import LALM
from ccsav.loading import load_lalm
from ccsav.storage import describe as describe_classifier
from ccsav.storage import load as load_classifier
from ccsav.storage import save as save_classifier
from ccsav.uniform import SAVClassifier

__all__ = [
    "LALM",
    "CCSAVClassifier",
    "Dataset",
    "HeadActivations",
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
    "save_classifier",
    "summary",
]
