"""Few-shot audio classification from the attention heads of a frozen audio-language model."""

from ccsav.classify import CCSAVClassifier
from ccsav.corpora import load_dataset
from ccsav.datasets import Dataset
from ccsav.episodes import episodes
from ccsav.evaluate import compare, evaluate, summary
from ccsav.extract import HeadActivations, extract
from ccsav.lalm import LALM
from ccsav.loading import load_lalm
from ccsav.uniform import SAVClassifier

__all__ = [
    "LALM",
    "CCSAVClassifier",
    "Dataset",
    "HeadActivations",
    "SAVClassifier",
    "compare",
    "episodes",
    "evaluate",
    "extract",
    "load_dataset",
    "load_lalm",
    "summary",
]
