"""Write the tables in README and docs/ from figures/results.json and benchmarks/results.json.

python scripts/write_tables.py          write README.md, docs/results.md, docs/benchmarks.md
python scripts/write_tables.py --check  fail if they are not what they would be
"""

import json
import sys
from operator import itemgetter
from pathlib import Path
from statistics import mean

from audit_table import audit_table
from benchmark_tables import (
    all_benchmarks,
    audioset_table,
    memory_table,
    ranks_table,
    simulation_table,
    store_table,
)
from class_weight_tables import class_weights_answer, class_weights_table
from documents import difference, markdown, written
from mini_omni.card import few_shot_table, senses_answer
from mixture_tables import (
    mixtures_answer,
    mixtures_changes_table,
    mixtures_gains_table,
    mixtures_methods_table,
    several_answer,
)
from name_tables import in_context_table, name_prior_table

ROOT = Path(__file__).resolve().parents[1]
RUN, MINI = "esc10-whisper-tiny.en", "sounds-heldout-mini"


def accuracy_table(run: dict) -> str:
    """Method × shots, per cent ± 95 % interval, and the paired difference to SAV."""
    shots = sorted({row["shots"] for row in run["accuracy"]})
    head = ["heads", "method", *(f"{n} shot{'s' * (n > 1)}" for n in shots)]
    lines = {(row["heads"], row["method"]): [] for row in run["accuracy"]}
    for row in sorted(run["accuracy"], key=itemgetter("shots")):
        cell = f"{100 * row['mean']:.1f} ± {100 * row['interval']:.1f}"
        if "difference" in row:
            width = 100 * row["difference_interval"]
            cell += f" ({100 * row['difference']:+.1f} ± {width:.1f})"
        lines[row["heads"], row["method"]].append(cell)
    return markdown(head, [[*key, *cells] for key, cells in lines.items()])


def overall_table(study: dict) -> str:
    """Every method: mean over cells, difference to CCSAV, worst cell, calibration error."""
    gaps = {}
    for cell in study["cells"]:
        if "calibration_error" in cell:
            gaps.setdefault(cell["method"], []).append(100 * cell["calibration_error"])
    rows = [
        [
            entry["method"],
            entry["cells"],
            f"{100 * entry['mean']:.1f}",
            difference(entry, "to_ccsav", "interval") if entry["method"] != "CCSAV" else "",
            f"{100 * entry['worst_to_best_other']:+.1f}",
            f"{100 * entry['worst_of_several_shots']:+.1f}",
            f"{mean(gaps[entry['method']]):.1f}" if entry["method"] in gaps else "",
        ]
        for entry in study["overall"]
    ]
    head = ["method", "cells", "mean accuracy", "to CCSAV, in the same cells"]
    head += ["worst cell, to the best of the others", "the same from 3 shots on"]
    head += ["calibration error"]
    return markdown(head, rows)


def cells_table(study: dict) -> str:
    """CCSAV in every cell, and its paired difference to CALM."""
    mine = [cell for cell in study["cells"] if cell["method"] == "CCSAV"]
    shots = sorted({cell["shots"] for cell in mine})
    lines = {(cell["task"], cell["heads"]): [] for cell in mine}
    for cell in sorted(mine, key=itemgetter("shots")):
        text = f"{100 * cell['mean']:.1f} ± {100 * cell['interval']:.1f}"
        text += f" ({difference(cell, 'over_calm_mean', 'over_calm_interval')})"
        lines[cell["task"], cell["heads"]].append(text)
    head = ["task", "heads", *(f"{n} shot{'s' * (n > 1)}" for n in shots)]
    return markdown(head, [[*key, *texts] for key, texts in lines.items()])


def unlabelled_table(*studies: dict) -> str:
    """Accuracy at one shot without and with unlabelled queries, and the paired difference."""
    rows = [
        [
            entry["task"], entry["heads"], f"{100 * entry['alone']:.1f}",
            f"{100 * entry['with_queries']:.1f}", difference(entry, "gain", "interval"),
        ]
        for study in studies for entry in study["unlabelled"]
    ]  # fmt: skip
    return markdown(["task", "heads", "CCSAV", "with unlabelled queries", "gain"], rows)


def by_model_table(study: dict) -> str:
    """Specialists in each model and task, and what weights per class gain over averaged ones."""
    shots = sorted({row["shots"] for entry in study.values() for row in entry["gains"]})
    rows = []
    for name, entry in study.items():
        cells = entry["heads"] * entry["classes"]
        for method in ("CALM", "CCSAV"):
            gained = {r["shots"]: r for r in entry["gains"] if r["method"] == method}
            rows.append([
                name,
                entry["classes"],
                f"{span(entry['specialists'])} of {cells:,}",
                f"{entry['halves_agree']:.2f}",
                method,
                *(difference(gained[n], "gain", "interval") if n in gained else "-" for n in shots),
            ])  # fmt: skip
    head = ["model, task", "classes", "specialists", "halves agree", "weights of"]
    return markdown(head + [f"gain, {n} shots" for n in shots], rows)


