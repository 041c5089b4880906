"""What each key of a description found, in the words that every described kind shares. Pure."""

from collections.abc import Mapping, Sequence

from store.model import Record
from sync import values
from sync.channels.base import KeySighting
from sync.clock import rfc3339

_PLACES: Mapping[str, str] = {"price": "price_minor", "updated_at": "source_at"}
"""A field → what it is in a Record, where that has another name."""


def of_fields(
    records: Sequence[Record], sources: Mapping[str, str], table: str
) -> list[KeySighting]:
    """In how many records each field was found, and the first value.

    `sources`: field → what the description says of where it stands; `table` is the key of these.
    """
    if not records:
        return []
    return [
        KeySighting(f"{table}.{field}", f"`{source}` {_of_field(records, field)}")
        for field, source in sources.items()
    ]


def found_in(shown: Sequence[str], count: int) -> str:
    """Say in how many of the records something stands, by those that have it."""
    words = f"found in {len(shown):,} of {count:,}"
    return f"{words}, first {shown[0]}" if shown else words


def _of_field(records: Sequence[Record], field: str) -> str:
    place = _PLACES.get(field, field)
    shown = [record for record in records if getattr(record, place) not in (None, "")]
    if field == "available" and not shown:
        return f"counts none of {len(records):,}"
    return found_in([_value(record, place) for record in shown], len(records))


def _value(record: Record, place: str) -> str:
    value = getattr(record, place)
    if place == "source_at":
        return str(rfc3339(value))
    if place == "price_minor":
        return f"{value // 100}.{value % 100:02}"
    if place == "available" and record.at_least:
        return f"at least {value}"
    return values.quoted(value)
