"""Tables of what was measured of the mini omni model, for its card, README and docs/results.md."""

from documents import markdown

MODALITIES = ("audio", "video", "audio+video")
BOTH = MODALITIES[-1]


def percent(value: float | None) -> str:
    """A share in per cent."""
    return "" if value is None else f"{100 * value:.1f}"


def card(measured: dict) -> dict:
    """The tables of the model card, by the names of their blocks."""
    size = f"{measured['parameters'] / 1e6:.2f} million parameters"
    tables = {"size": f"{size}, {measured['bytes'] / 1e6:.1f} MB in float16."}
    tables["targets"] = targets_table(measured)
    rows = {}
    for row in measured["names"]:
        guess = f" (guesses: {percent(row['chance'])})" if row["chance"] else ""
        rows.setdefault(row["told_by"], []).append(percent(row["right"]) + guess)
    head = ["classes told by", *(f"given {m}" for m in MODALITIES)]
    tables["names"] = markdown(head, [[kind, *cells] for kind, cells in rows.items()])
    rows = [
        [task, percent(row["right"]), percent(row["commonest"]), row["clips"]]
        for task, row in measured["answers"].items()
    ]
    tables["answers"] = markdown(["question, given", "right", "commonest answer", "clips"], rows)
    pairs = measured["together"].items()
    tables["together"] = markdown(
        ["sight and sound of", "right", "clips"],
        [[name, percent(row["right"]), row["clips"]] for name, row in pairs],
    )
    tables["few-shot"] = few_shot_table(measured["few_shot"])
    curve = [[step, *("" if x is None else f"{x:.2f}" for x in rest)]
             for step, *rest in measured["curve"]]  # fmt: skip
    tables["curve"] = markdown(["step", "loss of answers", "loss of the classifiers"], curve)
    return tables


def targets_table(measured: dict) -> str:
    """What the model was to reach, and what it reached."""
    named = {(row["told_by"], row["modality"]): row["right"] for row in measured["names"]}
    pairs, few = measured["together"], measured["few_shot"]
    told = [named["sound", "audio"], named["sight", "video"]]
    together = (pairs["one scene"]["right"] + pairs["another class"]["right"]) / 2
    both = next(
        r for r in few["rows"] if (r["modality"], r["method"], r["shots"]) == (BOTH, "CCSAV", 5)
    )
    gain = next(g for g in few["gains"] if (g["method"], g["shots"]) == ("CCSAV", 5))
    rows = [
        ["names in words, both senses", percent(named["all", BOTH]), "85"],
        ["classes told by sound, from sound; by sight, from sight",
         " and ".join(map(percent, told)), "80"],
        ["do they belong together (mean of yes and, for another class, no)",
         percent(together), "80"],
        ["held-out classes, 5 shots, CCSAV, both senses", percent(both["mean"]), "70 to 97"],
        ["the same, over the better sense", f"{100 * gain['gain']:+.1f}", "+5"],
        ["million parameters", f"{measured['parameters'] / 1e6:.1f}", "at most 10"],
    ]  # fmt: skip
    return markdown(["measure", "reached", "target"], rows)


def few_shot_table(study: dict) -> str:
    """Modality and method × shots, and the paired gain of both senses over the better one."""
    cells, shots = {}, sorted({row["shots"] for row in study["rows"]})
    for row in study["rows"]:
        text = f"{percent(row['mean'])} ± {percent(row['interval'])}"
        cells.setdefault((row["modality"], row["method"]), {})[row["shots"]] = text
    for row in study["gains"]:
        text = f"{100 * row['gain']:+.1f} ± {percent(row['interval'])} (over {row['over']})"
        cells.setdefault(("gain of both", row["method"]), {})[row["shots"]] = text
    head = ["given", "method", *(f"{n} shot{'s' * (n > 1)}" for n in shots)]
    return markdown(head, [[*key, *(row[n] for n in shots)] for key, row in cells.items()])


def senses_answer(study: dict, shots: int = 5, method: str = "CCSAV") -> str:
    """What sight adds to sound in the few-shot task, in two sentences."""
    rows = [r for r in study["rows"] if (r["method"], r["shots"]) == (method, shots)]
    cells = {r["modality"]: f"{percent(r['mean'])} ± {percent(r['interval'])} %" for r in rows}
    gains = [g for g in study["gains"] if (g["method"], g["shots"]) == (method, shots)]
    gain = f"{100 * gains[0]['gain']:+.1f} ± {percent(gains[0]['interval'])} points"
    sense = {"audio": "sound", "video": "sight"}[gains[0]["over"]]
    task = f"{shots} videos of each of {study['classes']} classes that it was not trained on"
    chance = f"{100 / study['classes']:.1f} %"
    return (
        f"With {task} (a third told by sound, a third by sight, a third only by both), {method} on "
        f"the mini omni model's decoder heads reaches {cells['audio']} from sound, "
        f"{cells['video']} from sight and {cells['audio+video']} from both: {gain} over {sense} "
        f"alone, paired by episode (chance: {chance})."
    )
