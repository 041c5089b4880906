"""The operator's SQL as text: one statement, the placeholders in it, its first word. Pure.

SQLAlchemy's own `text` finds placeholders inside quoted text, too: `'at 12 :30'`. So every colon
that is none of ours is escaped for it here.
"""

import re
from dataclasses import dataclass

from sync.values import quoted

_PARTS = re.compile(
    r"""
      (?P<text>'(?:[^']|'')*')
    | (?P<apart>"(?:[^"]|"")*" | `[^`]*` | --[^\n]* | /\*(?!!).*?\*/
        | \$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$)
    | (?<![:\w\\]):(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<end>;)
    | (?P<open>['"`]|/\*)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"--[^\n]*(?:\n|$)|/\*.*?\*/", re.DOTALL)
_FIRST_WORD = re.compile(r"[\s(]*([A-Za-z]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement, ready for SQLAlchemy's `text`."""

    text: str
    """Its colons escaped, but for those of the placeholders."""
    placeholders: frozenset[str]
    """Their names, without the colon."""
    first_word: str
    """SELECT, UPDATE …, in capitals; empty where it begins with no word."""


def statement(written: str) -> Statement:
    """Take one statement apart. Raises ValueError with a reason that can follow its key."""
    names: set[str] = set()
    pieces: list[str] = []
    last = 0
    whole = written.strip().rstrip(";").rstrip()
    for part in _PARTS.finditer(whole):
        pieces.append(_escaped(whole[last : part.start()]))
        last = part.end()
        if part["end"]:
            raise ValueError("must be one statement: it has a `;` with more after it")
        if part["open"]:
            what = "a comment that is never closed" if part["open"] == "/*" else "an open quote"
            raise ValueError(f"has {what}, at {quoted(whole[part.start() :])}")
        if part["text"] and "\\'" in part["text"]:
            # MySQL takes it for a quote that goes on and the standard for one that ends here: what
            # is text for one of them is SQL for the other.
            raise ValueError("has a backslash before a quote: write '' for a quote in a text")
        if part["name"]:
            names.add(part["name"])
            pieces.append(part[0])
        else:
            pieces.append(_escaped(part[0]))
    pieces.append(_escaped(whole[last:]))
    word = _FIRST_WORD.match(_COMMENT.sub(" ", whole))
    return Statement("".join(pieces), frozenset(names), word[1].upper() if word else "")


def _escaped(text: str) -> str:
    return text.replace(":", "\\:")