def specialists_answer(study: dict) -> str:
    """Whether heads specialise, and what weights per class gain, in three sentences."""
    pairs = [entry["heads"] * entry["classes"] for entry in study.values()]
    found = sorted(n for entry in study.values() for n in entry["specialists"])
    gains = [row for entry in study.values() for row in entry["gains"]]
    ranges = []
    for method in ("CALM", "CCSAV"):
        own = [100 * row["gain"] for row in gains if row["method"] == method]
        ranges.append(f"{min(own):+.1f} to {max(own):+.1f} points in {method}")
    return (
        "Some heads do: a pair of head and class counts as a specialist if two halves of the clips "
        "both show it, by a permutation test corrected for all pairs. In "
        f"{len(study)} models and tasks, {span(found)} of {min(pairs):,} to {max(pairs):,} pairs "
        "do. With one sound in each clip it hardly pays: weights per class instead of the same "
        f"weights averaged over classes change accuracy by {' and '.join(ranges)}, at 5 to 20 "
        "shots."
    )


def span(counts: list[int]) -> str:
    """From the smallest to the largest, in order."""
    return f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"


def headline(study: dict) -> str:
    """One sentence: CCSAV's mean accuracy, and how far it is above the other methods."""
    by_name = {entry["method"]: entry for entry in study["overall"]}
    every_cell = [e for e in by_name.values() if e["cells"] == by_name["CCSAV"]["cells"]]
    baseline = max(
        (e for e in every_cell if e["method"].endswith((", all heads", ", best head"))),
        key=lambda entry: entry["mean"],
    )

    def above(entry):
        return f"{round(-100 * entry['to_ccsav'], 1) + 0.0:.1f} ± {100 * entry['interval']:.1f}"

    return (
        f"On {by_name['CCSAV']['cells']} cells of real tasks (three tasks, two sets of heads, five "
        f"numbers of shots) with whisper-tiny.en, CCSAV reaches "
        f"{100 * by_name['CCSAV']['mean']:.1f} % on average: {above(by_name['CALM'])} points more "
        f"than CALM, {above(by_name['SAV'])} more than SAV, {above(by_name['HEC'])} more than HEC, "
        f"and {above(baseline)} more than the best baseline ({baseline['method']})."
    )


def protocol(run: dict) -> str:
    """One sentence on how the numbers came about."""
    s, v = run["settings"], run["versions"]
    share = "no group" if s["groups"] else "no clip"
    heads = ", ".join(f"{n} {kind}" for kind, n in run["heads"].items())
    return (
        f"{run['clips']} clips, {run['classes']} classes; {s['model']} ({heads} heads), "
        f"window {s['window_s']:g} s; mean ± 95 % interval over {s['episodes']} episodes in which "
        f"support and query share {share}; in brackets the difference to SAV, paired by episode. "
        f"torch {v['torch']}, transformers {v['transformers']}."
    )


def tables() -> dict[str, dict[str, str]]:
    """The blocks of each document: {file: {name of the block: Markdown}}."""
    runs = json.loads((ROOT / "figures" / "results.json").read_text())
    omni = json.loads((ROOT / "data" / "mini-omni" / "measured.json").read_text())["few_shot"]
    speed = json.loads((ROOT / "benchmarks" / "results.json").read_text())
    mixed = runs["mixtures"]
    marked = "<!-- several -->" in (ROOT / "README.md").read_text("utf-8")
    several = {"several": several_answer(mixed)} if marked else {}
    return {
        "README.md": {
            "headline": headline(runs["methods-real"]),
            "specialists": specialists_answer(runs["specialists-by-model"]),
            "senses": senses_answer(omni),
        }
        | several,
        "docs/results.md": {
            "mini": f"{accuracy_table(runs[MINI])}\n\n{protocol(runs[MINI])}",
            "accuracy": f"{accuracy_table(runs[RUN])}\n\n{protocol(runs[RUN])}",
            "methods": overall_table(runs["methods-real"]),
            "cells": cells_table(runs["methods-real"]),
            "name-prior": name_prior_table(runs["name-prior"]),
            "in-context": in_context_table(runs["in-context"]),
            "unlabelled": unlabelled_table(runs["methods-real"], runs["methods-mini"]),
            "class-weights": class_weights_answer(runs["class-weights"]),
            "class-weights-table": class_weights_table(runs["class-weights"]["simulated"]),
            "by-model": by_model_table(runs["specialists-by-model"]),
            "several-gains": f"{mixtures_gains_table(mixed)}\n\n{mixtures_answer(mixed)}",
            "several-methods": mixtures_methods_table(mixed),
            "several-changes": mixtures_changes_table(mixed),
            "senses": few_shot_table(omni),
            "course": cells_table(runs["methods-mini"]),
            "audit": audit_table(runs["audit"]),
        },
        "docs/benchmarks.md": {"benchmarks": all_benchmarks(speed)},
        "docs/scale.md": {
            "memory": memory_table(speed["memory"]),
            "ranks": ranks_table(speed["ranks"]),
            "store": store_table(speed["store"]),
            "simulation": simulation_table(speed["simulation"]),
            "audioset": audioset_table(),
        },
    }


def main() -> None:
    """Rewrite or check the documents."""
    for name, blocks in tables().items():
        file = ROOT / name
        before = file.read_text(encoding="utf-8")
        after = written(before, blocks)
        if "--check" not in sys.argv[1:]:
            file.write_text(after, encoding="utf-8")
        elif after != before:
            sys.exit(f"{name} is not up to date: run make tables.")


if __name__ == "__main__":
    main()
