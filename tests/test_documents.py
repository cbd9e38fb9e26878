"""README and docs: up to date with the results, true to the code, short where they should be."""

import json
import re
import sys

import pytest

from ccsav.lalm.families import FAMILIES
from tests import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import write_tables

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTS += sorted((ROOT / "data").glob("*/README.md"))
MOST_WORDS = 1_500  # of README
WORDS = ("specializ", "film", "nobody", "there for the taking", "none the wiser")


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_readme_is_short():
    assert len(README.split()) <= MOST_WORDS


@pytest.mark.parametrize("name", write_tables.tables())
def test_tables_are_up_to_date(name):
    text = text_of(name)
    assert write_tables.written(text, write_tables.tables()[name]) == text


def test_tables_follow_the_results():
    run = json.loads(text_of("figures/results.json"))[write_tables.RUN]
    first = run["accuracy"][0]
    results = text_of("docs/results.md")
    assert f"{100 * first['mean']:.1f} ± {100 * first['interval']:.1f}" in results
    first["mean"] += 0.1
    assert write_tables.accuracy_table(run) not in results


@pytest.mark.parametrize("name", ["methods-real", "methods-mini"])
def test_cells_stand_under_their_number_of_shots(name):
    study = json.loads(text_of("figures/results.json"))[name]
    head, _, *lines = write_tables.cells_table(study).splitlines()
    columns = [int(text.split()[0]) for text in re.findall(r"\d+ shots?", head)]
    shown = {}
    for line in lines:
        task, heads, *cells = line.strip("| ").split(" | ")
        shown |= {(task, heads, n): cell for n, cell in zip(columns, cells, strict=True)}
    for cell in study["cells"]:
        if cell["method"] == "CCSAV":
            text = shown.pop((cell["task"], cell["heads"], cell["shots"]))
            assert text.startswith(f"{100 * cell['mean']:.1f} ± {100 * cell['interval']:.1f} ")
    assert not shown


def test_a_missing_marker_is_an_error():
    with pytest.raises(ValueError, match="one block <!-- mini -->"):
        write_tables.written("no marker", {"mini": "table"})


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file):
    for link in re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8")):
        assert link.startswith("https://") or (file.parent / link).exists(), link


def test_targets_of_the_documents_exist():
    targets = set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), flags=re.M))
    for file in DOCUMENTS:
        text = file.read_text(encoding="utf-8")
        named = set(re.findall(r"^make ([a-z-]+)", text, flags=re.M))
        named |= set(re.findall(r"`make ([a-z-]+)", text))
        assert named <= targets, file


def test_families_are_listed_as_they_are():
    text = text_of("docs/families.md")
    hubs = {}
    for family in set(FAMILIES.values()):
        (row,) = re.findall(rf"^\| {re.escape(family.name)} \| (.*) \|$", text, flags=re.M)
        hub, heads, longest, batch, padding, video, *checked, tested_on = row.split(" | ")
        hubs[family.name] = hub
        assert "/" in hub
        assert heads == ", ".join(site.kind for site in family.sites)
        assert family.window in (None, float(longest.removesuffix(" s")))
        assert batch == ("one length" if family.equal_lengths else "any lengths")
        assert padding == ("masked, cut" if family.masks_padding else "read")
        assert checked == ["yes", "yes"] and "tiny" in tested_on  # by test_families.py
        assert (video == "no") == (family.video_inputs is None)
    assert len(hubs) == len(set(hubs.values()))


def test_plain_words_in_code_and_documents():
    sources = [
        file for part in ("src", "scripts", "benchmarks") for file in ROOT.glob(f"{part}/**/*.py")
    ]
    for file in [*sources, *DOCUMENTS]:
        text = file.read_text(encoding="utf-8").lower()
        assert not [word for word in WORDS if word in text], file


def cells(part):
    """Mean accuracies of results.json's study: {(task, heads, shots): {method: mean}}."""
    found = {}
    for cell in json.loads(text_of("figures/results.json"))[part]["cells"]:
        key = cell["task"], cell["heads"], cell["shots"]
        found.setdefault(key, {})[cell["method"]] = cell["mean"]
    return found


def test_what_results_says_of_the_methods():
    study = cells("methods-real")
    assert len(study) == 30
    single = {}
    for (task, _, shots), methods in study.items():
        others = {m: a for m, a in methods.items() if " head" in m and ", " in m}
        others |= {m: methods[m] for m in ("SAV", "CALM", "HEC")}
        assert len(others) == 14 - 2 * (shots == 1)
        assert abs(methods["weights averaged over classes"] - methods["CCSAV"]) < 0.005
        if shots == 1:
            single.setdefault(task, []).append(others | {"given": methods["groups given"]})
        else:
            assert methods["CCSAV"] > max(others.values()) - 0.02
        if shots >= 10:
            assert abs(methods["groups given"] - methods["CCSAV"]) < 0.02
    for methods in single["digits"]:
        assert "best head" in max(methods, key=methods.get)
    for methods in single["speaker"]:
        assert "best head" in min(methods, key=methods.get)


def test_what_results_says_of_unlabelled_clips():
    gains = {}
    for part in ("methods-real", "methods-mini"):
        for entry in json.loads(text_of("figures/results.json"))[part]["unlabelled"]:
            gains.setdefault(entry["task"], []).append(entry["gain"])
    assert min(gains["esc10"] + gains["digits"] + gains["sounds-heldout"]) > 0.03
    assert min(gains["speaker"]) > -0.01


def test_what_results_says_of_the_courses_tasks():
    for (task, _, shots), methods in cells("methods-mini").items():
        if task == "sounds-heldout":
            gap = methods["logistic regression, all heads"] - methods["CCSAV"]
            assert -0.005 < gap < 0.025
            if shots >= 5:
                assert 0.025 < methods["CCSAV"] - methods["CALM"] < 0.055
        else:  # support and queries differ in kind
            simple = ("nearest prototype, all heads", "CALM", "SAV")
            assert -0.005 < max(methods[name] for name in simple) - methods["CCSAV"] < 0.035
        if task == "spoof" and shots >= 5:
            assert methods["CCSAV"] > 0.6  # chance is 0.5
