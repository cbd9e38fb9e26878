"""The repository's promises about itself."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ccsav.lalm.families import FAMILIES
from tests import ROOT

NEEDED = {"jupyterlab", "torch", "transformers", "matplotlib", "seaborn", "ipywidgets", "numpy"}


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements(lines):
    parsed = map(Requirement, lines)
    return {canonicalize_name(r.name): r.specifier for r in parsed}


@pytest.fixture
def wanted():
    """All that pyproject.toml asks for."""
    lines = [*project()["dependencies"]]
    for extra in project()["optional-dependencies"].values():
        lines += extra
    assert len(requirements(lines)) == len(lines)
    return requirements(lines)


def test_environment_asks_for_the_same(wanted):
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda, pip = environment["dependencies"][:-1], environment["dependencies"][-1]["pip"]
    assert conda == [f"python{project()['requires-python']}", "pip"]
    assert pip[:2] == ["--constraint constraints.txt", "--editable ."]
    assert requirements(pip[2:]) == wanted
    assert set(wanted) >= NEEDED


def test_constraints_pin_everything_within_its_range(wanted):
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = requirements(line for line in lines if not line.startswith("#"))
    for name, specifier in pins.items():
        assert re.fullmatch(r"==[\w.]+", str(specifier)), f"{name} is not pinned: {specifier}"
    assert set(wanted) <= set(pins)
    for name, specifier in wanted.items():
        version = str(pins[name]).removeprefix("==")
        assert specifier.contains(version), f"{name}=={version} is not {specifier}"


def test_what_is_imported_is_asked_for():
    """Every package that the library imports is a dependency of its own, and none is idle."""
    imported = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    imported -= set(sys.stdlib_module_names) | {"ccsav"}
    names = {"sklearn": "scikit-learn", "IPython": "ipython", "PIL": "pillow"}
    imported = {canonicalize_name(names.get(name, name)) for name in imported}
    needed = set(requirements(project()["dependencies"]))
    assert needed <= imported
    assert imported - needed <= set(requirements(project()["optional-dependencies"]["video"]))


def test_nothing_unsafe_is_used():
    text = "\n".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    for word in ("pickle", "torch.load", "trust_remote_code", "eval("):
        assert word not in text.replace("self.model.eval()", "").replace(".eval()", ""), word


def test_nothing_that_does_not_work_beside_the_small_torch_is_imported():
    text = "\n".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    assert not re.search(r"^\s*(import|from) (torchaudio|torchvision|torchcodec|timm)", text, re.M)


def test_modules_import_only_what_stands_before_them():
    order = re.findall(r"`(\w+)`", re.search(r"read in this order: (.*)\|", README)[1])
    source = ROOT / "src" / "ccsav"
    found = {file.stem for file in source.iterdir() if not file.name.startswith("__")}
    assert set(order) == found
    for position, name in enumerate(order):
        files = (
            [source / f"{name}.py"]
            if (source / f"{name}.py").exists()
            else source.glob(f"{name}/*.py")
        )
        text = "\n".join(file.read_text() for file in files)
        used = set(re.findall(r"^from ccsav\.(\w+) import", text, flags=re.M))
        for names in re.findall(r"^from ccsav import (.*)$", text, flags=re.M):
            used |= {part.split(" as ")[0].strip() for part in names.split(",")}
        assert used <= set(order[:position]), name


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_lists_every_family_as_it_is():
    rows = re.findall(r"^\| (.+?) \| .+ \|$", README, flags=re.M)
    table = {}
    for family in set(FAMILIES.values()):
        (row,) = re.findall(rf"^\| {re.escape(family.name)} \| (.*) \|$", README, flags=re.M)
        hub, heads, longest, batch, padding, sees, *checked, on = row.split(" | ")
        table[family.name] = hub
        assert "/" in hub
        assert heads == ", ".join(site.kind for site in family.sites)
        assert family.window in (None, float(longest.removesuffix(" s")))
        assert batch == ("one length" if family.equal_lengths else "any lengths")
        assert padding == ("masked, cut" if family.masks_padding else "heard")
        assert checked == ["yes", "yes"] and "tiny" in on  # test_families.py runs on every family
        assert (sees == "no") == (family.video_inputs is None)
    assert len(table) == len(set(table.values())) and set(table) <= set(rows)


def test_readme_tables_are_up_to_date():
    assert script("write_readme_tables").written(README) == README


def test_readme_tables_follow_the_results():
    tables = script("write_readme_tables")
    run = json.loads((ROOT / "figures" / "results.json").read_text())[tables.RUN]
    first = run["accuracy"][0]
    assert f"{100 * first['mean']:.1f} ± {100 * first['interval']:.1f}" in README
    first["mean"] += 0.1
    assert tables.accuracy_table(run) not in README


def test_links_of_the_documents_lead_somewhere():
    for name in ("README.md", "CONTRIBUTING.md"):
        links = re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8"))
        for link in links:
            assert link.startswith("https://") or (ROOT / link).exists(), f"{name}: {link}"


def test_citation():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == project()["version"]
    assert citation["license"] == project()["license"]
    numbers = [r["url"].rsplit("/", 1)[1] for r in citation["references"]]
    assert numbers == ["2602.07077", "2412.00142"]


def test_no_large_files_and_nothing_of_shared_are_tracked():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    for file in (f for f in files if f.is_file()):
        assert file.stat().st_size < 1_500_000 or "mini-lalm" in file.parts, file
        assert file.suffix not in (".wav", ".ogg", ".bin", ".pkl", ".pt"), file


def notebook(**changes):
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": "", "outputs": []}
    return json.dumps({"cells": [{"cell_type": "markdown"}, cell | changes]})


def test_notebook_check_refuses_what_it_should():
    problems = script("check_notebooks").problems
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'"}
    assert problems(notebook()) == []
    assert "KeyError" in problems(notebook(outputs=[error]))[0]
    tagged = {"tags": ["raises-exception"]}
    assert problems(notebook(outputs=[error], metadata=tagged)) == []
    warning = {"output_type": "stream", "name": "stderr", "text": ["careful"]}
    assert "careful" in problems(notebook(outputs=[warning]))[0]
    path = {"output_type": "stream", "name": "stdout", "text": ["in /home/ann/x"]}
    assert "machine path" in problems(notebook(outputs=[path]))[0]
    assert "top to bottom" in problems(notebook(execution_count=3))[0]
    assert "bytes" in problems(notebook(source="x" * 2_000_000))[0]


def test_notebooks():
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        assert script("check_notebooks").problems(file.read_text(encoding="utf-8")) == [], file


def cells(part):
    """Mean accuracies of results.json's study: {(task, heads, shots): {method: mean}}."""
    found = {}
    for cell in json.loads((ROOT / "figures" / "results.json").read_text())[part]["cells"]:
        key = cell["task"], cell["heads"], cell["shots"]
        found.setdefault(key, {})[cell["method"]] = cell["mean"]
    return found


