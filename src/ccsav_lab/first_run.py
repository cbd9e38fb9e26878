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
from ccsav.disk.writing import write_whole
from ccsav.evaluation.comparison import compare, evaluate, summary
from ccsav.evaluation.splits import episodes
from ccsav.extraction.activations import HeadActivations
from ccsav.extraction.pipeline import extract
from ccsav.lalm.loading import load_lalm
from ccsav.lalm.model import LALM
from ccsav.weights import readout
from ccsav_lab import plot, specialise
from ccsav_lab.methods import METHODS
from ccsav_lab.sounds import render

SHOTS = (1, 5, 10)
SHOTS_FOR_HEADS = 5  # support clips per class, where heads are tested one by one
QUESTIONS = ("What sound is this?", "What kind of sound is this?")
NAMED_SOUNDS = ("siren", "rain", "piano", "laughter")  # classes that the mini LALM can name


def measure(acts: HeadActivations, n_episodes: int, seed: int) -> pd.DataFrame:
    """Accuracy of every method, with the decoder's heads and with all heads.

    Parameters
    ----------
    acts : head vectors of labelled clips, from `extract` with `heads="all"`.
    n_episodes : episodes for each number of shots.
    seed : of the episodes.

    Returns
    -------
    A row per (heads, method, shots): mean, interval, and the difference to SAV, paired by episode,
    with its interval (difference, difference_interval). All from 0 to 1.
    """
    tables = {}
    for name, mask in acts.head_sets().items():
        results = evaluate(
            METHODS, acts.X[:, mask], acts.y, acts.groups,
            shots=SHOTS, n_episodes=n_episodes, seed=seed,
        )  # fmt: skip
        difference = compare(results, "SAV")[["mean", "interval"]]
        difference.columns = ["difference", "difference_interval"]
        tables[name] = summary(results).join(difference)
    return pd.concat(tables, names=["heads"])


def accuracies_of_heads(acts: HeadActivations, n_episodes: int, seed: int) -> np.ndarray:
    """Accuracy of each head alone on the queries, averaged over episodes, (K,), from 0 to 1.

    The head's answer is the class whose prototype is nearest, at 5 shots. Arguments as in
    `measure`.
    """
    y, accuracies = torch.as_tensor(acts.y), []
    for support, query in episodes(
        acts.y, acts.groups, shots=SHOTS_FOR_HEADS, n_episodes=n_episodes, seed=seed
    ):
        X = torch.as_tensor(acts.X[support]).float()
        prototypes, _ = readout.prototypes(X, y[support], len(acts.labels))
        queries = torch.as_tensor(acts.X[query]).float()
        cosines = readout.cosines(queries, readout.directions(prototypes))  # (N, K, C)
        right = cosines.argmax(-1) == y[query, None]  # (N, K)
        accuracies.append(right.double().mean(0).numpy())
    return np.mean(accuracies, axis=0)


