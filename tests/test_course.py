"""The course as a whole: how long it takes, and where its question is answered."""

import re

import nbformat
import pytest

from tests import ROOT

FILES = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
OPENINGS = {file.stem[:2]: nbformat.read(file, 4).cells[0].source for file in FILES}


def test_the_quickstart_states_the_time_of_all_lessons():
    minutes = [int(re.search(r"\*\*Time\*\*\D*(\d+)", text)[1]) for text in OPENINGS.values()]
    assert f"about {round(sum(minutes) / 60)} hours" in " ".join(OPENINGS["00"].split())


@pytest.mark.parametrize("number", ["02", "03", "04", "05", "06", "11", "12"])
def test_the_recap_says_where_the_question_stands(number):
    (file,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    (recap,) = (
        " ".join(c.source.split()) for c in nbformat.read(file, 4).cells if "## Recap" in c.source
    )
    assert "**Where the question stands**" in recap or "**Where the question stands.**" in recap
    assert "In the committed run: *" in recap
