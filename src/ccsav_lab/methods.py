"""The methods that every table compares, by the names that stand in tables and figures.

SAV : Mitra et al. 2024, arXiv 2412.00142.
CALM : Mehta et al. 2026, arXiv 2602.07077, the published class-conditional method.
HEC : de Senneville et al. 2026, arXiv 2603.24181, for vision-language models (HEC-V).
CCSAV : this library's own, with the default options.
"""

from ccsav.weights.ccsav import CCSAVClassifier
from ccsav.weights.hec import HECClassifier
from ccsav.weights.sav import SAVClassifier

METHODS = {
    "SAV": SAVClassifier(),
    "CALM": CCSAVClassifier.calm(),
    "HEC": HECClassifier(),
    "CCSAV": CCSAVClassifier(),
}
