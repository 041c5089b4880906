"""No text that can reach a person has a word that there is a plainer one for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from console.cli import COMMANDS, cli

ROOT = Path(__file__).parents[3]

PACKAGES = ("console", "sync", "store")

INSTEAD = {
    r"\bbeliev\w*": "accept",
    r"\banew\b": "retry, or: again",
    r"\bafresh\b": "again",
    r"(?<!there )\b(is|are|was) no (?!longer\b)\w+": "X is not a …",
    r"\bis none\b": "X is not a …",
    r"\bknown are\b": "known: a, b",
    r"\bset aside\b": "quarantined",
    r"\bheard\b": "reported",
    r"\b(told|tells?|telling)\b": "says, shows, reports, lists",
    r"\b(its|their|own|whose) word\b": "reading, report",
    r"\bover there\b": "on the channel's side",
    r"\bby hand\b": "manually, yourself",
    r"\bhad them\b": "say what happened to it",
    r"\bit is of\b": "it belongs to, it is about",
    r"\bin one piece\b": "grouping off",
    r"\bdecidable\b": "wait until 14:12Z",
    r"\bfor people\b": "needs manual action",
    r"\bvoid\b": "not changed, not found, expired",
    r"\bthere is no such\b": "#99 not found",
    r"\bis there already\b": "exists already",
    r"\breckon\w*": "calculate",
    r"\b1 units\b": "1 unit",
}
"""An old word, and what is said instead."""

ANY_OLD_WORD = re.compile("|".join(f"(?:{word})" for word in INSTEAD), re.IGNORECASE)

KEPT = {
    "asked anew": "the step's name in caches of every version; the timeline writes `retried`",
    "believe": "the former name of the action `accept`, for operators' own keys",
    "heard": "a key in the JSON of `skew check`",
}
"""Words of data, which never change, and why."""


SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE FROM|WHERE|CREATE)\b")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module that is not a docstring, with its line; `{}` for what is filled in.

    A string that stands by itself is a docstring, of a module, a function or a field.
    """
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    silent: set[ast.AST] = set()
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            silent.update(node.values)
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent:
            yield node.lineno, node.value


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def old_words(path: Path) -> list[str]:
    """Each old word with its line and what is said instead."""
    return [
        f"{path.relative_to(ROOT)}:{line}: {found[0]!r} in {text[:80]!r}; say: {instead}"
        for line, text in texts(path)
        if ANY_OLD_WORD.search(text) and text not in KEPT and not SQL.search(text)
        for word, instead in INSTEAD.items()
        if (found := re.search(word, text, re.IGNORECASE))
    ]


@pytest.mark.long
def test_no_text_has_an_old_word() -> None:
    assert [found for path in modules() for found in old_words(path)] == []


def test_helps_have_no_old_word() -> None:
    """A command's docstring is its help, so it reaches a person too."""
    context = click.Context(cli)
    helps = {
        name: command.get_help(click.Context(command, info_name=name))
        for name in COMMANDS
        if (command := cli.get_command(context, name)) is not None
    }
    found = {
        (name, match[0])
        for name, text in helps.items()
        for word in INSTEAD
        if (match := re.search(word, text, re.IGNORECASE))
    }
    assert found == set()
