"""Tables in Markdown, and documents that have them between markers."""

import re


def difference(entry: dict, value: str, interval: str) -> str:
    """In points, with its 95 % interval."""
    return f"{100 * entry[value]:+.1f} ± {100 * entry[interval]:.1f}"


def markdown(head: list, rows: list[list]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def written(document: str, blocks: dict[str, str]) -> str:
    """A document with every block between its markers replaced; `ValueError` if a marker is not
    there exactly once.
    """
    for name, text in blocks.items():
        document, found = re.subn(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
            lambda match, text=text: f"{match[1]}{text}\n{match[2]}",
            document,
            flags=re.S,
        )
        if found != 1:
            raise ValueError(f"there must be one block <!-- {name} --> … <!-- /{name} -->.")
    return document
