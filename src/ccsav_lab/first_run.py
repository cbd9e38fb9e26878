"""The main job: from recordings and a pretrained model to a table and three figures.

Run as `python -m ccsav_lab.first_run --help`, or by `make tutorial`.
"""

import argparse
import json
import platform
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from ccsav.clips.loading import load_dataset
from ccsav.evaluation.comparison import compare, evaluate, summary
from ccsav.evaluation.splits import episodes
from ccsav.extraction.activations import HeadActivations, extract
from ccsav.lalm.loading import load_lalm
from ccsav.lalm.model import LALM
from ccsav.weights.ccsav import CCSAVClassifier
from ccsav.weights.readout import cosines
from ccsav.weights.sav import SAVClassifier
from ccsav_lab import plot
from ccsav_lab.sounds import render

METHODS = {
    "SAV": SAVClassifier(),
    "paper": CCSAVClassifier.paper(),
    "default": CCSAVClassifier(),
}
SHOTS = (1, 5, 10)
PROBE_SHOTS = 5
QUESTIONS = ("What sound is this?", "What kind of sound is this?")
SPOKEN_OF = ("siren", "rain", "piano", "laughter")  # classes that the mini LALM has words for


def measure(acts: HeadActivations, n_episodes: int, seed: int) -> pd.DataFrame:
    """Accuracy of every method, by heads and shots: (heads, method, shots) → mean, interval.

    `difference` and `difference_interval` are to SAV, paired by episode; all from 0 to 1.
    """
    answering = (acts.heads["kind"] != "encoder").to_numpy()
    sets = {"decoder heads": answering, "all heads": np.ones_like(answering)}
    tables = {}
    for name, mask in sets.items():
        X, options = acts.X[:, mask], {"n_episodes": n_episodes, "seed": seed}
        results = evaluate(METHODS, X, acts.y, acts.groups, shots=SHOTS, **options)
        difference = compare(results, "SAV")[["mean", "interval"]]
        difference.columns = ["difference", "difference_interval"]
        tables[name] = summary(results).join(difference)
    return pd.concat(tables, names=["heads"])


def look_at_heads(acts: HeadActivations, n_episodes: int, seed: int):
    """What single heads do, averaged over episodes: accuracies (K,) and weights (K, C).

    The accuracy is that of the head alone on the queries, by nearest prototype; the weights are
    those that the default gives it.
    """
    y = torch.as_tensor(acts.y)
    accuracies, weights = [], []
    for support, query in episodes(
        acts.y, acts.groups, shots=PROBE_SHOTS, n_episodes=n_episodes, seed=seed
    ):
        default = CCSAVClassifier().fit(acts.X[support], acts.y[support])
        where = torch.as_tensor(default.coef_[0])  # unit prototypes, (K, D, C)
        votes = cosines(torch.as_tensor(acts.X[query]).float(), where).argmax(-1)  # (n, K)
        accuracies.append((votes == y[query, None]).double().mean(0).numpy())
        weights.append(default.weights_)
    return np.mean(accuracies, axis=0), np.mean(weights, axis=0)


def questions_and_answers(lalm: LALM, seed: int) -> pd.DataFrame:
    """What the model says of a few fresh sounds: a row per sound, a column per question."""
    waves = [render(name, 10**6 + seed).waveform for name in SPOKEN_OF]
    answers = {question: lalm.answer(waves, question) for question in QUESTIONS}
    return pd.DataFrame(answers, index=pd.Index(SPOKEN_OF, name="sound"))


def in_words(table: pd.DataFrame) -> str:
    """The table for people: method × shots, per cent ± 95 % interval."""
    cells = [f"{100 * r['mean']:.1f} ± {100 * r['interval']:.1f}" for _, r in table.iterrows()]
    wide = pd.Series(cells, index=table.index).unstack("shots", sort=False)
    return wide.rename(columns=lambda n: f"{n} shot{'s' if n > 1 else ''}").to_string()


def record(table: pd.DataFrame, acts: HeadActivations, settings: dict) -> dict:
    """What results.json keeps of a run."""
    rows = table.round(6).reset_index().to_dict(orient="records")
    return {
        "settings": settings,
        "clips": len(acts.y),
        "classes": len(acts.labels),
        "heads": acts.heads.groupby("kind", sort=False).size().to_dict(),
        "versions": acts.provenance["versions"] | {"python": platform.python_version()},
        "accuracy": [{k: v for k, v in row.items() if v == v} for row in rows],  # without NaN
    }


def run(options: argparse.Namespace) -> None:
    """Extract, measure, draw, record."""
    lalm = load_lalm(options.model, window=options.window)
    dataset = load_dataset(options.data, group=options.group, fetch=options.fetch)
    name = f"{Path(options.data).stem}-{Path(options.model).name}"
    print(f"{lalm}\n{len(dataset)} clips of {len(dataset.labels)} classes from {options.data}")
    acts = extract(
        lalm, dataset, options.question,
        heads="all", batch_size=options.batch_size, cache=options.cache,
    )  # fmt: skip
    table = measure(acts, options.episodes, options.seed)
    accuracies, weights = look_at_heads(acts, options.episodes, options.seed)
    print(f"\nAccuracy on queries (%), mean ± 95 % interval over {options.episodes} episodes")
    print(in_words(table) + "\n")

    if options.model == "mini":
        print("In its own words, of sounds it was trained to name")
        print(questions_and_answers(lalm, options.seed).to_string() + "\n")

    options.figures.mkdir(parents=True, exist_ok=True)
    chance = 1 / len(acts.labels)
    what = f"accuracy alone (%), {PROBE_SHOTS} shots"
    drawn = {
        "accuracy": plot.accuracy_by_shots(table, len(acts.labels)),
        "heads": plot.head_map(accuracies, acts.heads, what, chance),
        "weights": plot.weight_heatmap(weights, acts.labels, acts.heads),
    }
    for figure_name, figure in drawn.items():
        print("wrote", *plot.save(figure, options.figures / f"{name}-{figure_name}"))
    settings = {
        "model": Path(options.model).name,
        "data": Path(options.data).name,
        "groups": None if acts.groups is None else len(set(acts.groups.tolist())),
        "prompts": acts.provenance["prompts"],
        "window_s": lalm.window,
        "episodes": options.episodes,
        "seed": options.seed,
    }
    file = options.figures / "results.json"
    results = json.loads(file.read_text()) if file.is_file() else {}
    results[name] = record(table, acts, settings)
    file.write_text(json.dumps(results, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    print("wrote", file)


def main() -> None:
    """From recordings and a pretrained model to a table and three figures."""
    parser = argparse.ArgumentParser(prog="ccsav_lab.first_run", description=main.__doc__)
    parser.add_argument("--model", default="mini", help="mini, a folder, or a hub name")
    parser.add_argument(
        "--data", default="sounds-heldout", help="folder, file, or name of a dataset"
    )
    parser.add_argument("--group", help="column of a CSV that must not stand on both sides")
    parser.add_argument("--question", help="asked about every clip (default: the model's own)")
    parser.add_argument("--window", type=float, help="seconds that the audio encoder takes")
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--cache", type=Path, default=Path(".cache/heads"))
    parser.add_argument("--figures", type=Path, default=Path("figures"))
    parser.add_argument("--fetch", action="store_true", help="download what is not here")
    options = parser.parse_args()
    try:
        run(options)
    except (ValueError, OSError) as error:  # ours are one sentence: it says what to do
        parser.exit(1, f"{type(error).__name__}: {error}\n")


if __name__ == "__main__":
    main()
