"""Several sounds at once: all methods on mixtures, and what weights per class gain over averaged.

    python scripts/measure_mixtures.py --real ../shared/real    (eight minutes of one core)

Writes the entry mixtures of figures/results.json and the figure several-sounds-gain; data that are
not measured keep the numbers that they have there. `small` must be made first: make small. One
sound, two and three are mixed from the same sources: a mixture of two has the sound of the mixture
of one, and another. Support and queries share no source. The gain is the mean average precision
with weights per class less that with the same weights averaged over classes, paired by draw.
"""

import argparse
import json
import time
from pathlib import Path

import pandas as pd
import torch
from measure_methods import RESULTS
from measure_specialists import AVERAGED, QUESTION
from sklearn.base import clone

import ccsav
from ccsav import HeadActivations, MultiLabelCCSAVClassifier
from ccsav.clips.corpora import indicator
from ccsav_lab import plot
from ccsav_lab.first_run import update_results
from ccsav_lab.mixtures.tasks import mixtures_heldout, mixtures_recordings
from ccsav_lab.multilabel_baselines import MultiLabelRidgeClassifier, MultiLabelSAVClassifier
from ccsav_lab.several_labels import evaluate_detectors

SUPPORT = (60, 120, 240)  # clips in all
SOUNDS = (1, 2, 3)  # in each mixture
OVERLAPS = (0.0, 1.0)  # of two sounds
FEWER_CLASSES = (3, 6)  # drawn from all, for each episode
MIDDLE, PAIR = 120, 2  # support clips and sounds, where overlap or number of classes is varied
VARIED = "mini, held-out procedural"  # the data for that
WINDOW = 4  # s, the length of a mixture, for Whisper
PAIRS = {
    "CALM": MultiLabelCCSAVClassifier.calm(),
    "CCSAV, prototypes": MultiLabelCCSAVClassifier("prototype"),
    "CCSAV": MultiLabelCCSAVClassifier(),
}
METHODS = {"SAV": MultiLabelSAVClassifier()}
for _name, _method in PAIRS.items():
    METHODS |= {_name: _method, f"{_name}, averaged": clone(_method).set_params(**AVERAGED)}
METHODS["ridge, all heads"] = MultiLabelRidgeClassifier()
METRICS = ("mean_average_precision", "exact_match", "macro_f1")
DATA = {  # what is mixed for a model, its question, and the number of mixtures
    "mini, held-out procedural": ("mini", mixtures_heldout, None, 600),
    "mini, recordings": ("mini", mixtures_recordings, None, 600),
    "whisper-tiny.en, recordings": ("whisper-tiny.en", mixtures_recordings, None, 600),
    "small, recordings": ("small", mixtures_recordings, QUESTION, 300),
}


def head_vectors(name: str, lalm, clips: int | None, cache: Path, **fixed) -> HeadActivations:
    """Vectors of all heads about the mixtures of one entry of `DATA`; fixed: see `mix_sounds`."""
    _, mixtures, question, most = DATA[name]
    dataset = mixtures(clips=clips or most, progress=False, **fixed)
    return ccsav.extract(lalm, dataset, question, heads="all", cache=cache)


def cell(rows: pd.DataFrame, **setting) -> dict:
    """Means of each method with 95 % intervals over draws, and the paired gains."""
    tables = {metric: ccsav.summary(rows, metric).droplevel("shots") for metric in METRICS}
    methods = [
        {"method": name}
        | {metric: round(float(t.loc[name, "mean"]), 4) for metric, t in tables.items()}
        | {f"{m}_interval": round(float(t.loc[name, "interval"]), 4) for m, t in tables.items()}
        for name in METHODS
    ]
    gains = []
    for name in PAIRS:
        gain = ccsav.compare(rows, f"{name}, averaged", METRICS[0]).droplevel("shots").loc[name]
        numbers = {"gain": gain["mean"], "interval": gain["interval"]}
        gains.append({"method": name} | {k: round(float(v), 4) for k, v in numbers.items()})
    return setting | {"draws": int(rows["episode"].nunique()), "methods": methods, "gains": gains}


def measured(name: str, lalm, options) -> list[dict]:
    """The cells of one entry of `DATA`: by sounds and support clips, by classes, by overlap."""
    study, cells = {"n_episodes": options.episodes, "seed": options.seed}, []

    def add(acts, support, n_classes=None, **setting):
        if support > len(acts.X) / 2:
            print(f"{name}: {support} support clips are left out: more than half of all clips")
            return
        began = time.process_time()
        Y = indicator(acts.table["labels"])
        rows = evaluate_detectors(
            METHODS, acts.X, Y, acts.groups, clips=support, n_classes=n_classes, **study
        )
        setting |= {"support": support, "classes": n_classes or Y.shape[1]}
        cells.append(cell(rows, **setting, clips=len(acts.X)))
        seconds = time.process_time() - began
        print(name, setting, cells[-1]["gains"], f"{seconds:.0f} s", flush=True)

    for sounds in SOUNDS:
        acts = head_vectors(name, lalm, options.clips, options.cache, number=sounds)
        for support in options.support:
            add(acts, support, part="sounds", sounds=sounds)
        for n_classes in FEWER_CLASSES if sounds == PAIR and name == VARIED else ():
            add(acts, MIDDLE, n_classes, part="classes", sounds=sounds)
    for overlap in OVERLAPS if name == VARIED else ():
        fixed = {"number": PAIR, "overlap": overlap}
        acts = head_vectors(name, lalm, options.clips, options.cache, **fixed)
        add(acts, MIDDLE, part="overlap", sounds=PAIR, overlap=overlap)
    return cells


def drawn(cells: list[dict]) -> list[Path]:
    """Draw the figure from the numbers in the results; the files that were written."""
    rows = [
        {k: entry[k] for k in ("data", "sounds", "support")} | gain
        for entry in cells
        for gain in entry["gains"]
        if entry["part"] == "sounds"
    ]
    figure = plot.gain_by_sounds(pd.DataFrame(rows))
    return plot.save_figure(figure, RESULTS.with_name("several-sounds-gain"))


def main() -> None:
    """Read the command line, measure, write each entry of `DATA` as it is done, draw."""
    parser = argparse.ArgumentParser(description="Measure methods on several sounds at once.")
    parser.add_argument("--real", type=Path, help="folder with whisper-tiny.en/")
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=list(DATA))
    parser.add_argument("--support", nargs="+", type=int, default=SUPPORT, help="clips in all")
    parser.add_argument("--clips", type=int, help="mixtures of each kind (default: 600, small 300)")
    parser.add_argument("--episodes", type=int, default=10, help="draws of support clips")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path(".cache/heads"))
    options = parser.parse_args()
    if not options.real and any(name.startswith("whisper") for name in options.data):
        parser.error("whisper-tiny.en needs --real; or choose other --data")
    torch.set_num_threads(1)  # faster for small arrays
    for name in options.data:
        model = DATA[name][0]
        window = {"window": WINDOW} if model == "whisper-tiny.en" else {}
        folder = options.real / model if window else model
        lalm = ccsav.load_lalm(folder, device="cpu", **window)
        cells = [{"data": name} | entry for entry in measured(name, lalm, options)]
        stored = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
        others = [e for e in stored.get("mixtures", {}).get("cells", []) if e["data"] != name]
        settings = {"episodes": options.episodes, "seed": options.seed, "window_s": WINDOW}
        cells = sorted(others + cells, key=lambda e: list(DATA).index(e["data"]))
        update_results(RESULTS, "mixtures", {"settings": settings, "cells": cells})
    print("wrote", *drawn(cells))


if __name__ == "__main__":
    main()