def update_results(file: Path, name: str, result: dict | list) -> None:
    """Write one entry of results.json; the other entries stay as they are."""
    results = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    results[name] = result
    text = json.dumps(results, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    write_whole(file, lambda path: path.write_text(text, "utf-8"))


def _answers(lalm: LALM, seed: int) -> pd.DataFrame:
    """The model's answers about a few new sounds: a row per sound, a column per question."""
    waveforms = [render(name, 10**6 + seed).waveform for name in NAMED_SOUNDS]
    answers = {question: lalm.answer(waveforms, question) for question in QUESTIONS}
    return pd.DataFrame(answers, index=pd.Index(NAMED_SOUNDS, name="sound"))


def _as_text(table: pd.DataFrame) -> str:
    """The table for the screen: method × shots, per cent ± 95 % interval."""
    cells = [f"{100 * r['mean']:.1f} ± {100 * r['interval']:.1f}" for _, r in table.iterrows()]
    wide = pd.Series(cells, index=table.index).unstack("shots", sort=False)
    return wide.rename(columns=lambda n: f"{n} shot{'s' if n > 1 else ''}").to_string()


def _result(table: pd.DataFrame, acts: HeadActivations, settings: dict) -> dict:
    """The entry of results.json for one run."""
    rows = table.round(6).reset_index().to_dict(orient="records")
    return {
        "settings": settings,
        "clips": len(acts.y),
        "classes": len(acts.labels),
        "heads": acts.heads.groupby("kind", sort=False).size().to_dict(),
        "versions": acts.provenance["versions"] | {"python": platform.python_version()},
        "accuracy": [{k: v for k, v in row.items() if v == v} for row in rows],  # without NaN
    }


def _settings(lalm: LALM, acts: HeadActivations, options: argparse.Namespace) -> dict:
    """What decides the numbers, for results.json."""
    return {
        "model": Path(options.model).name,
        "data": Path(options.data).name,
        "groups": None if acts.groups is None else len(set(acts.groups.tolist())),
        "prompts": acts.provenance["prompts"],
        "window_s": lalm.window,
        "episodes": options.episodes,
        "seed": options.seed,
    }


def _draw(table: pd.DataFrame, acts: HeadActivations, options: argparse.Namespace) -> dict:
    """The three figures, by the ends of their files' names."""
    accuracies = accuracies_of_heads(acts, options.episodes, options.seed)
    label = f"accuracy alone (%), {SHOTS_FOR_HEADS} shots"
    return {
        "accuracy": plot.accuracy_by_shots(table, len(acts.labels)),
        "heads": plot.head_map(accuracies, acts.heads, label, 1 / len(acts.labels)),
        "specialisation": plot.specialisation_map(specialise.probe(acts), acts.heads),
    }


def _run(options: argparse.Namespace) -> None:
    """Extract, measure, draw, and write the results."""
    lalm = load_lalm(options.model, window=options.window)
    dataset = load_dataset(options.data, group=options.group, fetch=options.fetch)
    print(f"{lalm}\n{len(dataset)} clips of {len(dataset.labels)} classes from {options.data}")
    acts = extract(
        lalm, dataset, options.question,
        heads="all", batch_size=options.batch_size, cache=options.cache,
    )  # fmt: skip
    table = measure(acts, options.episodes, options.seed)
    print(f"\nAccuracy on queries (%), mean ± 95 % interval over {options.episodes} episodes")
    print(_as_text(table) + "\n")
    if options.model == "mini":
        print("The model's answers about sounds that it was trained to name")
        print(_answers(lalm, options.seed).to_string() + "\n")

    options.figures.mkdir(parents=True, exist_ok=True)
    name = f"{Path(options.data).stem}-{Path(options.model).name}"
    for end, figure in _draw(table, acts, options).items():
        print("wrote", *plot.save_figure(figure, options.figures / f"{name}-{end}"))
    file = options.figures / "results.json"
    update_results(file, name, _result(table, acts, _settings(lalm, acts, options)))
    print("wrote", file)


def main() -> None:
    """From recordings and a pretrained model to a table and three figures."""
    parser = argparse.ArgumentParser(prog="ccsav_lab.first_run", description=main.__doc__)
    parser.add_argument("--model", default="mini", help="mini, a folder, or a name on the hub")
    parser.add_argument(
        "--data", default="sounds-heldout", help="a folder, a file, or the name of a dataset"
    )
    parser.add_argument("--group", help="column of a CSV: support and query share no group")
    parser.add_argument("--question", help="about every clip (default: the model's own)")
    parser.add_argument("--window", type=float, help="length of the encoder's input, in seconds")
    parser.add_argument("--episodes", type=int, default=20, help="for each number of shots")
    parser.add_argument("--seed", type=int, default=0, help="of the episodes")
    parser.add_argument("--batch-size", type=int, default=4, help="clips per forward pass")
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache/heads"), help="folder for head vectors"
    )
    parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for results")
    parser.add_argument("--fetch", action="store_true", help="download a dataset that is missing")
    options = parser.parse_args()
    try:
        _run(options)
    except (ValueError, OSError) as error:  # the library's errors are one sentence
        parser.exit(1, f"{type(error).__name__}: {error}\n")


if __name__ == "__main__":
    main()
