"""The rows of a CSV file → records, as its layout says. A bad row is refused alone."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import TextIO

from store.model import Millis, Record, Refused, State
from sync import values
from sync.channels.base import RecordPage
from sync.channels.csv.layout import Layout
from sync.channels.csv.numbers import ColumnNumbers
from sync.channels.csv.totals import Standing, TotalsFinder
from sync.errors import ContractBroken

_LINE_LENGTH_MAX = 1024 * 1024
_NO_AMOUNTS = values.amounts({})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file: the number of its last line, and its fields or what is wrong."""

    line: int
    fields: list[str]
    problem: str = ""


def read_rows(layout: Layout, text: TextIO, file: str) -> Iterator[Row]:
    """Split lines into fields, the header included. A broken line costs that line only.

    Raises ContractBroken, which names `file`, where nothing after a line can be trusted.
    """
    reader = csv.reader(_lines(text, file), delimiter=layout.delimiter, strict=True)
    before = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            if reader.line_num > before + 1:
                # An open quote swallows line after line until the next quote, and nobody can say
                # which of them were meant. A broken line that is only one costs only itself.
                words = f"a quote is never closed ({error})"
                raise ContractBroken(words, path=f"line {before + 1}", subject=file) from error
            yield Row(reader.line_num, [], problem=str(error))
        else:
            if row is None:
                return
            # A row of nothing but delimiters, as spreadsheets leave them, is an empty line.
            if row and (row[0].strip() or any(map(str.strip, row))):
                yield Row(reader.line_num, row)
        before = reader.line_num


def _lines(text: TextIO, file: str) -> Iterator[str]:
    """Give the file's lines. Raises ContractBroken for one that would fill the memory."""
    number = 0
    while line := text.readline(_LINE_LENGTH_MAX + 1):
        number += 1
        if len(line) > _LINE_LENGTH_MAX:
            words = f"has more than {_LINE_LENGTH_MAX:,} characters"
            raise ContractBroken(words, path=f"line {number}", subject=file)
        yield line


class RowDecoder:
    """Turns a file's rows into records, page by page; a bad row is refused alone, by its line.

    Totals rows are left out. What looks like one and may be a listing is held until the next row
    shows that it is not the end.
    """

    def __init__(self, layout: Layout, numbers: ColumnNumbers, zone: tzinfo) -> None:
        self._zone = zone
        self._layout = layout
        self._numbers = numbers
        self._totals = TotalsFinder(layout.at, numbers)
        self._held: list[Row] = []

    def page(self, rows: Iterable[Row], *, as_of: Millis) -> RecordPage:
        """Decode the next rows."""
        records: list[Record] = []
        refused: list[Refused] = []
        for row in rows:
            if self._totals.may_be(row.fields):
                stands = self._totals.judge(row.fields, records)
                if stands is not Standing.ROW:
                    if stands is Standing.TOTAL_AT_END:
                        self._held.append(row)
                    continue
            if self._held:
                for held in self._held:
                    self._decode(held, records, refused)
                self._held.clear()
            self._decode(row, records, refused)
        self._totals.add(records)
        return RecordPage(records, refused, as_of=as_of)

    def _decode(self, row: Row, records: list[Record], refused: list[Refused]) -> None:
        try:
            record = _record(row, self._layout, self._numbers, self._zone)
        except ValueError as error:
            sku, location = _listing_of(row, self._layout)
            refused.append(Refused(f"line {row.line}", str(error), sku, location))
        else:
            records.append(record)


def _listing_of(row: Row, layout: Layout) -> tuple[str | None, str]:
    """Say which listing's row was refused: none where its location can't be read."""
    # The SKU and location of a bad row say which listing is unreadable, so that its last reading
    # does not look current. Half of that is worse than nothing: a row whose location can't be read
    # would blind the same SKU at another location.
    found = {
        name: row.fields[layout.at[name]]
        for name in ("sku", "location")
        if name in layout.at and layout.at[name] < len(row.fields)
    }
    try:
        return values.sku_or_none(found.get("sku")), values.location(
            found["location"] if "location" in layout.at else None
        )
    except (KeyError, ValueError):
        return None, ""


def _record(row: Row, layout: Layout, numbers: ColumnNumbers, zone: tzinfo) -> Record:
    if row.problem:
        raise ValueError(row.problem)
    if len(row.fields) != len(layout.header):
        raise ValueError(f"{len(row.fields)} fields, but the header has {len(layout.header)}")
    found = {name: row.fields[at] for name, at in layout.at.items()}
    state = _state(found.get("state"))
    counted_by = "available" if "available" in found else "on_hand"
    is_counted = not values.is_uncounted(found[counted_by])
    if not is_counted:
        # A row without a number says that the SKU is there and not how many: to guess a 0 would
        # take it off sale everywhere.
        found[counted_by], state = "", values.state_of_uncounted(state)
    amounts = _NO_AMOUNTS
    if not found.keys().isdisjoint(values.AMOUNTS):
        amounts = values.Amounts(
            *(numbers.quantity_or_none(name, found.get(name, "")) for name in values.AMOUNTS)
        )
    available: int | None = None
    if is_counted:
        available = (
            numbers.quantity("available", found["available"])
            if "available" in found
            else amounts.available()
        )
    return Record(
        sku=values.sku(found["sku"]),
        available=available,
        location=values.location(found.get("location")),
        state=state,
        price_minor=numbers.price_minor(found.get("price", "")),
        title=values.title(found.get("title")),
        source_at=values.instant(found.get("updated_at"), zone),
        on_hand=amounts.on_hand,
        committed=amounts.committed,
        unavailable=amounts.unavailable,
        incoming=amounts.incoming,
        threshold=amounts.threshold,
    )


def _state(word: str | None) -> str | None:
    if not word:
        return None
    try:
        return State(word.strip().lower())
    except ValueError:
        raise ValueError(
            f"{values.quoted(word)} is not a state; known: {', '.join(State)}"
        ) from None
