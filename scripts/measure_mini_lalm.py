"""Measure the mini LALM; write data/mini-lalm/measured.json and the tables of its model card.

python scripts/measure_mini_lalm.py --real ../shared/real [--log .cache/mini-lalm/log.json] [part …]
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
from ccsav.disk.writing import write_whole
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


def heads(lalm, options) -> dict:
    """Few-shot accuracy on held-out classes, of methods and of single heads, and on digits.

    The digits are those of FSDD's two speakers that were not used in training.
    """
    heldout = load_dataset("sounds-heldout")
    acts = ccsav.extract(lalm, heldout, heads="all", cache=options.cache)
    singles = accuracies_of_heads(acts, EPISODES, seed=0)
    fsdd = load_dataset(options.real / "fsdd", group="speaker")
    new = fsdd.subset(fsdd.table["speaker"].isin(clips.HELD_OUT_SPEAKERS).to_numpy())
    spoken = ccsav.extract(lalm, new, "Which digit is spoken?", heads="all", cache=options.cache)
    digits = "spoken digits, support and queries by different new speakers, 10 shots"
    return {
        "few_shot": {"held-out classes, 5 shots": few_shot(acts, 5), digits: few_shot(spoken, 10)},
        "single_heads": [float(x) for x in np.quantile(singles, [0, 0.5, 1])],
        "chance": 1 / len(acts.labels),
    }


def size(lalm, options) -> dict:
    """Numbers of parameters and of bytes."""
    weights = MINI / "model.safetensors"
    parameters = sum(p.numel() for p in lalm.model.parameters())
    return {"parameters": parameters, "bytes": weights.stat().st_size}


def curve(lalm, options) -> dict:
    """The training curve, of a new training if there is one."""
    return {"curve": json.loads(options.log.read_text())} if options.log else {}


PARTS = {
    "size": size,
    "answers": lambda lalm, options: {"answers": right_answers(lalm)},
    "heads": heads,
    "curve": curve,
}


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
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; or all")
    parser.add_argument("--real", type=Path, required=True, help="folder with fsdd/")
    parser.add_argument("--log", type=Path, help="log.json of a new training")
    parser.add_argument("--cache", type=Path, default=Path(".cache/heads"))
    options = parser.parse_args()
    lalm = ccsav.load_lalm("mini", device="cpu")
    results, readme = MINI / "measured.json", MINI / "README.md"
    measured = json.loads(results.read_text("utf-8"))
    for name in options.parts or PARTS:
        measured |= PARTS[name](lalm, options)
    text = json.dumps(measured, indent=1) + "\n"
    write_whole(results, lambda path: path.write_text(text, "utf-8"))
    readme.write_text(written(readme.read_text(encoding="utf-8"), card(measured)), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
