"""The rules of the structure: what stands where, and who may import whom."""

import ast
import inspect
import re
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import entry_points

import nbformat
import pytest

import ccsav
from tests import ROOT

LIBRARY, LAB = ROOT / "src" / "ccsav", ROOT / "src" / "ccsav_lab"
ROOMS = {"clips", "lalm", "disk", "weights", "evaluation"}  # which import nothing of one another
SHELVES = {"families", "corpora", "formats"}  # drivers of models, datasets and kinds of files
LINES, FILE, BODY = 4_800, 250, 40  # at most: the library without its shelves, a file, a function
PICTURES = {"matplotlib", "seaborn", "IPython", "ipywidgets"}
HEAVY = ("transformers.processing_utils", "transformers.modeling_utils")  # 1.5 s to import
SHARED_FIGURES = {"common", "gains", "heads", "spectrograms", "style", "videos"}
LESSONS = [file.stem[3:] for file in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))]


def files(*packages):
    return [file for package in packages for file in sorted(package.rglob("*.py"))]


def parsed(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def imports(file):
    """What a file imports anywhere, relative names made absolute: [(module, name or None)]."""
    package = file.relative_to(ROOT / "src").parts[:-1]
    found = []
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            found += [(module, alias.name) for alias in node.names]
    return found


def modules_used(file):
    """Dotted names, "ccsav.weights.readout" also for `from ccsav.weights import readout`."""
    return {f"{module}.{name}" if name else module for module, name in imports(file)} | {
        module for module, _ in imports(file)
    }


def module_name(file):
    return file.parent.name if file.name == "__init__.py" else file.stem


def public_functions(file):
    return [
        node
        for node in parsed(file).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def test_the_library_is_the_method():
    found = {path.name for path in LIBRARY.iterdir() if path.name != "__pycache__"}
    assert found == {*ROOMS, "extraction", "storage.py", "__init__.py"}
    read = [file for file in files(LIBRARY) if not SHELVES & set(file.parts)]
    assert sum(len(file.read_text().splitlines()) for file in read) <= LINES


def test_the_library_knows_nothing_of_the_lab_or_of_pictures():
    for file in files(LIBRARY):
        packages = {module.split(".")[0] for module in modules_used(file)}
        assert not packages & (PICTURES | {"ccsav_lab"}), file


@pytest.mark.slow
def test_importing_the_library_loads_no_pictures_and_no_sounds():
    unwanted = [*sorted(PICTURES), "ccsav_lab", *HEAVY]
    code = f"import sys, ccsav; print([name for name in {unwanted} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_rooms_import_nothing_of_one_another(room):
    forbidden = tuple(f"ccsav.{other}" for other in ROOMS - {room} | {"extraction", "storage"})
    for file in files(LIBRARY / room):
        wrong = [name for name in modules_used(file) if name.startswith(forbidden)]
        assert not wrong, f"{file}: {wrong}"


def test_extraction_joins_clips_and_models():
    forbidden = ("ccsav.weights", "ccsav.evaluation", "ccsav.storage")
    for file in files(LIBRARY / "extraction"):
        assert not [name for name in modules_used(file) if name.startswith(forbidden)], file


def test_the_lab_uses_public_names_alone():
    for file in files(LAB):
        for module, name in imports(file):
            if module.split(".")[0] == "ccsav":
                parts = [*module.split("."), *([name] if name else [])]
                assert not [part for part in parts if part.startswith("_")], f"{file}: {parts}"
        for node in ast.walk(parsed(file)):  # nor private attributes, but those of its own classes
            if isinstance(node, ast.Attribute) and re.match(r"_(?!_|repr_)", node.attr):
                assert getattr(node.value, "id", "") in ("self", "cls"), f"{file}: {node.attr}"


def test_no_two_public_functions_share_a_name_nor_one_with_a_module():
    places = defaultdict(list)
    for file in files(LIBRARY, LAB):
        for node in public_functions(file):
            places[node.name].append(file.relative_to(ROOT))
    places.pop("main")  # of the commands
    modules = {module_name(file) for file in files(LIBRARY, LAB)}
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
    assert set(places) & modules == set()


def test_files_and_functions_are_short():
    for file in files(LIBRARY, LAB, ROOT / "scripts", ROOT / "benchmarks"):
        assert len(file.read_text().splitlines()) <= FILE, file
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.FunctionDef):
                first = node.body[1] if ast.get_docstring(node) and node.body[1:] else node.body[0]
                assert node.end_lineno - first.lineno + 1 <= BODY, f"{file}: {node.name}"


def test_a_lesson_has_one_name():
    for part in ("plot", "checks"):
        found = {file.stem for file in (LAB / part).glob("[a-z]*.py")}
        assert found <= {*LESSONS, *SHARED_FIGURES}, part


def test_figures_of_one_lesson_are_in_its_file():
    used = {}
    for file in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        code = "\n".join(c.source for c in nbformat.read(file, 4).cells if c.cell_type == "code")
        used[file.stem[3:]] = {
            node.attr
            for node in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", code, flags=re.M)))
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "plot"
        }
    figures = list((LAB / "plot").glob("[a-z]*.py"))
    users = [*figures, *files(LAB / "explore", ROOT / "scripts"), LAB / "first_run.py"]
    for file in figures:
        beside = "\n".join(user.read_text() for user in users if user != file)
        for name in (node.name for node in public_functions(file)):
            lessons = [lesson for lesson, names in used.items() if name in names]
            if file.stem in LESSONS:
                assert lessons == [file.stem], f"{name} in {file.name} is used in {lessons}"
            elif file.stem not in ("style", "videos") and len(lessons) < 2:
                assert name in beside, f"{name} is used in {lessons} alone"


def test_procedural_datasets_come_through_entry_points():
    offered = {point.name: point.value for point in entry_points(group="ccsav.datasets")}
    ours = {name for name, value in offered.items() if value.startswith("ccsav_lab.")}
    sounds = {"sounds-heldout", "sounds-trained", "sounds-families", "spoof", "recordings"}
    mixtures = {f"mixtures-{kind}" for kind in ("heldout", "trained", "recordings")}
    assert ours == {*sounds, *mixtures, "videos", "videos-heldout"}


@pytest.mark.parametrize("name", ccsav.__all__)
def test_public_names_are_documented_with_an_example(name):
    text = getattr(ccsav, name).__doc__
    assert "\nExamples\n" in "\n".join(line.strip() for line in text.splitlines()), name
    assert ">>>" in text
    if len(inspect.signature(getattr(ccsav, name)).parameters) > 1:
        assert "Parameters\n" in text
