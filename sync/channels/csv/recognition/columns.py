"""Rows of a file read column by column, where all of them are plain. What is not is read alone.

What both can read they read alike: a row that has anything strange is left to `RowDecoder`, with
all rows that came with it.
"""

from collections.abc import Sequence
from datetime import tzinfo
from functools import partial

from store.model import State
from store.record_columns import RecordColumns
from sync import columns, values
from sync.channels.csv.layout import Layout
from sync.channels.csv.numbers import DIGITS_MAX, FIGURES, ColumnNumbers
from sync.columns import Column

_STATES: dict[str, State | None] = {"": None, **{state.value: state for state in State}}


class RowColumns:
    """Reads plain rows of one file."""

    def __init__(self, layout: Layout, numbers: ColumnNumbers, zone: tzinfo) -> None:
        self._width = len(layout.header)
        self._at = layout.at
        self._numbers = numbers
        self._zone = zone
        self._counted_by = "available" if "available" in layout.at else "on_hand"
        self._figures = [name for name in FIGURES if name in layout.at and name != "price"]

    def decode(self, rows: Sequence[list[str]]) -> RecordColumns | None:
        """Read the rows; None where some of them are not plain."""
        if not rows or set(map(len, rows)) != {self._width}:
            return None
        cells = list(zip(*rows, strict=True))
        found = {name: list(cells[at]) for name, at in self._at.items()}
        unread: set[int] = set()
        read = {"sku": columns.read("sku", found["sku"], values.sku, unread)}
        for name in self._figures:
            if (figures := self._quantities(name, found[name], unread)) is not None:
                read[name] = figures
        if unread:
            return None
        if "available" not in read:
            amounts = (read.get(name) or [None] * len(rows) for name in values.AMOUNTS)
            made = [values.Amounts(*row) for row in zip(*amounts, strict=True)]
            read["available"] = columns.each(made, values.Amounts.available, unread)
        self._read_others(found, read, unread)
        return None if unread else RecordColumns(read)

    def _read_others(
        self, found: dict[str, Column], read: dict[str, Column], unread: set[int]
    ) -> None:
        if "location" in found:
            read["location"] = columns.read("location", found["location"], values.location, unread)
        if "state" in found:
            known = columns.meanings(found["state"], _STATES)
            read["state"] = known or columns.each(found["state"], state_of, unread)
        if "price" in found:
            take = self._numbers.price_minor
            read["price_minor"] = (
                columns.read("price", found["price"], take, unread)
                if self._numbers.is_free
                else columns.each(found["price"], take, unread)
            )
        if "title" in found:
            read["title"] = columns.read("title", found["title"], values.title, unread)
        if "updated_at" in found:
            take_time = partial(values.instant, zone=self._zone)
            read["source_at"] = columns.each(found["updated_at"], take_time, unread)

    def _quantities(self, name: str, found: Column, unread: set[int]) -> Column | None:
        """Read a column of numbers; None where it has none at all."""
        text = "".join(found)
        if text.isdigit() and text.isascii() and all(found) and max(map(len, found)) <= DIGITS_MAX:
            return list(map(int, found))
        if name == self._counted_by:
            unread.update(at for at, cell in enumerate(found) if values.is_uncounted(cell))
        elif not text:
            return None
        if unread:
            return found
        return columns.each(found, partial(self._numbers.quantity_or_none, name), unread)


def state_of(word: str | None) -> str | None:
    """Take a state by its name. Raises ValueError."""
    if not word:
        return None
    try:
        return State(word.strip().lower())
    except ValueError:
        raise ValueError(
            f"{values.quoted(word)} is not a state; known: {', '.join(State)}"
        ) from None
