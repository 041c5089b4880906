"""Events from a file of JSON lines: each line is taken, or refused with its number and reason.

It needs no engine and disturbs none: it is a series of short transactions.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, NamedTuple

from store.database.connection import Database
from store.event_kinds import Event
from store.model import Millis
from store.polling import events
from store.polling.comparison import Comparison
from sync import values
from sync.channels import event_decoding

LINE_BYTES_MAX = 64 * 1024
LINES_AT_ONCE = 250
"""In one transaction: the cache is free for others in between."""

LINE_PASSED_MAX = 1024 * 1024 * 1024
"""How much of a line that is too long is skipped: a device may have no end of line at all."""

REFUSED_MAX = 10_000
"""A file with more bad lines than this is not a file of events: it is not read to its end."""

FIELDS = ("channel", *event_decoding.FIELDS)

Translate = Callable[[str, Event], Event]
"""A channel and its event in the channel's own names → the event in ours."""


class BadLine(NamedTuple):
    line: int
    """Counted from 1."""
    reason: str


@dataclass(slots=True)
class EventImport:
    """What became of a file."""

    taken: int = 0
    repeats: int = 0
    """Those that were known already, with the same content: no fault."""
    conflicts: int = 0
    """Those that were known with other content: the first stands. They are among the refused."""
    refused: list[BadLine] = field(default_factory=list)
    stopped_at: int | None = None
    """The line at which reading stopped, where too many were refused or one had no end."""


class _Line(NamedTuple):
    number: int
    channel: str
    event: Event


def untranslated(_channel: str, event: Event) -> Event:
    """Leave an event as it is: the channel's names are ours."""
    return event


def import_events(
    database: Database,
    file: BinaryIO,
    comparison: Comparison,
    *,
    now: Callable[[], Millis],
    ahead_ms: int,
    translate: Translate = untranslated,
) -> EventImport:
    """Take every line that is an event of a configured channel; list the others as refused.

    May be repeated: an event that is known already changes nothing. Raises StoreError; what was
    taken before it stays.
    """
    result = EventImport()
    channels = [channel.name for channel in comparison.terms.channels]
    without_conflict: dict[str, bool] = {}
    decoded = _decoded(file, channels, translate, result)
    while batch := list(islice(decoded, LINES_AT_ONCE)):
        batch_events = [(line.channel, line.event) for line in batch]
        outcomes = database.write(
            events.record_each, batch_events, comparison, now=now(), ahead_ms=ahead_ms
        )
        for line, taken in zip(batch, outcomes, strict=True):
            without_conflict[line.channel] = (
                without_conflict.get(line.channel, True) and not taken.conflicts
            )
            result.taken += taken.new
            result.repeats += taken.repeats
            result.conflicts += len(taken.conflicts)
            result.refused += [
                BadLine(line.number, bad.reason) for bad in (*taken.conflicts, *taken.refused)
            ]
    # A conflict is an incident of its channel until that channel's events come without one. Each
    # batch is a transaction, so only the end of the file shows whether there was none at all.
    for channel in (name for name, has_none in without_conflict.items() if has_none):
        database.write(events.end_conflict, channel, now=now())
    result.refused.sort()
    return result


def _decoded(
    file: BinaryIO, channels: Collection[str], translate: Translate, result: EventImport
) -> Iterator[_Line]:
    """Decode the lines one by one; those that can't be are added to `result.refused`."""
    for number, line in _lines(file):
        if line is None:
            result.stopped_at = number
            return
        if not line.strip():
            continue
        if len(result.refused) >= REFUSED_MAX:
            result.stopped_at = number
            return
        try:
            yield _line(number, line, channels, translate)
        except ValueError as error:
            result.refused.append(BadLine(number, str(error)))


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Number the lines, from 1; one that is too long comes cut, and its rest is skipped.

    None follows a line without an end: there will be no other.
    """
    # With a bound, because a file without any line end would otherwise be read into memory whole.
    # The rest of such a line is read and dropped, so that the next line is a line again.
    number = 0
    while line := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        passed = 0
        while len(line) > LINE_BYTES_MAX and not line.endswith(b"\n"):
            line = file.readline(LINE_BYTES_MAX + 1)
            passed += len(line)
            if passed > LINE_PASSED_MAX:
                yield number, None
                return


def _line(number: int, line: bytes, channels: Collection[str], translate: Translate) -> _Line:
    if len(line) > LINE_BYTES_MAX and not line.endswith(b"\n"):
        raise ValueError(f"longer than {LINE_BYTES_MAX // 1024} KiB")
    found = _object(line)
    channel = found.get("channel")
    if not isinstance(channel, str) or channel not in channels:
        known = ", ".join(channels)
        name = "no channel" if channel is None else f"{values.quoted(channel)} is not a channel"
        raise ValueError(f"{name}; known: {known}")
    return _Line(number, channel, translate(channel, event_decoding.event(found)))


def _object(line: bytes) -> Mapping[str, object]:
    try:
        found = values.json_value(line)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{values.quoted(found)}, not an object")  # noqa: TRY004
    unknown = [name for name in found if name not in FIELDS]
    if unknown:
        raise ValueError(f"{values.quoted(unknown[0])} is not a key; known: {', '.join(FIELDS)}")
    return found
