"""One stock event, as it came → as we keep it.

Every function raises ValueError with a reason that can follow the place, as `values` does.
"""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import NoReturn

from store.event_kinds import Event, EventKind
from store.model import SKU_LENGTH_MAX, Millis
from sync import values

REQUIRED = ("id", "kind", "sku", "quantity", "at")
FIELDS = (*REQUIRED, "location", "order")

WORDS: Mapping[str, EventKind] = {kind.value: kind for kind in EventKind}
"""Our own words for the kinds; a channel's `kinds` may replace them by its own."""


def event(
    found: Mapping[str, object],
    words: Mapping[str, EventKind] = WORDS,
    *,
    zone: tzinfo = UTC,
    now: Millis | None = None,
) -> Event:
    """Decode an event from the values of `FIELDS`; `words` are the channel's for our kinds.

    `zone` and `now`: as for `instant`.
    """
    what = kind(found.get("kind"), words)
    return Event(
        id=identity(found.get("id")),
        kind=what,
        sku=values.sku(found.get("sku")),
        quantity=moved(found.get("quantity"), what),
        at=instant(found.get("at"), zone, now=now),
        location=values.location(found.get("location")),
        order=order(found.get("order")),
    )


def identity(value: object) -> str:
    """Take the channel's own id of an event: without one a repeat could not be recognised."""
    if value is None or value == "":
        raise ValueError("no id")
    return _name(value, "the id")


def order(value: object) -> str | None:
    """Take the order that an event belongs to, where the channel says it."""
    return None if value is None or value == "" else _name(value, "the order")


def kind(value: object, words: Mapping[str, EventKind] = WORDS) -> EventKind:
    """Take the kind by the channel's word for it; a JSON true or number counts as its text."""
    word = values.quoted(value) if isinstance(value, bool | int) else value
    if not isinstance(word, str) or word not in words:
        known = ", ".join(words)
        raise ValueError(f"{values.quoted(value)} is not a kind of event; known: {known}")
    return words[word]


def moved(value: object, what: EventKind) -> int:
    """Take how many units moved: whole, and positive but for an adjustment, which is signed."""
    try:
        number = values.quantity(value)
    except ValueError as error:
        raise ValueError(f"the quantity: {error}") from None
    if number == 0:
        raise ValueError("the quantity is 0, which moves nothing")
    if number < 0 and what is not EventKind.ADJUSTED:
        raise ValueError(f"the quantity is {number}: only that of `adjusted` may be negative")
    return number


def instant(value: object, zone: tzinfo = UTC, *, now: Millis | None = None) -> Millis:
    """Take when it happened, RFC 3339; without an offset it is a time of `zone`.

    Where a clock that was put back can mean two instants, it is the later one that is not after
    `now`: a sale that counts as unseen for an hour too long is sold twice by nobody.
    """
    at = values.instant(value, zone, until=now)
    if at is None:
        raise ValueError("no time")
    if at < 0:
        raise ValueError(f"{values.quoted(value)} is before 1970")
    return at


def _name(value: object, what: str) -> str:
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        _refuse(value, what)
    if len(value) > SKU_LENGTH_MAX or not value.isprintable():
        _refuse(value, what)
    return value


def _refuse(value: object, what: str) -> NoReturn:
    words = f"{what} is {values.quoted(value)}, not text of at most {SKU_LENGTH_MAX} characters"
    raise ValueError(words)
