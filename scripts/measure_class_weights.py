"""Where do weights per class begin to pay? Simulated specialists and real heads on one scale.

    python scripts/measure_class_weights.py --real ../shared/real --models mini whisper-tiny.en

Writes the entry class-weights of figures/results.json and the figure class-weights-border; models
that are not named keep the numbers that they have there. `small` must be made first: make small.
The scale is the reliable share of `interactions.split_half`: of the variance of recalls, over heads
and classes, that two halves of the clips agree on, the part that neither head nor class explains. A
gain is the accuracy with weights per class less that with the same weights averaged over classes.
Simulated clips and heads are drawn anew in each episode.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measure_methods import RESULTS
from measure_specialists import AVERAGED, MODELS, PAIRS, QUESTION, gains
from sklearn.base import clone

import ccsav
from ccsav import HeadActivations
from ccsav_lab import interactions, plot
from ccsav_lab.first_run import update_results
from ccsav_lab.simulated import as_activations, border, specialist_vectors

SHARPNESS, NOISE, MISLED = (0.0, 0.4, 0.6, 0.8, 1.0), (0.5, 1.5), (False, True)
SHOTS = {10: (1, 5, 10, 40), 50: (1, 5, 10, 40), 309: (1, 5)}  # by number of classes
EPISODES = {10: 10, 50: 6, 309: 4}
LARGE = 500  # support clips: with more, these settings alone, with LARGE_EPISODES
LARGE_SHARPNESS, LARGE_NOISE, LARGE_EPISODES = (0.0, 0.6, 1.0), (1.5,), 4
QUERIES = 400  # in an episode, about
POOL, DRAWS = 20, 100  # to measure the share: clips of each class; draws × classes, at least
DIVISIONS = 10  # of a real model's clips into halves
BORDER_SHOTS = 5  # at least, as for real models
LEAST = 0.01  # the gain that counts as paying: one point
SHARES = ("share", "share_low", "share_high")


def simulated(seed: int) -> list[dict]:
    """An entry for each simulated setting, number of shots and method."""
    entries = []
    for setting in settings():
        share = simulated_share(setting, seed)
        for shots in SHOTS[setting["n_classes"]]:
            n_episodes = episodes_of(setting, shots)
            if n_episodes == 0:
                continue
            rows = [row for e in range(n_episodes) for row in accuracies(setting, shots, seed + e)]
            known = setting | {"share": share, "shots": shots, "episodes": n_episodes}
            entries += [known | numbers for numbers in paired(pd.DataFrame(rows))]
        print(setting, f"share {share:.2f}", flush=True)
    return entries


def simulated_share(setting: dict, seed: int) -> float:
    """Mean of the reliable share over draws of heads and clips."""
    shares = []
    for draw in range(-(-DRAWS // setting["n_classes"])):
        X, y = specialist_vectors(**setting, n_clips=POOL, seed=seed + draw)
        halves = interactions.split_half(as_activations(X, y), n=1, seed=draw)
        shares.append(halves["reliable share"])
    return round(float(np.mean(shares)), 4)


def settings() -> list[dict]:
    """All simulated settings; heads that know all classes equally well mislead in none."""
    return [
        {"n_classes": n_classes, "noise": noise, "misled": misled, "sharpness": sharpness}
        for n_classes in SHOTS
        for noise in NOISE
        for misled in MISLED
        for sharpness in SHARPNESS
        if sharpness or not misled
    ]


def episodes_of(setting: dict, shots: int) -> int:
    """How many episodes are measured; none for most settings with many support clips."""
    if setting["n_classes"] * shots <= LARGE:
        return EPISODES[setting["n_classes"]]
    chosen = setting["sharpness"] in LARGE_SHARPNESS and setting["noise"] in LARGE_NOISE
    return LARGE_EPISODES if chosen else 0


def accuracies(setting: dict, shots: int, seed: int) -> list[dict]:
    """Both methods, by class and averaged, on new heads and clips."""
    n_clips = shots + max(2, QUERIES // setting["n_classes"])
    X, y = specialist_vectors(**setting, n_clips=n_clips, seed=seed)
    support = np.arange(len(y)) % n_clips < shots
    rows = []
    for name, method in PAIRS.items():
        for weights, change in {"by class": {}, "averaged": AVERAGED}.items():
            fitted = clone(method).set_params(**change, calibrate=False)  # as for the answers
            fitted.fit(X[support], y[support])
            accuracy = np.mean(fitted.predict(X[~support]) == y[~support])
            row = {"of": name, "method": weights, "shots": shots, "episode": seed}
            rows.append(row | {"accuracy": accuracy})
    return rows


def paired(rows: pd.DataFrame) -> list[dict]:
    """Accuracy of each method, and the gain of weights per class with its 95 % interval."""
    found = []
    for name, part in rows.groupby("of", sort=False):
        mean = ccsav.summary(part)["mean"].droplevel("shots")
        gain = ccsav.compare(part, "averaged").iloc[0]
        numbers = {"by_class": mean["by class"], "averaged": mean["averaged"]}
        numbers |= {"gain": gain["mean"], "interval": gain["interval"]}
        found.append({"method": name} | {k: round(float(v), 4) for k, v in numbers.items()})
    return found


def reliable_share(acts: HeadActivations) -> dict:
    """Mean of the reliable share over divisions into halves, its smallest and its largest."""
    values = [
        interactions.split_half(acts, n=1, seed=division)["reliable share"]
        for division in range(DIVISIONS)
    ]
    numbers = zip(SHARES, (np.mean(values), min(values), max(values)), strict=True)
    return {name: round(float(value), 4) for name, value in numbers}


def head_vectors(name: str, real: Path | None, cache: Path) -> tuple[str, HeadActivations]:
    """The task that a model is measured on, and the vectors of its decoder's heads."""
    lalm = MODELS[name](real)
    if name == "mini":
        task, question, clips = "held-out procedural", None, ccsav.load_dataset("sounds-heldout")
    elif name == "small":
        task, question, clips = "recordings", QUESTION, ccsav.load_dataset("recordings")
    else:
        task, question = "ESC-10", None
        clips = ccsav.load_dataset(real / "esc10", group="source")
    return f"{name}, {task}", ccsav.extract(lalm, clips, question, cache=cache)