def test_what_readme_says_of_the_methods():
    study = cells("methods-real")
    assert len(study) == 30
    single = {}
    for (task, _, shots), methods in study.items():
        others = {m: a for m, a in methods.items() if " head" in m and ", " in m}
        others |= {m: methods[m] for m in ("SAV", "paper")}
        assert len(others) == 12 - 2 * (shots == 1)
        assert abs(methods["weights averaged over classes"] - methods["default"]) < 0.005
        assert methods["default"] > max(others.values()) - 0.01
        if shots == 1:
            single.setdefault(task, []).append(others | {"untold": methods["groups not told"]})
    for methods in single["digits"]:
        assert "best head" in max(methods, key=methods.get)
        assert 0.02 < max(methods.values()) - methods["untold"] < 0.04
    for methods in single["speaker"]:
        assert "best head" in min(methods, key=methods.get)
    course = cells("methods-mini")
    for (task, _, shots), methods in course.items():
        if task == "sounds-heldout":
            gap = methods["logistic regression, all heads"] - methods["default"]
            assert -0.005 < gap < 0.025
            if shots >= 5:
                assert 0.025 < methods["default"] - methods["paper"] < 0.055
        else:  # support and queries differ in kind
            assert -0.005 < methods["nearest prototype, all heads"] - methods["default"] < 0.065
        if task == "spoof" and shots >= 5:
            assert methods["default"] > 0.6  # chance is 0.5
