"""Refuse notebooks with errors, warnings, machine paths, gaps in execution, or too many bytes.

python scripts/check_notebooks.py notebooks/*.ipynb
"""

import json
import re
import sys
from pathlib import Path

MOST_BYTES = 1_500_000
MACHINE_PATH = re.compile(r"/(?:home|Users|root|tmp|work|private)/\w|[A-Z]:\\\\?\w")


def problems(text: str) -> list[str]:
    """The problems of a notebook, given as the text of its file; one sentence each."""
    found = []
    if len(text.encode()) > MOST_BYTES:
        found.append(f"{len(text.encode()):,} bytes: at most {MOST_BYTES:,}")
    code = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in code]
    if counts != list(range(1, len(code) + 1)):
        found.append(f"not executed once from top to bottom: execution counts {counts}")
    for number, cell in enumerate(code, start=1):
        deliberate = "raises-exception" in cell["metadata"].get("tags", [])
        for output in cell["outputs"]:
            if output["output_type"] == "error" and not deliberate:
                found.append(f"code cell {number}: {output['ename']}: {output['evalue']}")
            if output.get("name") == "stderr":
                found.append(f"code cell {number}: stderr: {''.join(output['text'])[:100]!r}")
            if match := MACHINE_PATH.search(json.dumps(output.get("text", output.get("data")))):
                found.append(f"code cell {number}: a machine path: {match[0]}…")
    return found


def main() -> None:
    """Check the files named on the command line; exit 1 if any has a problem."""
    lines = [
        f"{file}: {problem}"
        for file in sys.argv[1:]
        for problem in problems(Path(file).read_text(encoding="utf-8"))
    ]
    sys.exit("\n".join(lines) or 0)


if __name__ == "__main__":
    main()
