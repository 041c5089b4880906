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
    named: Translate = untranslated,
) -> EventImport:
    """Take every line that is an event of a configured channel; list the others as refused.

    May be repeated: an event that is known already changes nothing. Raises StoreError; what was
    taken before it stays.
    """
    intake = EventImport()
    channels = [channel.name for channel in comparison.terms.channels]
    well: dict[str, bool] = {}
    decoded = _decoded(file, channels, named, intake)
    while batch := list(islice(decoded, LINES_AT_ONCE)):
        named_events = [(line.channel, line.event) for line in batch]
        outcomes = database.write(
            events.record_each, named_events, comparison, now=now(), ahead_ms=ahead_ms
        )
        for line, taken in zip(batch, outcomes, strict=True):
            well[line.channel] = well.get(line.channel, True) and not taken.conflicts
            intake.taken += taken.new
            intake.repeats += taken.repeats
            intake.conflicts += len(taken.conflicts)
            intake.refused += [
                BadLine(line.number, bad.reason) for bad in (*taken.conflicts, *taken.refused)
            ]
    for channel in (name for name, is_well in well.items() if is_well):
        database.write(events.end_conflict, channel, now=now())
    intake.refused.sort()
    return intake


def _decoded(
    file: BinaryIO, channels: Collection[str], named: Translate, intake: EventImport
) -> Iterator[_Line]:
    """Decode the lines one by one; those that can't be are added to `intake.refused`."""
    for number, line in _lines(file):
        if line is None:
            intake.stopped_at = number
            return
        if not line.strip():
            continue
        if len(intake.refused) >= REFUSED_MAX:
            intake.stopped_at = number
            return
        try:
            yield _line(number, line, channels, named)
        except ValueError as error:
            intake.refused.append(BadLine(number, str(error)))


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Number the lines, from 1; one that is too long comes cut, and its rest is skipped.

    None follows a line without an end: there will be no other.
    """
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


def _line(number: int, line: bytes, channels: Collection[str], named: Translate) -> _Line:
    if len(line) > LINE_BYTES_MAX and not line.endswith(b"\n"):
        raise ValueError(f"longer than {LINE_BYTES_MAX // 1024} KiB")
    found = _object(line)
    channel = found.get("channel")
    if not isinstance(channel, str) or channel not in channels:
        known = ", ".join(channels)
        name = "no channel" if channel is None else f"{values.quoted(channel)} is not a channel"
        raise ValueError(f"{name}; known: {known}")
    return _Line(number, channel, named(channel, event_decoding.event(found)))


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
