"""Public datasets, from their official releases' own files: a local copy, or fetched when asked.

Twenty lines of pandas per dataset do: soundata lists only ESC-50 of them, and Hugging Face's
`datasets` would bring pyarrow and a second kind of table, for copies that are not the releases.
"""

from .asvspoof import PROTOCOLS, load_asvspoof2019
from .audioset import LISTS, indicator, load_audioset
from .esc import load_esc10, load_esc50
from .fsdd import load_fsdd
from .vggsound import load_vggsound

__all__ = [
    "NAMED",
    "indicator",
    "load_asvspoof2019",
    "load_audioset",
    "load_esc10",
    "load_esc50",
    "load_fsdd",
    "load_vggsound",
]

FETCHED = {
    "esc10": load_esc10,
    "esc50": load_esc50,
    "fsdd": load_fsdd,
}  # read, or downloaded when asked
GIVEN = {
    "vggsound": load_vggsound,
    "audioset": load_audioset,
    "asvspoof2019": load_asvspoof2019,
}  # only read
NAMED = FETCHED | GIVEN
KNOWN_BY = {  # the official files that tell whose release a folder is
    load_esc50: ["meta/esc50.csv"],
    load_vggsound: ["vggsound.csv", "*/vggsound.csv"],
    load_audioset: [*LISTS, *(f"*/{name}" for name in LISTS)],
    load_asvspoof2019: [PROTOCOLS, f"LA/{PROTOCOLS}"],
}
