"""The rows of a CSV file → records, as its layout says. A bad row is refused alone."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

from store.model import Millis, Record, Refused, State
from sync import values
from sync.channels.base import RecordPage
from sync.channels.csv.layout import Layout
from sync.errors import ContractBroken

_LINE_LENGTH_MAX = 1024 * 1024


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
            if row:
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


def page(rows: Iterable[Row], layout: Layout, *, as_of: Millis) -> RecordPage:
    """Decode rows into records; a bad row is refused alone, by its line."""
    records: list[Record] = []
    refused: list[Refused] = []
    for row in rows:
        try:
            records.append(_record(row, layout))
        except ValueError as error:
            sku, location = _listing_of(row, layout)
            refused.append(Refused(f"line {row.line}", str(error), sku, location))
    return RecordPage(records=records, refused=refused, as_of=as_of)


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


def _record(row: Row, layout: Layout) -> Record:
    if row.problem:
        raise ValueError(row.problem)
    if len(row.fields) != len(layout.header):
        raise ValueError(f"{len(row.fields)} fields, but the header has {len(layout.header)}")
    found = {name: row.fields[at] for name, at in layout.at.items()}
    amounts = values.amounts(found)
    return Record(
        sku=values.sku(found["sku"]),
        available=values.quantity(found["available"])
        if "available" in found
        else amounts.available(),
        location=values.location(found.get("location")),
        state=_state(found.get("state")),
        price_minor=values.price_minor(found.get("price")),
        title=values.title(found.get("title")),
        source_at=values.instant(found.get("updated_at")),
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
