"""What the published protocol would measure on the recordings; writes figures/results.json.

    python scripts/measure_audit.py    (some minutes on two cores; the small LALM: make small)

The recordings of one official fold are asked about with four options in every question, as the
published lists do, and learned from those of the other fold; `audit_split` then changes one part of
the protocol at a time. Clips that are longer than a model's window are cut to it.
"""

import argparse
from pathlib import Path

from measure_methods import RESULTS

import ccsav
from ccsav_lab.first_run import update_results
from ccsav_lab.paper import audit_split, first_seconds, split_of

MODELS = ("mini", "small")
FEW = 3  # support clips per class, of eight


def measured(
    lalm: ccsav.LALM, dataset: ccsav.Dataset, cache: Path | None = None, **options
) -> dict:
    """The entry of results.json for one model.

    Parameters
    ----------
    lalm, dataset : the model, and clips with official folds.
    cache : folder for head vectors.
    **options : of `split_of`.
    """
    split = split_of(first_seconds(dataset, lalm.window), "recordings", **options)
    audit = audit_split(lalm, split, few=FEW, cache=cache)
    table = audit.accuracy.round(6).astype(object).where(audit.accuracy.notna(), None)
    return {
        "seconds": min(lalm.window, max(dataset.seconds(i) for i in range(len(dataset)))),
        "questions": {part: len(split.rows(part)) for part in ("train", "test")},
        "columns": list(table),
        "accuracy": [[change, *row] for change, row in zip(table.index, table.values, strict=True)],
        "sentences": audit.sentences,
    }


def main() -> None:
    """Measure every model that is there."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--cache", type=Path, default=Path(".cache/heads"))
    options = parser.parse_args()
    recordings = ccsav.load_dataset("recordings")
    models = (ccsav.load_lalm(name, device="cpu") for name in MODELS)
    found = {lalm.name: measured(lalm, recordings, options.cache) for lalm in models}
    update_results(options.out, "audit", found)


if __name__ == "__main__":
    main()
