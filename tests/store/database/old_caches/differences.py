"""Where today's answer to a question about an old cache is meant to be another than at its time.

Each is listed with the schema before which it is so, what it was and what it is, and why. Any other
difference is an error.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

ABSENT = "(absent)"
ORDER = "(order)"
ANYTHING = "(anything)"


class Difference(NamedTuple):
    """One that was found: of which command, where in its document, what it was and what it is."""

    command: str
    path: str
    old: Any
    new: Any


class Known(NamedTuple):
    """Differences that are meant: in caches of a schema below `before`."""

    before: int
    command: str
    path: str
    old: Any
    new: Any
    why: str

    def covers(self, found: Difference, schema: int) -> bool:
        return (
            schema < self.before
            and self.command == found.command
            and self.path == found.path
            and self.old in (ANYTHING, found.old)
            and (self.new in (ANYTHING, found.new) or _is_start(self.new, found.new))
        )


def _is_start(start: object, text: object) -> bool:
    is_open = isinstance(start, str) and start.endswith("…") and isinstance(text, str)
    return is_open and str(text).startswith(str(start)[:-1])


def _added(before: int, command: str, *paths: str) -> tuple[Known, ...]:
    why = f"a key that came with schema {before} or the code of its time"
    return tuple(Known(before, command, path, ABSENT, ANYTHING, why) for path in paths)


_FOUND_WHEN_ASKED = "a cause is not kept but found when it is asked for, and more are found today"
_MORE_REASONS = "why nothing is proposed is said since schema 11, where nothing was said before"
_BY_CHANNEL = """they stood in the order in which their listings had come into the cache, and since
schema 21 stand in that of the channels"""
_FROZEN = """the first Skew knew no second writer: the update that was set back again and again is
found when the cache is first opened, is frozen, and has an incident"""

KNOWN = (
    *_added(2, "history", ".conservation", ".thinned_before", ".entries[].from_state",
            ".entries[].to_state"),
    *_added(3, "status", ".channels[].unexplained_units"),
    *_added(4, "status", ".acknowledged", ".channels[].paused"),
    *_added(4, "diff", ".disagreements[].acknowledged", ".disagreements[].money_assumed",
            ".disagreements[].reason_code", ".disagreements[].update"),
    *_added(6, "status", ".writes_paused"),
    *_added(10, "status", ".channels[].warnings", ".uncounted", ".unreadable"),
    *_added(11, "accept", ".counts.anonymous", ".counts.new_refused",
            ".counts.uncounted"),
    *_added(12, "accept", ".counts.first"),
    *_added(12, "diff", ".uncounted"),
    *_added(16, "diff", ".disagreements[].reading.at_least"),
    *_added(16, "history", ".entries[].at_least"),
    *_added(16, "history --at", ".entries[].at_least",
            ".cells[].known.at_least", ".cells[].true.at_least"),
    *_added(17, "history", ".entries[].from_at_least"),
    *_added(17, "history --at", ".entries[].from_at_least"),
    *_added(16, "updates", ".updates[].from.at_least"),
    *_added(18, "status", ".channels[].last_full_at"),
    *_added(23, "status", ".approval_window"),
    *_added(24, "status", ".snoozed_or_rejected"),
    *_added(25, "status", ".ignored"),
    *_added(25, "diff", ".ignored", ".disagreements[].ignored"),
    *_added(24, "updates", ".updates[].reverts"),
    *_added(24, "accept", ".counts.jumped"),
    *(Known(16, "diff", f".disagreements[].cause.{key}", ANYTHING, ANYTHING, _FOUND_WHEN_ASKED)
      for key in ("kind", "confidence", "evidence")),
    *(Known(11, "diff", ".disagreements[].reason", "", reason, _MORE_REASONS)
      for reason in ("only observed", "frozen")),
    *(Known(11, "diff", ".disagreements[].reason_code", None, reason, _MORE_REASONS)
      for reason in ("observed", "frozen")),
    Known(21, "history", ".conservation", ORDER, ORDER, _BY_CHANNEL),
    Known(21, "history --at", ".conservation", ORDER, ORDER, _BY_CHANNEL),
    Known(21, "history --at", ".cells", ORDER, ORDER, _BY_CHANNEL),
    Known(4, "diff", ".disagreements", ORDER, ORDER,
          "of two that cost as much, the longer open one comes first since schema 4"),
    Known(2, "updates", ".updates", ORDER, ORDER,
          "the newest decision came first, and since schema 2 what waits for a person"),
    Known(2, "status", ".incidents", 3, 4, _FROZEN),
    Known(2, "status", ".updates.proposed", 35, 34, _FROZEN),
    Known(2, "status", ".updates.superseded", 27, 28, _FROZEN),
    Known(2, "updates", ".updates[].status", "proposed", "superseded", _FROZEN),
    Known(2, "updates", ".updates[].version", 1, 2, _FROZEN),
    Known(2, "updates", ".updates[].result", None, "frozen: update #55 set it from 55 to 7, and…",
          _FROZEN),
)  # fmt: skip


def unexpected(schema: int, command: str, old: Any, new: Any) -> list[Difference]:
    """What differs between two answers to a command and is not known to."""
    return [
        found
        for found in _differences(command, old, new, "")
        if not any(known.covers(found, schema) for known in KNOWN)
    ]


def _differences(command: str, old: Any, new: Any, path: str) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key in old and key in new:
                yield from _differences(command, old[key], new[key], f"{path}.{key}")
            else:
                yield Difference(
                    command, f"{path}.{key}", old.get(key, ABSENT), new.get(key, ABSENT)
                )
    elif isinstance(old, list) and isinstance(new, list):
        yield from _in_lists(command, old, new, path)
    elif old != new:
        yield Difference(command, path, old, new)


def _by_id(row: dict[str, Any]) -> object:
    return row.get("id")


def _by_place(row: dict[str, Any]) -> object:
    """What tells a listing of a SKU from its others, where it is no entry of a timeline."""
    is_listing = "channel" in row and "location" in row and "at" not in row
    return (row["location"], row["channel"]) if is_listing else None


def _in_lists(command: str, old: list[Any], new: list[Any], path: str) -> Iterator[Difference]:
    if len(old) != len(new):
        yield Difference(command, path, len(old), len(new))
        return
    for name in (_by_id, _by_place):
        if all(isinstance(row, dict) and name(row) is not None for row in (*old, *new)):
            if [name(row) for row in old] != [name(row) for row in new]:
                yield Difference(command, path, ORDER, ORDER)
            old, new = (sorted(rows, key=lambda row: str(name(row))) for rows in (old, new))
            break
    for before, now in zip(old, new, strict=True):
        yield from _differences(command, before, now, f"{path}[]")
