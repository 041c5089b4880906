"""What a channel of another package hands over, held against the shapes that it has promised.

Python lets a package put anything into a `Record` or an `Event`. It must not get into the cache,
where it would stop others than its own channel.
"""

from collections.abc import Sequence
from functools import cache

import msgspec

from store.event_kinds import Event
from store.model import Record, Refused
from sync import channels
from sync.channels.base import EventPage, RecordPage
from sync.errors import ContractBroken

NUMBER_MAX = 2**53
"""More than any quantity, price or time."""


def is_foreign(kind: str) -> bool:
    """Whether a kind is of another package: what our own decode has been held against a shape."""
    return kind not in channels.KINDS


def check_records(page: RecordPage) -> None:
    """Raise ContractBroken for what is no page of records."""
    _check(page.records, Record, "record")
    _check(page.refused, Refused, "refused record")


def check_events(page: EventPage) -> None:
    """Raise ContractBroken for what is no page of events."""
    _check(page.events, Event, "event")
    _check(page.refused, Refused, "refused event")
    _check([(page.cursor, page.again_until)], tuple[str | None, int | None], "cursor")


def _check(found: Sequence[object], shape: object, what: str) -> None:
    try:
        # By way of bytes: there is no text with half of a surrogate pair in them.
        for part in _decoder(shape).decode(msgspec.msgpack.encode(list(found))):
            _check_numbers(part)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        words = f"its package hands over what is no {what}: {error}"
        raise ContractBroken(words, path=f"{what}s") from error


def _check_numbers(part: object) -> None:
    values = part if isinstance(part, tuple) else msgspec.structs.astuple(part)  # type: ignore[arg-type]
    for value in values:
        if isinstance(value, int) and abs(value) > NUMBER_MAX:
            raise ValueError(f"a number above {NUMBER_MAX:,}")


@cache
def _decoder(shape: object) -> "msgspec.msgpack.Decoder[list[object]]":
    return msgspec.msgpack.Decoder(list[shape])  # type: ignore[valid-type]
