"""The README and the documents beside it, for the tests that hold them against the program."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

DOCUMENTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        ROOT / "SECURITY.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    )
}
"""Every document by its path from the root."""

README = DOCUMENTS["README.md"]


def document(name: str) -> str:
    """One of `docs/`, by its name there."""
    return DOCUMENTS[f"docs/{name}"]


def fenced(text: str, language: str) -> list[str]:
    """The examples of a document that are in one language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def between(text: str, begin: str, end: str) -> str:
    """What stands between a comment that begins so and another."""
    return text[text.index(begin) : text.index(end)].split("\n", 1)[1]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables in a text, headings included."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def first_column(text: str) -> list[str]:
    """What stands in backticks in the first cell of every row."""
    return [name for row in rows(text) for name in re.findall(r"`([^`]+)`", row[0])]


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next of its level."""
    level = heading.partition(" ")[0]
    body = text.split(f"\n{heading}\n", 1)[1]
    return re.split(rf"\n{level} ", body, maxsplit=1)[0]


def slug(heading: str) -> str:
    """The anchor that a heading has on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Every anchor of a document."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", prose, re.MULTILINE)}
