"""Running the course's notebooks: links between them, and the outputs that are kept."""

import sys

import nbformat
import pytest
import soundfile
from nbclient.exceptions import CellExecutionError

from ccsav_lab.sounds import render
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from run_notebooks import WIDGET, execute, navigated, navigation, trimmed

new = nbformat.v4


@pytest.fixture
def course(tmp_path):
    files = [tmp_path / f"{i:02d}_x.ipynb" for i in range(3)]
    for i, file in enumerate(files):
        cells = [new.new_markdown_cell(f"# {i:02d} · Title {i}\n\nmore")]
        nbformat.write(new.new_notebook(cells=cells), file)
    return files


def test_navigation_links_the_neighbours(course):
    first, middle, last = (navigation(course, file) for file in course)
    assert "←" not in first and "→" not in last
    assert "[← 00 · Title 0](00_x.ipynb)" in middle and "[02 · Title 2 →](02_x.ipynb)" in middle


def test_navigation_is_one_cell_at_the_end(course):
    notebook = nbformat.read(course[1], 4)
    once = navigated(notebook, "links")
    twice = navigated(once, "other links")
    assert len(twice.cells) == 2
    assert twice.cells[-1].source == "other links"


def test_what_only_a_kernel_can_show_is_dropped():
    bar = new.new_output("display_data", {WIDGET: {}, "text/plain": "0%|  | 0/20"})
    explorer = new.new_output("display_data", {WIDGET: {}, "image/png": "…", "text/plain": "x"})
    cell = new.new_code_cell("1", outputs=[bar, explorer], metadata={"tags": ["parameters"]})
    cell.metadata["execution"] = {"iopub.execute_input": "now"}
    notebook = new.new_notebook(cells=[cell], metadata={"widgets": {"state": {}}})
    kept = trimmed(notebook)
    assert [set(o.data) for o in kept.cells[0].outputs] == [{"image/png", "text/plain"}]
    assert kept.cells[0].metadata == {"tags": ["parameters"]}
    assert "widgets" not in kept.metadata


def test_streams_that_arrive_in_pieces_are_joined():
    pieces = [new.new_output("stream", name="stdout", text=text) for text in ("one\n", "two\n")]
    error = new.new_output("stream", name="stderr", text="careful")
    notebook = new.new_notebook(cells=[new.new_code_cell("1", outputs=[*pieces, error])])
    kept = trimmed(notebook).cells[0].outputs
    assert [(o.name, o.text) for o in kept] == [("stdout", "one\ntwo\n"), ("stderr", "careful")]


def test_an_error_stops_a_notebook_unless_it_is_meant(tmp_path):
    cells = [new.new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})]
    done = execute(new.new_notebook(cells=cells), tmp_path)
    assert done.cells[0].outputs[0].ename == "ZeroDivisionError"
    with pytest.raises(CellExecutionError):
        execute(new.new_notebook(cells=[new.new_code_cell("1 / 0")]), tmp_path)


@pytest.mark.slow
def test_parameters_lead_to_another_dataset(tmp_path):
    """As papermill would: a cell after the one tagged `parameters`; other classes, from files."""
    for name in ("owl", "coin"):
        (tmp_path / "clips" / name).mkdir(parents=True)
        for seed in range(12):
            file = tmp_path / "clips" / name / f"{seed}.wav"
            soundfile.write(file, render(name, seed, seconds=1.0).waveform, 16_000)
    notebook = nbformat.read(ROOT / "notebooks" / "02_probe_heads.ipynb", 4)
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    place = next(i for i, found in enumerate(tags) if "parameters" in found)
    cell = new.new_code_cell(f'dataset, shots = "{tmp_path / "clips"}", 4')
    notebook.cells.insert(place + 1, cell)
    (tmp_path / "notebooks").mkdir()
    done = execute(notebook, tmp_path / "notebooks")
    printed = "".join(o.get("text", "") for c in done.cells for o in c.get("outputs", []))
    assert "2 classes, so guessing is right in 50.0%" in printed
    assert list((tmp_path / "figures").glob("02-*.png"))