def measured(acts: HeadActivations, n_episodes: int, seed: int) -> dict:
    """A real model's share and gains."""
    size = {"heads": len(acts.heads), "classes": len(acts.labels), "clips": len(acts.y)}
    return size | reliable_share(acts) | {"gains": gains(acts, n_episodes, seed)}


def borders(entries: list[dict], seed: int) -> dict:
    """For each method, the share from which on simulated gains are at least `LEAST`, or None."""
    found = {}
    for name in PAIRS:
        own = [e for e in entries if e["method"] == name and e["shots"] >= BORDER_SHOTS]
        points = [e["share"] for e in own], [e["gain"] for e in own]
        ends = zip(("share", "low", "high"), border(*points, LEAST, seed=seed), strict=True)
        found[name] = {end: value if np.isfinite(value) else None for end, value in ends}
    return found


def drawn(study: dict) -> list[Path]:
    """Draw the figure from the numbers in the results; the files that were written."""
    rows = [
        {"model": name} | {k: entry[k] for k in SHARES} | row
        for name, entry in study["models"].items()
        for row in entry["gains"]
    ]
    points = [e for e in study["simulated"] if e["shots"] >= study["settings"]["border_shots"]]
    figure = plot.gain_by_share(
        pd.DataFrame(points),
        pd.DataFrame(rows, columns=["model", *SHARES, "shots", "method", "gain", "interval"]),
        pd.DataFrame(study["borders"]).T,
    )
    return plot.save_figure(figure, RESULTS.with_name("class-weights-border"))


def main() -> None:
    """Read the command line, measure, write, draw."""
    parser = argparse.ArgumentParser(description="Measure where weights per class begin to pay.")
    parser.add_argument("--real", type=Path, help="folder with esc10/ and whisper-tiny.en/")
    parser.add_argument("--models", nargs="*", default=["mini"], choices=list(MODELS))
    parser.add_argument("--episodes", type=int, default=20, help="of real models")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path(".cache/heads"))
    options = parser.parse_args()
    if "whisper-tiny.en" in options.models and not options.real:
        parser.error("whisper-tiny.en needs --real")
    torch.set_num_threads(1)  # faster for small arrays
    stored = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    models = stored.get("class-weights", {}).get("models", {})
    for name in options.models:
        task, acts = head_vectors(name, options.real, options.cache)
        models[task] = measured(acts, options.episodes, options.seed)
        print(task, models[task], flush=True)
    study = stored.get("class-weights", {}) | {"models": models}
    update_results(RESULTS, "class-weights", study)
    began = time.process_time()
    entries = simulated(options.seed)
    print(f"simulated in {time.process_time() - began:.0f} s of one core")
    study |= {"simulated": entries, "borders": borders(entries, options.seed)}
    study["settings"] = {"least": LEAST, "border_shots": BORDER_SHOTS, "seed": options.seed}
    study["settings"] |= {"episodes": options.episodes, "divisions": DIVISIONS}
    update_results(RESULTS, "class-weights", study)
    print("wrote", *drawn(study))


if __name__ == "__main__":
    main()
