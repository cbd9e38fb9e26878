"""Measure the mini LALM; write data/mini-lalm/measured.json and the tables of its model card.

python scripts/measure_mini_lalm.py [--real ../shared/real] [--log .cache/mini-lalm/log.json]
"""

import argparse
import json
from pathlib import Path

import numpy as np
from documents import markdown, written
from mini_lalm import clips
from mini_lalm.questions import WEIGHTS, ask, possible

import ccsav
from ccsav.clips.loading import load_dataset
from ccsav.extraction.store import write_whole
from ccsav.lalm.loading import MINI
from ccsav_lab.first_run import accuracies_of_heads
from ccsav_lab.methods import METHODS

CLIPS = 640  # new clips, not used in training
SEED = 7_000_000
EPISODES = 20


def right_answers(lalm, number: int = CLIPS) -> dict:
    """Share of right answers in words by task, on new clips of the trained classes."""
    rng = np.random.default_rng(SEED)
    procedural = list(clips.procedural(SEED, number))
    pairs = [
        pair
        for number, (wave, facts) in enumerate(procedural[: number // 2])
        for pair in (
            (wave, facts | {"real": "real"}),
            (clips.copied(wave, number), facts | {"real": "resynthesised"}),
        )
    ]
    result = {}
    for task in (t for t in WEIGHTS if t != "digit"):
        others = frozenset(WEIGHTS) - {task}
        chosen = [
            (wave, *ask(rng, facts, clips.TRAINED, others)[1:])
            for wave, facts in (pairs if task == "real" else procedural)
            if task in possible(facts)
        ]
        waves, questions, truth = zip(*chosen, strict=True)
        answers = []
        for start in range(0, len(waves), 32):
            part = slice(start, start + 32)
            prompts = [lalm.prompt(question) for question in questions[part]]
            answers += lalm.say(lalm.inputs(waves[part], prompts)[0])
        if task == "is it":  # only the last word counts, yes or no, not the name before it
            answers, truth = ([text.split(" ")[-1] for text in x] for x in (answers, truth))
        commonest = max(truth.count(word) for word in set(truth)) / len(truth)
        right = np.mean([a == b for a, b in zip(answers, truth, strict=True)])
        result[task] = {"right": float(right), "commonest": commonest, "clips": len(truth)}
    return result


def few_shot(acts, shots) -> dict:
    """Accuracy and 95 % interval of each method with the decoder's heads and with all heads."""
    result = {}
    for name, mask in acts.head_sets().items():
        options = {"shots": [shots], "n_episodes": EPISODES}
        results = ccsav.evaluate(METHODS, acts.X[:, mask], acts.y, acts.groups, **options)
        for (method, _), row in ccsav.summary(results).iterrows():
            result[f"{name}, {method}"] = [float(row["mean"]), float(row["interval"])]
    return result


def digits_of_new_speakers(lalm, folder: Path):
    """Head vectors of the digits of FSDD's two speakers that were not used in training."""
    fsdd = load_dataset(folder / "fsdd", group="speaker")
    return ccsav.extract(
        lalm,
        fsdd.subset(fsdd.table["speaker"].isin(clips.HELD_OUT_SPEAKERS).to_numpy()),
        "Which digit is spoken?",
        heads="all",
    )


def answers_table(answers: dict) -> str:
    """Shares of right answers in words, by task."""
    shares = [
        [task, f"{100 * row['right']:.1f} %", f"{100 * row['commonest']:.1f} %", row["clips"]]
        for task, row in answers.items()
    ]
    return markdown(["task", "right", "commonest answer", "clips"], shares)


def card(measured: dict) -> dict:
    """The tables of the model card, by the names of their blocks."""
    tables = {"answers": answers_table(measured["answers"])}
    lines = ["| task | heads, method | accuracy |", "| --- | --- | --- |"]
    for task, rows in measured["few_shot"].items():
        for name, (mean, interval) in rows.items():
            lines.append(f"| {task} | {name} | {100 * mean:.1f} ± {100 * interval:.1f} |")
    low, middle, high = (f"{100 * x:.0f} %" for x in measured["single_heads"])
    lines += ["", f"Single heads, 5 shots, held-out classes: worst {low}, median {middle}, "
              f"best {high}; chance {100 * measured['chance']:.0f} %."]  # fmt: skip
    tables["few-shot"] = "\n".join(lines)
    lines = ["| step | names right |", "| --- | --- |"]
    lines += [f"| {step} | {100 * right:.1f} % |" for step, *_, right in measured["curve"]]
    tables["curve"] = "\n".join(lines)
    size = measured["bytes"] / 1e6
    tables["size"] = f"{measured['parameters'] / 1e6:.2f} M parameters, {size:.1f} MB in float16."
    return tables


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description="Measure the mini LALM.")
    parser.add_argument("--real", type=Path, help="folder with fsdd/")
    parser.add_argument("--log", type=Path, help="log.json of a new training")
    options = parser.parse_args()
    lalm = ccsav.load_lalm("mini", device="cpu")
    heldout = ccsav.extract(lalm, load_dataset("sounds-heldout"), heads="all")
    singles = accuracies_of_heads(heldout, EPISODES, seed=0)
    measured = {
        "parameters": sum(p.numel() for p in lalm.model.parameters()),
        "bytes": (MINI / "model.safetensors").stat().st_size,
        "answers": right_answers(lalm),
        "few_shot": {"held-out classes, 5 shots": few_shot(heldout, 5)},
        "single_heads": [float(x) for x in np.quantile(singles, [0, 0.5, 1])],
        "chance": 1 / len(heldout.labels),
    }
    if options.real:
        digits = digits_of_new_speakers(lalm, options.real)
        name = "spoken digits, support and queries by different new speakers, 10 shots"
        measured["few_shot"][name] = few_shot(digits, 10)
    results, readme = MINI / "measured.json", MINI / "README.md"
    log = json.loads((options.log or results).read_text())
    measured["curve"] = log if options.log else log["curve"]
    text = json.dumps(measured, indent=1) + "\n"
    write_whole(results, lambda path: path.write_text(text, "utf-8"))
    readme.write_text(written(readme.read_text(encoding="utf-8"), card(measured)), encoding="utf-8")
    print(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
