"""Rows of a database → records. A bad row is refused alone."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from store.model import Millis, Record, Refused, State
from sync import values
from sync.channels.base import FreshReadings
from sync.channels.sql.options import FIELDS, QUANTITIES, SqlOptions
from sync.channels.words import AT_LEAST, FIGURES, Meaning, NumberWords, Word, plain
from sync.errors import ContractBroken
from sync.times.time_zones import zone_of

_COLUMNS_SHOWN = 20
_NO_AMOUNTS = values.amounts({})
_DIGITS_MAX = 30


def place_columns(names: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    """Find where each field stands in a row. Raises ValueError naming what is not there."""
    # SQL knows no case in a name that is not quoted, and each database writes it as it likes.
    folded = [name.lower() for name in names]
    wanted = dict(columns) or {name: name for name in folded if name in FIELDS}
    at: dict[str, int] = {}
    for field, column in wanted.items():
        found = [n for n, name in enumerate(names) if name == column]
        found = found or [n for n, name in enumerate(folded) if name == column.lower()]
        if len(found) > 1:
            raise ValueError(
                f"more than one column {values.quoted(column)}: give them names of their own, "
                "with AS"
            )
        if not found:
            raise ValueError(_lacking(column, names, columns))
        at[field] = found[0]
    for needed in (("sku",), QUANTITIES):
        if not any(name in at for name in needed):
            raise ValueError(_lacking(needed[0], names, columns))
    return at


def _lacking(column: str, names: Sequence[str], columns: Mapping[str, str]) -> str:
    shown = ", ".join(values.quoted(name).strip('"') for name in names[:_COLUMNS_SHOWN])
    remedy = "Correct `columns`"
    if not columns:
        free = [name for name in names if name.lower() not in FIELDS]
        own = {name.lower(): name for name in names}
        pairs = []
        for field in ("sku", "available"):
            title = own.get(field) or (free.pop(0) if free else "…")
            pairs.append(f"{field} = {values.quoted(title)}")
        remedy = f"Add columns = {{ {', '.join(pairs)} }}"
    return f"no column {values.quoted(column)}; columns: {shown or 'none'}. {remedy}"


class SqlRowDecoder:
    """Turns the rows of one select into records."""

    def __init__(self, names: Sequence[str], options: SqlOptions, *, key: str, name: str) -> None:
        """Raises ContractBroken where a column is not there."""
        try:
            at = place_columns(names, options.columns)
        except ValueError as error:
            raise ContractBroken(str(error), path=key, subject=name) from None
        self.at = at
        self._name = name
        self._counted_by = next(field for field in QUANTITIES if field in at)
        states = options.states or {state.value: state for state in State}
        self._states: Mapping[str, str] = dict(states)
        self._titles = {field: names[place] for field, place in at.items()}
        takes: dict[str, Callable[[Any], object]] = {
            **values.RECORD_FIELDS,
            "sku": _sku,
            "updated_at": partial(_instant, zone_of(options.timezone)),
        }
        self._has_amounts = not at.keys().isdisjoint(values.AMOUNTS)
        self._words = NumberWords(options.words)
        self._has_words = bool(self._words)
        self._plan = [(field, place, takes[field]) for field, place in at.items()]

    def rows(self, rows: Sequence[Sequence[Any]], first: int) -> FreshReadings:
        """Decode some rows; the first of them is the row number `first`."""
        records: list[Record] = []
        refused: list[Refused] = []
        for number, row in enumerate(rows, first):
            found: dict[str, Any] = {}
            try:
                record = self._record(row, found)
                if record is not None:
                    records.append(record)
            except ValueError as error:
                sku, location = found.get("sku"), found.get("location", "")
                refused.append(Refused(f"row {number}", str(error), sku, location))
        return FreshReadings(records, refused)

    def _record(self, row: Sequence[Any], found: dict[str, Any]) -> Record | None:
        """Decode one row; None where its words say that it is no listing."""
        trouble, words = "", self._has_words
        # All columns are read even after a bad one: they say whose listing is unreadable.
        for field, place, take in self._plan:
            value = row[place]
            if type(value) not in _PLAIN:
                value = plain_value(value)
            try:
                meaning = self._meaning(value) if words and field in FIGURES else None
                if meaning is not None:
                    found[field] = meaning
                elif field == self._counted_by and values.is_uncounted(value):
                    found[field] = None
                else:
                    found[field] = take(value)
            except ValueError as error:
                trouble = trouble or f"`{self._titles[field]}`: {error}"
        if found.get(self._counted_by) is Word.ABSENT:
            return None
        if trouble:
            raise ValueError(trouble)
        if words:
            found = plain(found, self._counted_by)
        get = found.get
        amounts = values.amounts(found) if self._has_amounts else _NO_AMOUNTS
        state = self._state(get("state"))
        available: int | None = None
        if found[self._counted_by] is None:
            state = values.state_of_uncounted(state)
        else:
            available = found["available"] if "available" in found else amounts.available()
        return Record(
            sku=found["sku"],
            available=available,
            location=get("location", ""),
            state=state,
            price_minor=get("price"),
            title=get("title"),
            source_at=get("updated_at"),
            on_hand=amounts.on_hand,
            committed=amounts.committed,
            unavailable=amounts.unavailable,
            incoming=amounts.incoming,
            threshold=amounts.threshold,
            ref=get("ref", ""),
            at_least=get(AT_LEAST, False),
        )

    def _meaning(self, value: object) -> Meaning | None:
        return self._words.null if value is None else self._words.of(value)

    def _state(self, word: object) -> str | None:
        if word is None or word == "":
            return None
        text = values.quoted(word) if isinstance(word, bool | int) else word
        if not isinstance(text, str) or text not in self._states:
            known = ", ".join(self._states)
            raise ValueError(f"{values.quoted(word)} is not a state; known: {known}")
        return self._states[text]


def _sku(value: object) -> str:
    # A number is what many tables have for a SKU, and it has one way only to be written.
    if type(value) is int:
        return str(value)
    return values.sku(value)


def _instant(zone: tzinfo, value: object) -> Millis | None:
    if not isinstance(value, datetime):
        return values.instant(value, zone)
    if value.tzinfo is None:
        if zone is not UTC:
            return values.instant(value.isoformat(), zone)
        value = value.replace(tzinfo=UTC)
    return round(value.timestamp() * 1000)


_PLAIN = frozenset({str, int, float, type(None), bool, datetime})


def plain_value(value: object) -> object:
    """Write what only a database has, as what every channel has."""
    if isinstance(value, Decimal):
        if not value.is_finite() or value.adjusted() > _DIGITS_MAX:
            return str(value)
        whole = value.to_integral_value() if value.adjusted() < _DIGITS_MAX else value
        return int(whole) if whole == value else format(value.normalize(), "f")
    if isinstance(value, bytes | bytearray | memoryview):
        # MySQL gives text in a binary collation as bytes.
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value


class EmptyColumns:
    """Which of the columns that a row may leave empty no row has filled yet."""

    def __init__(self, options: SqlOptions) -> None:
        self._left = {
            field: column for field, column in options.columns.items() if field in _MAY_BE_EMPTY
        }
        self._records = 0

    def look(self, records: Sequence[Record]) -> None:
        """Take some records."""
        self._records += len(records)
        for field in list(self._left):
            name = _MAY_BE_EMPTY[field]
            if any(getattr(record, name) not in (None, "") for record in records):
                del self._left[field]

    def warnings(self) -> list[str]:
        """Name each column that was empty in all rows, a sentence each."""
        return [
            f"columns.{field}: {values.quoted(column)} is empty in all {self._records:,} rows"
            for field, column in self._left.items()
            if self._records
        ]


_MAY_BE_EMPTY: Mapping[str, str] = {
    name: name
    for name in ("location", "on_hand", "committed", "unavailable", "incoming", "threshold",
                 "state", "title", "ref")
} | {"price": "price_minor", "updated_at": "source_at"}  # fmt: skip
"""A field that a row may leave empty → what it is in a Record."""
