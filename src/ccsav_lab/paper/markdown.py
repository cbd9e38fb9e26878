"""The table in Markdown, with the published numbers and what differs from them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .audit import Audit
from .protocol import DIFFERENCES, OTHER_MODELS, PUBLISHED, SEVERAL
from .spoofing import NO_SCORES

PLAIN = ("min_tdcf",)  # metrics that are not in per cent


def to_markdown(
    table: pd.DataFrame,
    data: str | None,
    modality: str,
    settings: str,
    caution: str = "",
    differences: Sequence[str] = DIFFERENCES,
) -> str:
    """The table in Markdown, in per cent, with the published numbers and what differs from them.

    Parameters
    ----------
    table : from `fill_table`.
    data, modality : of the published numbers, keys of `PUBLISHED`.
    settings : one sentence on the settings of the run.
    caution : from `caution`; set in bold above the table.
    differences : from the published protocol, listed below the table if there are published rows.
    """
    metrics = [column for column in table if not column.endswith("_interval")]
    lines = [["method", "heads", *(metric.replace("_", " ") for metric in metrics)]]
    for (heads, method), row in table.iterrows():
        lines.append([method, heads, *(_cell(row, metric) for metric in metrics)])
    published = PUBLISHED.get((data, modality), {})
    for method, accuracy in published.items():
        numbers = [
            f"{accuracy:.2f}" if metric in ("accuracy", "exact_match") else "" for metric in metrics
        ]
        lines.append([f"*{method}, published*", "", *numbers])
    differences = differences if published else ()
    notes = _notes(settings, differences, bool(published) and "exact_match" in metrics)
    if data == "asvspoof2019" and "min_tdcf" not in metrics:
        notes.append(NO_SCORES)
    return _joined(lines, notes, caution)


def senses_to_markdown(table: pd.DataFrame, data: str, settings: str, caution: str = "") -> str:
    """The table of several modalities, a column each, with the published numbers of each.

    Parameters
    ----------
    table : from `fill_each_modality`; of its metrics, accuracy or else exact match is shown.
    data, settings, caution : as in `to_markdown`.
    """
    metric = "accuracy" if "accuracy" in table else "exact_match"
    modalities = list(table.index.unique("modality"))
    lines = [["method", "heads", *modalities]]
    for heads, method in table.index.droplevel("modality").unique():
        rows = [(modality, heads, method) for modality in modalities]
        cells = [_cell(table.loc[row], metric) if row in table.index else "" for row in rows]
        lines.append([method, heads, *cells])
    published = {modality: PUBLISHED.get((data, modality), {}) for modality in modalities}
    for method in dict.fromkeys(name for numbers in published.values() for name in numbers):
        numbers = [published[modality].get(method) for modality in modalities]
        cells = ["" if number is None else f"{number:.2f}" for number in numbers]
        lines.append([f"*{method}, published*", "", *cells])
    settings = f"{metric.replace('_', ' ').capitalize()} in per cent; {settings}"
    differences = DIFFERENCES if any(published.values()) else ()
    notes = _notes(settings, differences, bool(differences) and metric == "exact_match")
    if sum(map(bool, published.values())) > 1:
        notes.append(OTHER_MODELS)
    return _joined(lines, notes, caution)


def audit_to_markdown(audit: Audit) -> str:
    """An audit as a table in per cent, with a sentence on each check below it.

    Parameters
    ----------
    audit : from `audit_split`.
    """
    lines = [["accuracy (%)", *audit.accuracy.columns]]
    for name, row in audit.accuracy.iterrows():
        lines.append([name, *("" if pd.isna(x) else f"{100 * x:.1f}" for x in row)])
    notes = [f"*{check}*: {sentence}" for check, sentence in audit.sentences.items()]
    return _joined(lines, notes, "")


def _cell(row: pd.Series, metric: str) -> str:
    """Per cent, with half the 95 % interval over episodes where there is one."""
    if pd.isna(row[metric]):
        return ""
    scale, digits = (1, 3) if metric in PLAIN else (100, 1)
    width = scale * row.get(f"{metric}_interval", np.nan)
    text = f"{scale * row[metric]:.{digits}f}"
    return text + ("" if pd.isna(width) else f" ± {width:.{digits}f}")


def _notes(settings: str, differences: Sequence[str], several_labels: bool) -> list[str]:
    """What stands under a table."""
    return [settings, *differences, *([SEVERAL] if several_labels else [])]


def _joined(lines: Sequence[Sequence[str]], notes: Sequence[str], caution: str) -> str:
    """The caution in bold, the table, whose first line is its heading, and the notes."""
    rows = ["| " + " | ".join(line) + " |" for line in lines]
    rows.insert(1, "| " + " | ".join(["---"] * len(lines[0])) + " |")
    above = f"**{caution}**\n\n" if caution else ""
    return above + "\n".join(rows) + "\n\n" + "\n".join(f"- {note}" for note in notes) + "\n"
