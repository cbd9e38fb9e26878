"""The course: every notebook runs, says what it must, and its exercises can be solved."""

import os
import re
import sys

import nbformat
import pytest

from ccsav.disk.writing import write_whole
from tests import ROOT

FILES = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
PARAMETERS = {"lalm_name", "dataset", "question", "shots", "seed"}
SOLUTION = re.compile(r"<details>.*?<summary>Solution.*?```python\n(.*?)```.*?</details>", re.S)
RESULT = "In the committed run"
QUOTED = re.compile(RESULT + r": \*[^*]+\*(?:[;,]? (?:and )?\*[^*]+\*)*")  # what cells printed
SHOWN = re.compile(r"\"(\d\d-[a-z0-9-]+)\"")  # the names that plot.show is given

sys.path.insert(0, str(ROOT / "scripts"))
from check_notebooks import problems  # noqa: E402
from run_notebooks import ROLES, execute, navigation, role  # noqa: E402

pytestmark = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def sources(notebook, kind="code"):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


# Smaller settings than the committed runs', in the way that papermill sets them.
SMALLER = {
    "05_ablations": {"n_episodes": 2, "shots": 3},
    "09_without_labels": {"n_classes": 10, "clips_per_class": 12, "shots": 6, "n_episodes": 3},
    "10_paper_table": {"classes": 8, "omni_episodes": 2, "clips_seen": 5},
    "11_build_an_lalm": {
        "n_classes": 3, "clips_per_class": 5, "steps": 2, "rounds": [0, 2], "n_episodes": 2,
    },
    "12_sight_and_sound": {
        "clips_per_class": 8, "n_episodes": 2, "lights": [1.0, 0.0], "noises": [30.0, -30.0],
        "clips_per_step": 1,
    },
    "13_what_a_head_writes": {"n_classes": 5, "shots": 4},
}  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A folder like the repository's, whose notebooks share one cache of head vectors."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # all workers take the same folder
        root = root.parent
    root = root / "course"
    for name in ("notebooks", "figures"):
        (root / name).mkdir(parents=True, exist_ok=True)
    results = (ROOT / "figures" / "results.json").read_bytes()
    write_whole(root / "figures" / "results.json", lambda path: path.write_bytes(results))
    return root


@pytest.mark.slow
def test_runs_with_its_solutions(file, course, request):
    """From top to bottom, with every solution put in after its exercise; figures are drawn."""
    notebook = nbformat.read(file, as_version=4)
    if any('lalm_name = "small"' in source for source in sources(notebook)):
        request.getfixturevalue("small_folder")
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if "parameters" in cell.metadata.get("tags", []):
            settings = SMALLER.get(file.stem, {}).items()
            cells.append(nbformat.v4.new_code_cell("\n".join(f"{k} = {v}" for k, v in settings)))
        solution = SOLUTION.search(cell.source) if cell.cell_type == "markdown" else None
        if solution:
            assert "checks." in solution[1], "a solution runs its check"
            cells.append(nbformat.v4.new_code_cell(solution[1]))
    notebook.cells = cells
    execute(notebook, course / "notebooks")
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.rstrip() in map(str.rstrip, _solutions(file)):
            said = "".join(o.get("text", "") for o in cell.outputs if o.output_type == "stream")
            assert "Right." in said, cell.source
    for name in SHOWN.findall("\n".join(sources(notebook))):
        for suffix in ("png", "svg"):
            assert (course / "figures" / f"{name}.{suffix}").is_file(), name


def _solutions(file):
    text = "\n".join(sources(nbformat.read(file, as_version=4), "markdown"))
    return SOLUTION.findall(text)


def test_is_committed_as_it_should_be(file):
    text = file.read_text(encoding="utf-8")
    assert problems(text) == []
    notebook = nbformat.reads(text, as_version=4)
    assert notebook.cells[-1].source == navigation(FILES, file)
    for name in SHOWN.findall("\n".join(sources(notebook))):
        assert name.startswith(file.stem[:2] + "-"), name
        for suffix in ("png", "svg"):
            assert (ROOT / "figures" / f"{name}.{suffix}").is_file(), name


def test_has_the_anatomy_of_a_lesson(file):
    notebook = nbformat.read(file, as_version=4)
    opening = notebook.cells[0].source
    assert opening.startswith(f"# {file.stem[:2]} · ")
    for part in ("**You will learn**", "**You need**", "**Time**"):
        assert part in opening, part
    assert len(notebook.cells[1].source.splitlines()) <= 3
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert set(re.findall(r"^(\w+) = ", tagged[0].source, re.M)) >= PARAMETERS
    text = "\n".join(sources(notebook, "markdown"))
    exercises = re.findall(r"^### Exercise .* · (?:easy|medium|hard) · \d+ min", text, re.M)
    assert 2 <= len(exercises) <= 4
    assert len(exercises) == len(_solutions(file))
    assert "## Recap" in text
    assert re.search(r"## Recap(.|\n)*\*\*Next\*\*", text)


def test_readings_say_what_came_out(file):
    """What a reading gives as the committed run's result is what a cell above it printed."""
    printed = ""
    for cell in nbformat.read(file, as_version=4).cells:
        if cell.cell_type == "code":
            shown = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs]
            printed += " ".join(" ".join(shown).split()) + " "
            continue
        text = " ".join(cell.source.split())
        quotes = QUOTED.findall(text)
        assert len(quotes) == text.count(RESULT), f"after {RESULT!r}, `: *what a cell printed*`"
        results = re.findall(r"\*([^*]+)\*", " ".join(quotes))
        for result in results + re.findall(r"\*(\S[^*]* ± [^*]*\S)\*", text):
            assert result in printed, result


def test_parts_of_exercises_are_tagged(file):
    """A tool finds the solutions by their tags, and takes nothing else out with them."""
    for cell in nbformat.read(file, as_version=4).cells:
        tags = [tag for tag in cell.metadata.get("tags", []) if tag in ROLES]
        assert tags == ([role(cell)] if role(cell) else [])
        if role(cell) == "solution":
            assert cell.source.startswith("<details>")
            assert cell.source.endswith("</details>")
