"""What docs/promises.md says is held by tests that exist."""

import re

from tests import ROOT


def test_every_promise_names_tests_that_exist():
    text = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if "test_" in line]
    assert len(rows) >= 16
    for row in rows:
        held = row.split(" | ")[-1]
        assert re.findall(r"`(test_\w+\.py)`: ", held), row
        for part in re.split(r"; (?=`test_\w+\.py`)", held):
            name, *tests = re.findall(r"`(test_\w+(?:\.py)?)`", part)
            sources = [f.read_text(encoding="utf-8") for f in (ROOT / "tests").glob(f"**/{name}")]
            assert tests, row
            for test in tests:
                assert any(f"def {test}(" in text for text in sources), f"{name} has no {test}"
