"""Run the course's notebooks in place, with fresh navigation.

python scripts/run_notebooks.py [notebooks/03_reliability_weights.ipynb …]    (default: all)

Outputs that only a running kernel can show (progress bars, widgets) are removed.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
SECONDS = 3_600  # that a cell may take: only one that hangs does, also on a busy machine
SETTINGS = {
    "TRANSFORMERS_VERBOSITY": "error", "TQDM_DISABLE": "1",
    "CCSAV_FIGURES": "../figures",  # the committed ones: only this script writes them
}  # fmt: skip
SOLUTION, CHECK, EXERCISE = "<summary>Solution</summary>", "\nchecks.", "### Exercise "
ROLES = {"exercise", "check", "solution"}


def title(notebook) -> str:
    """The notebook's heading, without the #."""
    return notebook.cells[0].source.splitlines()[0].removeprefix("# ")


def navigation(files: list[Path], file: Path) -> str:
    """Links to the notebooks before and after this one."""
    number = files.index(file)
    links = []
    if number > 0:
        before = files[number - 1]
        links.append(f"[← {title(nbformat.read(before, 4))}]({before.name})")
    links.append("[All notebooks](../README.md#the-course)")
    if number + 1 < len(files):
        after = files[number + 1]
        links.append(f"[{title(nbformat.read(after, 4))} →]({after.name})")
    return " · ".join(links)


def navigated(notebook, text: str):
    """The notebook with this text as its last cell, tagged `navigation`."""
    if "navigation" not in notebook.cells[-1].metadata.get("tags", []):
        cell = nbformat.v4.new_markdown_cell(metadata={"tags": ["navigation"]})
        notebook.cells.append(cell)
    notebook.cells[-1].source = text
    return notebook


def execute(notebook, folder: Path):
    """Run a notebook's cells in `folder`, in a new kernel, and trim the result.

    Raises `nbclient.exceptions.CellExecutionError` for an error in a cell that is not tagged
    `raises-exception`.
    """
    os.environ.update(SETTINGS)
    client = NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    client.execute()
    return trimmed(notebook)


def trimmed(notebook):
    """Remove the states of widgets, times and ids, so that the same run gives the same file."""
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k == "tags"})
        _tag(cell)
        if cell.cell_type == "code":
            cell.outputs = _joined([o for o in cell.outputs if not _live_only(o)])
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    return notebook


def role(cell) -> str | None:
    """What a cell is in an exercise: its text, the check of the answer, or the solution."""
    if cell.cell_type == "code":
        return "check" if CHECK in cell.source else None
    if SOLUTION in cell.source:
        return "solution"
    return "exercise" if EXERCISE in cell.source else None


def _tag(cell) -> None:
    """Tag a cell with its role, so that a tool can take out the solutions."""
    tags = [tag for tag in cell.metadata.get("tags", []) if tag not in ROLES]
    tags += [role(cell)] if role(cell) else []
    cell.metadata.pop("tags", None)
    if tags:
        cell.metadata["tags"] = tags


def _joined(outputs):
    """Streams that arrived in pieces as one: where they are cut depends on time alone."""
    joined = []
    for output in outputs:
        stream = output.output_type == "stream"
        if stream and joined and joined[-1].get("name") == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _live_only(output) -> bool:
    """Whether an output shows nothing without a kernel: a bar, or a widget without image."""
    data = output.get("data", {})
    return WIDGET in data and not any(kind.startswith("image/") for kind in data)


def main() -> None:
    """Run the notebooks named on the command line, or all."""
    files = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
    chosen = [Path(name).resolve() for name in sys.argv[1:]] or files
    for file in chosen:
        start = time.monotonic()
        notebook = execute(nbformat.read(file, as_version=4), FOLDER)
        nbformat.write(navigated(notebook, navigation(files, file)), file)
        print(f"{file.name}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
