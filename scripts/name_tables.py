"""The tables of what class names add: in-context examples, and names as a prior."""

from documents import difference, markdown

MEASURES = (  # classifier, metric, how it is written
    ("CCSAV", "accuracy", 100, ".1f"),
    ("CCSAV", "log_loss", 1, ".2f"),
    ("CCSAV", "calibration_error", 100, ".1f"),
    ("CALM", "accuracy", 100, ".1f"),
)


def in_context_table(study: dict) -> str:
    """A row per method, a column per task: accuracy, and its difference to no examples."""
    methods = [entry["method"] for entry in next(iter(study.values()))["methods"]]
    rows = []
    for method in methods:
        cells = []
        for task in study.values():
            (entry,) = (e for e in task["methods"] if e["method"] == method)
            cell = f"{100 * entry['mean']:.1f} ± {100 * entry['interval']:.1f}"
            if "difference" in entry:
                cell += f" ({difference(entry, 'difference', 'difference_interval')})"
            cells.append(cell)
        rows.append([method, *cells])
    heads = [f"{name} ({task['classes']} classes)" for name, task in study.items()]
    return markdown(["method", *heads], rows)


def name_prior_table(study: dict) -> str:
    """Each measure without names and its change with them: a column per number of shots."""
    shots = sorted({e["shots"] for task in study.values() for e in task["changes"]})
    rows = []
    for name, task in study.items():
        for method, metric, scale, form in MEASURES:
            found = {e["shots"]: e for e in task["changes"] if e["method"] == method}
            cells = [
                f"{scale * found[n][metric]:{form}} "
                f"({scale * found[n][f'{metric}_change']:+{form}} "
                f"± {scale * found[n][f'{metric}_interval']:{form}})"
                for n in shots
            ]
            alone = f"{100 * task['names_alone']:.1f}"
            rows.append([name, alone, f"{method}, {metric.replace('_', ' ')}", *cells])
    head = ["model, task", "named right", "measure", *(f"{n} shot{'s' * (n > 1)}" for n in shots)]
    return markdown(head, rows)
