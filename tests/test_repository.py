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

from tests import ROOT

ON_DEMAND = {"soundata"}  # extras that are large, and that `make setup` leaves out
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


def test_the_three_ways_to_install_ask_for_the_same(wanted):
    extras = set(project()["optional-dependencies"]) - ON_DEMAND
    for file in ("Makefile", "README.md"):
        (named,) = re.findall(r"--editable \"\.\[(.*?)\]\"", (ROOT / file).read_text())
        assert set(named.split(",")) == extras
    wanted = {name: specifier for name, specifier in wanted.items() if name not in ON_DEMAND}
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


def imported(package):
    """The distributions that a package of ours imports, anywhere in it."""
    found = set()
    for file in (ROOT / "src" / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    found -= set(sys.stdlib_module_names) | {"ccsav", "ccsav_lab"}
    names = {"sklearn": "scikit-learn", "IPython": "ipython", "PIL": "pillow"}
    return {canonicalize_name(names.get(name, name)) for name in found}


def test_what_is_imported_is_required():
    """Each package of ours requires what it imports; the library requires nothing else."""
    needed = set(requirements(project()["dependencies"]))
    extras = {k: set(requirements(v)) for k, v in project()["optional-dependencies"].items()}
    assert needed <= imported("ccsav") <= needed | extras["huggingface"] | extras["soundata"]
    assert imported("ccsav_lab") <= needed | extras["lab"] | extras["video"]


def test_nothing_unsafe_is_used():
    text = "\n".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    for word in ("pickle", "torch.load", "trust_remote_code=True", "eval("):
        assert word not in text.replace(".eval()", ""), word


def loads_without_refusing_code(tree):
    """Lines that use a `from_pretrained` of transformers, but not with `trust_remote_code=False`.

    Each use must be a call, or the first argument of `partial`, with that keyword written out.
    """
    refusing = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        value = keywords.get("trust_remote_code")
        if isinstance(value, ast.Constant) and value.value is False:
            refusing.add(call.func)
            if ast.unparse(call.func) == "partial":
                refusing.add(call.args[0])
    uses = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "from_pretrained"
    ]
    torch_s_own = "nn.Embedding.from_pretrained"  # makes a layer of given weights
    return [n.lineno for n in uses if n not in refusing and ast.unparse(n) != torch_s_own]


def test_code_that_comes_with_a_model_is_refused_wherever_one_is_loaded():
    assert loads_without_refusing_code(ast.parse("A.from_pretrained(x, **options)"))
    assert loads_without_refusing_code(ast.parse("load = A.from_pretrained"))
    assert loads_without_refusing_code(ast.parse("A.from_pretrained(x, trust_remote_code=y)"))
    for file in (ROOT / "src").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert loads_without_refusing_code(tree) == [], file


def test_nothing_that_does_not_work_beside_the_small_torch_is_imported():
    text = "\n".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    assert not re.search(r"^\s*(import|from) (torchaudio|torchvision|torchcodec|timm)", text, re.M)


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
        weights = {"mini-lalm", "mini-omni", "small-lalm"} & set(file.parts)
        assert file.stat().st_size < (16_500_000 if weights else 1_500_000), file
        assert file.suffix not in (".wav", ".bin", ".pkl", ".pt"), file
        assert file.suffix != ".ogg" or "recordings" in file.parts, file


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
