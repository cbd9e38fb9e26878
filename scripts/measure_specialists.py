"""Do heads specialise, and does it pay to weigh them per class? Writes figures/results.json.

    python scripts/measure_specialists.py --real ../shared/real [part …]

For each model and task: how many heads × classes are specialists (`interactions.specialists`), how
well two halves of the clips agree on them, and what weights per class gain over the same weights
averaged over classes, paired by group-disjoint episode. The model must be made first: make small.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from measure_methods import RESULTS

import ccsav
from ccsav import LALM, CCSAVClassifier, HeadActivations
from ccsav_lab import ablate, interactions
from ccsav_lab.first_run import update_results

PARTS = ("answers", "specialists", "gains")
SHOTS = (5, 10, 20)
CLASS, SILENCED, CONTROLS = "dog", 5, 3  # whose best heads are silenced, how many; other draws
LEVEL, DIVISIONS = 0.05, 3  # of the corrected p; divisions of the clips into halves
PAIRS = {"CALM": CCSAVClassifier.calm(), "CCSAV": CCSAVClassifier()}
AVERAGED = {"alpha": np.inf, "shrink_to": "head"}  # each head: the mean of its weights
QUESTION = "What sound is this?"
MODELS = {
    "mini": lambda real: ccsav.load_lalm("mini", device="cpu"),
    "whisper-tiny.en": lambda real: ccsav.load_lalm(real / "whisper-tiny.en", "cpu", window=8),
    "small": lambda real: ccsav.load_lalm("small", device="cpu"),
}


def head_vectors(models: dict[str, LALM], cache: Path) -> dict[str, HeadActivations]:
    """Vectors of the decoder's heads, by model and task."""
    recordings = ccsav.load_dataset("recordings")
    found = {}
    if "mini" in models:
        heldout = ccsav.load_dataset("sounds-heldout")
        found["mini, held-out procedural"] = ccsav.extract(models["mini"], heldout, cache=cache)
    if "whisper-tiny.en" in models:
        whisper = models["whisper-tiny.en"]
        found["whisper-tiny.en, recordings"] = ccsav.extract(whisper, recordings, cache=cache)
    if "small" in models:
        rendered = ccsav.load_dataset("sounds-trained")
        recorded, rendered = (
            ccsav.extract(models["small"], clips, QUESTION, cache=cache)
            for clips in (recordings, rendered)
        )
        found["small, recordings"] = recorded
        found["small, procedural"] = rendered
        found["small, both together"] = together(recorded, rendered)
    return found


def answers_without(lalm: LALM, acts: HeadActivations, question: str | None) -> dict:
    """Answers about a class's recordings: intact, without its best heads, and without others.

    The best heads have the largest weights for the class in CCSAV, fitted on all recordings; the
    others are drawn from the same layers.
    """
    clf = CCSAVClassifier().fit(acts.X, acts.labels[acts.y], groups=acts.groups)
    weights = clf.weights_[:, clf.classes_.tolist().index(CLASS)]
    layers = acts.heads.groupby(["kind", "layer"]).ngroup().to_numpy()
    chosen = {"best": ablate.pick(weights, SILENCED)} | {
        f"others {draw}": ablate.pick(weights, SILENCED, "alike", layers, seed=draw)
        for draw in range(1, CONTROLS + 1)
    }
    cases = {name: {"heads": acts.heads.iloc[places]} for name, places in chosen.items()}
    recordings = ccsav.load_dataset("recordings")
    rows = np.flatnonzero(recordings.table["label"] == CLASS)
    waves = [recordings.waveform(int(i), lalm.rate) for i in rows]
    answers = ablate.answers_when_silenced(lalm, waves, question, cases)
    found = {"heads": len(acts.heads), "silenced": SILENCED}
    found["cross"] = int((cases["best"]["heads"]["kind"] == "cross").sum())
    paths = recordings.table["path"].to_numpy()[rows].tolist()
    return found | {"path": paths} | answers.to_dict("list")


