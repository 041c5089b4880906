"""How the rows of a virtual table are written: its columns, and one cell for each of them."""

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from console.tui.drawing.tones import Cell
from store.model import Millis

V_contra = TypeVar("V_contra", contravariant=True)


class Column(NamedTuple):
    """A column of a sheet."""

    key: str
    """What the sheet writes in it."""
    title: str
    width: int
    """In cells, without the space that follows."""
    right: bool = False
    """Set flush right: numbers."""


class Order(NamedTuple):
    """The ids in order, with what stands beside them."""

    ids: "array[int]"
    tags: bytes
    markable: "array[int] | None"


def place_of(ids: "array[int]", row_id: int | None, before: int) -> int:
    """Where the cursor stands in an order: on its row, else on its line."""
    try:
        return ids.index(row_id) if row_id is not None else 0
    except ValueError:
        # Its row has closed. The cursor stays on its line: what comes next is there.
        return max(0, min(before, len(ids) - 1))


class Sheet(Protocol[V_contra]):
    """How rows of one sort are written. Pure: the same value at the same time, the same cells."""

    def columns(self, width: int) -> Sequence[Column]:
        """The columns that fit `width` cells."""
        ...

    def cells(
        self, value: V_contra, columns: Sequence[Column], now: Millis
    ) -> Sequence[Cell | None]:
        """One cell per column; None: the one before it runs over this column, too."""
        ...

    def flash_key(self, value: V_contra) -> object:
        """What makes the row flash when it changes; ages do not."""
        ...


def spans(
    cells: Sequence[Cell | None], columns: Sequence[Column]
) -> Iterator[tuple[Cell, int, bool]]:
    """Each cell with the room that it has and whether it is set flush right."""
    place = 0
    while place < len(columns):
        end = place + 1
        while end < len(columns) and cells[end] is None:
            end += 1
        room = sum(column.width + 1 for column in columns[place:end]) - 1
        yield cells[place] or Cell(""), room, columns[place].right and end == place + 1
        place = end


def squeeze(columns: list[Column], width: int, *, least: int) -> int:
    """Drop columns from the end until the others fit; answer the room left, below 0 if none is.

    The first `least` always stay.
    """
    room = width - sum(column.width + 1 for column in columns)
    while room < 0 and len(columns) > least:
        room += columns.pop().width + 1
    return room
