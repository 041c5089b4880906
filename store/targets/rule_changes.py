"""Which SKUs a change of rules can touch, and which items those are, without a look at the others.

A rule applies to the SKUs that its pattern is the first to match. So a SKU that matches none of the
patterns that came, went, moved or lead elsewhere has the rule that it had.
"""

import re
import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import msgspec

from store.targets.policy_sql import MANY, PolicySql

EVERY_SKU = "*"

_WILD = re.compile(r"[*?\[]")
_CODE_POINT_MAX = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)

WORK_TABLE = "CREATE TEMP TABLE IF NOT EXISTS matching (item_id INTEGER PRIMARY KEY)"

_MATCHING = "INSERT OR IGNORE INTO matching SELECT i.id FROM items i WHERE i.sku >= :low"


def changed(
    before: Iterable[tuple[str, object]], after: Iterable[tuple[str, object]]
) -> tuple[str, ...]:
    """The patterns whose SKUs can have another rule than before: of (pattern, rule) in order.

    Every SKU whose first match has changed matches at least one of them. Only `EVERY_SKU`, where it
    is one of them.
    """
    old, new = _reachable(before), _reachable(after)
    places = {pattern: place for place, pattern in enumerate(old)}
    same = [pattern for pattern, rule in new.items() if pattern in old and old[pattern] == rule]
    kept = _rising(same, [places[pattern] for pattern in same])
    found = tuple(pattern for pattern in {**old, **new} if pattern not in kept)
    return (EVERY_SKU,) if EVERY_SKU in found else found


def _reachable(rules: Iterable[tuple[str, object]]) -> dict[str, object]:
    """The rules that some SKU can come to, by pattern: the first of each, and none after all."""
    found: dict[str, object] = {}
    for pattern, rule in rules:
        found.setdefault(pattern, rule)
        if pattern == EVERY_SKU:
            break
    return found


def _rising(patterns: Sequence[str], places: Sequence[int]) -> set[str]:
    """As many of the patterns as stand in the order of their places: those that have not moved."""
    # The longest rising part, by the lowest place that a part of each length ends with.
    ends: list[int] = []
    ending: list[int] = []
    before: list[int | None] = []
    for number, place in enumerate(places):
        length = bisect_left(ends, place)
        before.append(ending[length - 1] if length else None)
        if length == len(ends):
            ends.append(place)
            ending.append(number)
        else:
            ends[length], ending[length] = place, number
    kept = set()
    last = ending[-1] if ending else None
    while last is not None:
        kept.add(patterns[last])
        last = before[last]
    return kept


class SkuRange(msgspec.Struct, frozen=True):
    """The SKUs from `low` up to, and without, `high`; None: up to the last."""

    low: str
    high: str | None
    patterns: tuple[str, ...]
    """What is to be tried on them: nothing outside matches any of these."""


def ranges(patterns: Iterable[str]) -> list[SkuRange]:
    """Where the SKUs are that match one of the patterns: ranges that do not meet."""
    # In the order of the literal beginnings, one that another begins with comes after it.
    found: list[SkuRange] = []
    for start, pattern in sorted((beginning(pattern), pattern) for pattern in set(patterns)):
        if found and start.startswith(found[-1].low):
            last = found[-1]
            found[-1] = SkuRange(last.low, last.high, (*last.patterns, pattern))
        else:
            found.append(SkuRange(start, _after(start), (pattern,)))
    return found


def beginning(pattern: str) -> str:
    """What each SKU that matches the pattern begins with."""
    wild = _WILD.search(pattern)
    return pattern if wild is None else pattern[: wild.start()]


def _after(start: str) -> str | None:
    """The first text after all that begin with `start`, in the order of their code points."""
    while start:
        next_point = ord(start[-1]) + 1
        if next_point in _SURROGATES:
            next_point = _SURROGATES.stop
        if next_point <= _CODE_POINT_MAX:
            return start[:-1] + chr(next_point)
        start = start[:-1]
    return None


def note_matching(
    connection: sqlite3.Connection, compiled: PolicySql, patterns: Sequence[str]
) -> None:
    """Fill the temporary table `matching` with the items whose SKU matches any of the patterns.

    Goes through the SKUs with a pattern's literal beginning, and through all of them where it has
    none; through none of them twice.
    """
    connection.execute(WORK_TABLE)
    connection.execute("DELETE FROM matching")
    exact = [pattern for pattern in patterns if _WILD.search(pattern) is None]
    connection.executemany(
        # GLOB ends a text at a zero byte.
        f"{_MATCHING} AND i.sku < :low || char(1) AND i.sku GLOB :low",
        [{"low": pattern} for pattern in exact],
    )
    wild = ranges(set(patterns).difference(exact))
    if any(len(found.patterns) > MANY for found in wild):
        compiled.rules.register(connection)
    for found in wild:
        sql = PolicySql(compiled.terms, compiled.ids, compiled.rules)
        matches = sql.matches(found.patterns)
        # An upper bound is compared with each SKU, and that of the usual catalogue is beyond all.
        beyond = "SELECT 1 FROM items WHERE sku >= ? LIMIT 1"
        below = ""
        if found.high is not None and connection.execute(beyond, (found.high,)).fetchone():
            below = "AND i.sku < :high"
        connection.execute(
            f"{_MATCHING} {below} AND {matches}",
            sql.values | {"low": found.low, "high": found.high},
        )