def together(recorded: HeadActivations, rendered: HeadActivations) -> HeadActivations:
    """Both sets of clips as one task; a class that is in both is two classes."""
    labels = [f"{name}, recorded" for name in recorded.labels] + list(rendered.labels)
    groups = [f"recorded {group}" for group in recorded.groups]
    groups += [f"rendered {number}" for number in range(len(rendered.y))]
    return replace(
        recorded,
        X=np.concatenate([recorded.X, rendered.X]),
        y=np.r_[recorded.y, rendered.y + len(recorded.labels)],
        labels=np.array(labels),
        groups=np.array(groups),
        table=pd.concat([recorded.table, rendered.table]),
    )


def specialisation(acts: HeadActivations, n: int, seed: int) -> dict:
    """How many heads × classes are specialists, by division into halves; how well halves agree."""
    tables = [interactions.specialists(acts, n, seed + division) for division in range(DIVISIONS)]
    sure = [table[table["p_corrected"] <= LEVEL] for table in tables]
    halves = interactions.split_half(acts, seed=seed)
    return {
        "heads": len(acts.heads),
        "classes": len(acts.labels),
        "clips": len(acts.y),
        "specialists": sorted(map(len, sure)),
        "p_below_5_percent": round(float(np.mean([t["p"] <= LEVEL for t in tables])), 4),
        "largest_excess": round(max((t["excess"].max() for t in sure if len(t)), default=0.0), 4),
        "halves_agree": round(float(halves["interaction"]), 4),
        "reliable_share": round(float(halves["reliable share"]), 4),
    }


def gains(acts: HeadActivations, n_episodes: int, seed: int) -> list[dict]:
    """Accuracy with weights per class, and its gain over averaged ones, paired by episode."""
    rows = []
    for shots in (n for n in SHOTS if n < np.bincount(acts.y).min()):
        for name, method in PAIRS.items():
            averaged = CCSAVClassifier(**method.get_params() | AVERAGED)
            results = ccsav.evaluate(
                {"averaged": averaged, "by class": method}, acts.X, acts.y, acts.groups,
                shots=[shots], n_episodes=n_episodes, seed=seed,
            )  # fmt: skip
            mean = ccsav.summary(results)["mean"]
            gain = ccsav.compare(results, "averaged").loc[("by class", shots)]
            numbers = {
                "by_class": mean[("by class", shots)],
                "averaged": mean[("averaged", shots)],
                "gain": gain["mean"],
                "interval": gain["interval"],
            }
            rows.append(
                {"shots": shots, "method": name}
                | {k: round(float(v), 4) for k, v in numbers.items()}
            )
    return rows


def main() -> None:
    """Read the command line, measure, write each task as it is done."""
    parser = argparse.ArgumentParser(description="Count specialists and what they are worth.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; or all")
    parser.add_argument("--real", type=Path, help="folder with whisper-tiny.en/")
    parser.add_argument("--episodes", type=int, default=20, help="for each number of shots")
    parser.add_argument("--shuffles", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path(".cache/heads"))
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    options = parser.parse_args()
    if "whisper-tiny.en" in options.models and not options.real:
        parser.error("whisper-tiny.en needs --real; or choose other --models")
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    models = {name: MODELS[name](options.real) for name in options.models}
    stored = json.loads(RESULTS.read_text("utf-8"))
    answers = stored.get("answers-without-heads", {})
    study = stored.get("specialists-by-model", {})
    found = head_vectors(models, options.cache)
    parts = options.parts or PARTS
    for name, asked in (("whisper-tiny.en", None), ("small", QUESTION)):
        if name in models and "answers" in parts:
            answers[name] = answers_without(models[name], found[f"{name}, recordings"], asked)
            update_results(RESULTS, "answers-without-heads", answers)
    for name, acts in found.items():
        entry = study.setdefault(name, {})
        if "specialists" in parts:
            entry |= specialisation(acts, options.shuffles, options.seed)
        if "gains" in parts:
            entry["gains"] = gains(acts, options.episodes, options.seed)
        print(name, entry, flush=True)
        update_results(RESULTS, "specialists-by-model", study)


if __name__ == "__main__":
    main()
