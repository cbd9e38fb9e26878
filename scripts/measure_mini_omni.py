"""Measure the mini omni model; write data/mini-omni/measured.json and the tables of its card.

python scripts/measure_mini_omni.py [--model FOLDER] [--log .cache/mini-omni/log.json]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from documents import written
from mini_omni.bank import TRAINED, facts_of, random_clip
from mini_omni.batches import UNLIKE
from mini_omni.card import MODALITIES, card
from mini_omni.questions import BOTH, PHRASINGS, answer, possible

import ccsav
from ccsav.disk.writing import write_whole
from ccsav_lab.methods import METHODS
from ccsav_lab.videos import CLASSES, IDLE, mismatched, tasks

OMNI = Path(__file__).resolve().parents[1] / "data" / "mini-omni"
CLIPS, SEED = 480, 9_000_000  # new clips, not used in training
BATCH, EPISODES, SHOTS = 32, 20, (1, 5, 10)
TELLS = {("sound", "audio"), ("sight", "video")}  # kinds of classes, and what tells them


def answers_to(lalm, clips: list, question: str, modality: str) -> list[str]:
    """The model's answers in words to one question about clips, given one modality of them."""
    answers = []
    for start in range(0, len(clips), BATCH):
        part = clips[start : start + BATCH]
        waves = [clip.waveform for clip in part] if "audio" in modality else None
        frames = [clip.frames for clip in part] if "video" in modality else None
        answers += lalm.answer(waves, question, videos=frames)
    return answers


def names_by_kind(lalm, clips: list) -> list[dict]:
    """Share of right names in words: a row per modality and per kind of class."""
    rows = []
    for modality in MODALITIES:
        named = answers_to(lalm, clips, PHRASINGS["name"][0], modality)
        right = np.array([a == clip.name for a, clip in zip(named, clips, strict=True)])
        kinds = np.array([clip.told_by for clip in clips])
        for kind in ("sound", "sight", "both", "all"):
            chosen = np.isin(kinds, kind) | (kind == "all")
            rows.append({
                "modality": modality, "told_by": kind, "clips": int(chosen.sum()),
                "right": float(right[chosen].mean()), "chance": chance(kind, modality),
            })  # fmt: skip
    return rows


def chance(kind: str, modality: str) -> float | None:
    """Share of right names by guesses among all that a modality leaves open, in one kind."""
    names = CLASSES.loc[TRAINED]
    rows = names[names["told_by"] == kind]
    if modality == BOTH or kind == "all" or (kind, modality) in TELLS:
        return None
    if kind == "both":  # the sense tells half of the name
        return float((1 / rows.groupby("sound" if modality == "audio" else "motion").size()).mean())
    return 1 / len(rows)


def other_questions(lalm, clips: list) -> dict:
    """Share of right answers in words to the questions about one property of a clip."""
    result = {}
    for task in ("sound", "motion", "colour", "shape", "events"):
        for modality in MODALITIES:
            asked = [clip for clip in clips if task in possible(facts_of(clip), modality)]
            if not asked:
                continue
            truth = [answer(task, facts_of(clip)) for clip in asked]
            given = answers_to(lalm, asked, PHRASINGS[task][0], modality)
            right = np.mean([a == b for a, b in zip(given, truth, strict=True)])
            commonest = max(truth.count(word) for word in set(truth)) / len(truth)
            result[f"{task}, {modality}"] = {
                "right": float(right), "commonest": commonest, "clips": len(asked)
            }  # fmt: skip
    return result


def belonging(lalm, clips: list) -> dict:
    """Share of right answers to whether sight and sound belong together, by kind of pair."""
    moving = [clip for clip in clips if clip.parameters["motion"] not in IDLE]
    pairs = {"one scene": clips, "another class": [], "the same class, another time": []}
    for k, clip in enumerate(clips):
        for other in (*clips[k + 1 :], *clips[:k]):
            idle = [c.parameters["motion"] in IDLE for c in (clip, other)]
            if other.name != clip.name and not all(idle):
                pairs["another class"].append(mismatched(clip, other))
                break
    for k, clip in enumerate(moving):
        for other in (*moving[k + 1 :], *moving[:k]):
            alike = np.corrcoef(clip.activity, other.activity)[0, 1]
            if other.name == clip.name and alike < UNLIKE:
                pairs["the same class, another time"].append(mismatched(clip, other))
                break
    result = {}
    for name, made in pairs.items():
        given = answers_to(lalm, made, PHRASINGS["together"][0], BOTH)
        right = "yes" if name == "one scene" else "no"
        result[name] = {"right": float(np.mean([a == right for a in given])), "clips": len(made)}
    return result


def few_shot(lalm) -> dict:
    """Accuracy by method, modality and shots; and what both senses give over the better one."""
    data = tasks.videos_heldout()
    results = {}
    for modality in MODALITIES:
        acts = ccsav.extract(lalm, data, PHRASINGS["name"][0], modality=modality)
        results[modality] = ccsav.evaluate(
            METHODS, acts.X, acts.y, shots=SHOTS, n_episodes=EPISODES
        )
    table = pd.concat({m: ccsav.summary(r) for m, r in results.items()}, names=["modality"])
    rows = table.reset_index()[["modality", "method", "shots", "mean", "interval"]]
    gains = []
    for (method, shots), part in rows.groupby(["method", "shots"], sort=False):
        single = part[part["modality"] != BOTH].sort_values("mean")["modality"].iloc[-1]
        paired = pd.concat([
            r[(r["method"] == method) & (r["shots"] == shots)].assign(method=m)
            for m, r in results.items() if m in (BOTH, single)
        ])  # fmt: skip
        gain = ccsav.compare(paired, single).loc[BOTH].iloc[0]
        gains.append({
            "method": method, "shots": int(shots), "over": single,
            "gain": float(gain["mean"]), "interval": float(gain["interval"]),
        })  # fmt: skip
    classes = len(data.labels)
    return {"classes": classes, "rows": rows.to_dict("records"), "gains": gains}


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description="Measure the mini omni model.")
    parser.add_argument("--model", type=Path, default=OMNI, help="folder of the model")
    parser.add_argument("--log", type=Path, help="log.json of a new training")
    options = parser.parse_args()
    lalm = ccsav.load_lalm(options.model, device="cpu")
    rng = np.random.default_rng(SEED)
    clips = [random_clip(rng) for _ in range(CLIPS)]
    measured = {
        "parameters": sum(p.numel() for p in lalm.model.parameters()),
        "bytes": (options.model / "model.safetensors").stat().st_size,
        "names": names_by_kind(lalm, clips),
        "answers": other_questions(lalm, clips),
        "together": belonging(lalm, clips),
        "few_shot": few_shot(lalm),
    }
    results, readme = options.model / "measured.json", options.model / "README.md"
    log = json.loads((options.log or results).read_text())
    measured["curve"] = log if options.log else log["curve"]
    text = json.dumps(measured, indent=1) + "\n"
    write_whole(results, lambda path: path.write_text(text, "utf-8"))
    print(text)
    if readme.exists():
        new = written(readme.read_text(encoding="utf-8"), card(measured))
        readme.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
