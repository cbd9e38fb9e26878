"""The audit of the protocol as a table and sentences for docs/results.md."""

from documents import markdown

SHOWN = ("sources", "tuning")  # checks whose sentence is written: the table does not say it


def audit_table(study: dict) -> str:
    """Accuracy of every method under each change, a row per model and change, and sentences.

    Parameters
    ----------
    study : {model: entry}, as scripts/measure_audit.py writes it.
    """
    columns = next(iter(study.values()))["columns"]
    rows = [
        [model, change, *("" if x is None else f"{100 * x:.1f}" for x in row)]
        for model, entry in study.items()
        for change, *row in entry["accuracy"]
    ]
    sentences = [
        f"- {model}, *{check}*: {entry['sentences'][check]}"
        for model, entry in study.items()
        for check in SHOWN
    ]
    return markdown(["model", "protocol", *columns], rows) + "\n\n" + "\n".join(sentences)
