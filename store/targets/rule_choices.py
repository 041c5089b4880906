"""Which of many rules is the first whose pattern matches a SKU, without trying one after the other.

A configuration may have a rule for each of twenty thousand SKUs. As arms of one CASE they would all
be tried for each listing.
"""

import re
import sqlite3
import threading
from collections.abc import Sequence
from fnmatch import translate

FUNCTION = "choice_of_rules"
"""The SQL function of (number of a list of choices, SKU): which choice, or NULL where none is."""

_WILD = re.compile(r"[*?\[]")
_Match = re.Pattern[str] | None


class FirstMatch:
    """Finds the first of many patterns that matches a text: as `fnmatchcase` and GLOB would."""

    # Patterns without a wildcard are one lookup; those that begin alike are tried together, and
    # what follows is only compared where that beginning is the text's own.
    def __init__(self, patterns: Sequence[str]) -> None:
        self._exact: dict[str, int] = {}
        self._by_start: dict[str, list[tuple[int, str]]] = {}
        self._compiled: dict[str, _Match] = {}
        self._none = len(patterns)
        for place, pattern in enumerate(patterns):
            wild = _WILD.search(pattern)
            if wild is None:
                self._exact.setdefault(pattern, place)
            else:
                start = pattern[: wild.start()]
                self._by_start.setdefault(start, []).append((place, pattern))
        self._lengths = sorted({len(start) for start in self._by_start})

    def find(self, text: str) -> int | None:
        """The place of the first pattern that matches."""
        best = self._exact.get(text, self._none)
        for length in self._lengths:
            if length > len(text):
                break
            for place, pattern in self._by_start.get(text[:length], ()):
                if place >= best:
                    break
                if self._matches(text, pattern, length):
                    best = place
                    break
        return best if best < self._none else None

    def _matches(self, text: str, pattern: str, start: int) -> bool:
        if pattern[start:] == "*":
            return True
        compiled = self._compiled.get(pattern)
        if compiled is None:
            compiled = self._compiled[pattern] = re.compile(translate(pattern))
        return compiled.match(text) is not None


class RuleChoices:
    """The lists of rules of one configuration, for `FUNCTION`. Made as they are asked for."""

    def __init__(self) -> None:
        self._matches: dict[tuple[str, ...], FirstMatch] = {}
        self._numbers: dict[tuple[tuple[str, ...], tuple[int, ...]], int] = {}
        self._lists: list[tuple[FirstMatch, tuple[int, ...]]] = []
        # A preview compiles on a reader's thread while the writer polls.
        self._lock = threading.Lock()

    def number(self, patterns: tuple[str, ...], choices: tuple[int, ...]) -> int:
        """Number a list of patterns and the choice that each leads to; the same list, the same."""
        with self._lock:
            number = self._numbers.get((patterns, choices))
            if number is None:
                if patterns not in self._matches:
                    self._matches[patterns] = FirstMatch(patterns)
                number = self._numbers[patterns, choices] = len(self._lists)
                self._lists.append((self._matches[patterns], choices))
            return number

    def register(self, connection: sqlite3.Connection) -> None:
        """Let a connection run the SQL that is made with these lists."""
        connection.create_function(FUNCTION, 2, self._choose, deterministic=True)

    def _choose(self, number: int, sku: str) -> int | None:
        first, choices = self._lists[number]
        place = first.find(sku)
        return None if place is None else choices[place]


def nested(call: str, expressions: Sequence[str], start: int = 0) -> str:
    """SQL for the one of the expressions whose number, from `start` on, `call` answers; or NULL."""
    # Parts of parts: as many arms as there are rules would be tried one after the other again. But
    # not halves of halves, for SQLite's parser takes a few levels only.
    if not expressions:
        return "NULL"
    size = 1
    while size * _ARMS_MAX < len(expressions):
        size *= _ARMS_MAX
    parts = [
        nested(call, expressions[first : first + size], start + first) if size > 1 else expression
        for first, expression in list(enumerate(expressions))[::size]
    ]
    arms = "".join(f" WHEN {number} THEN {part}" for number, part in enumerate(parts))
    return f"CASE ({call} - {start}) / {size}{arms} END"


_ARMS_MAX = 32
