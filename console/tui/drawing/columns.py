"""How the rows of a virtual table are written: its columns, and one cell for each of them."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from console.text.format import cells, clean
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


class RowNames(NamedTuple):
    """What a row goes by, as it is written; empty where it has none."""

    sku: str = ""
    title: str = ""
    update: str = ""
    """Its number, with what stands beside it in its column."""


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

    def known(self) -> Sequence[Column]:
        """All that it can write, in the order in which they are offered."""
        ...

    def names(self, value: V_contra) -> RowNames:
        """What must not be cut where there is room, as it is written."""
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


class Sorting(NamedTuple):
    """By which column a list is sorted, and whether the other way round."""

    key: str
    backwards: bool


class TableColumns(Generic[V_contra]):
    """The columns of one table: what is shown of its sheet, how wide, and by which it is sorted."""

    def __init__(self, sheet: Sheet[V_contra]) -> None:
        self.sheet = sheet
        self.shown: Sequence[Column] = ()
        self.chosen: tuple[str, ...] = ()
        """The keys that the operator chose, in order; empty: the sheet's own choice."""
        self.sorting: Sorting | None = None
        self._width = 0
        self._widths = (0, 0, 0)
        """How wide the widest are that were seen, in the order of `RowNames`."""

    def measure(self, width: int) -> None:
        """Lay them out for so many cells."""
        self._width = width
        by_key = {column.key: column for column in self.sheet.known()}
        kept = [by_key[key] for key in self.chosen if key in by_key]
        if kept:
            squeeze(kept, width, least=1)
        columns = kept or self._laid_out(width)
        self.shown = tuple(fitted(columns, width, *self._widths))

    def _laid_out(self, width: int) -> Sequence[Column]:
        """The sheet's own choice: with room for the SKUs, where only names are lost for it."""
        usual = self.sheet.columns(width)
        sku, *_ = self._widths
        lack = max((sku - column.width for column in usual if column.key == "sku"), default=0)
        if lack <= 0:
            return usual
        roomy = self.sheet.columns(width - lack)
        lost = {column.key for column in usual} - {column.key for column in roomy}
        is_kept = all(key in _SPARED or key.startswith("@") for key in lost)
        return roomy if is_kept else usual

    def learn(self, values: Iterable[V_contra]) -> bool:
        """Note how wide these rows' names are; whether the columns have changed for it."""
        before = self._widths
        for value in values:
            sku, title, update = (cells(clean(name)) for name in self.sheet.names(value))
            widest_sku, widest_title, widest_update = self._widths
            self._widths = (
                max(widest_sku, sku), max(widest_title, title),
                max(widest_update, min(update, _UPDATE_MAX)),
            )  # fmt: skip
        if self._widths == before:
            return False
        shown = self.shown
        self.measure(self._width)
        return shown != self.shown

    def at(self, x: int) -> str:
        """The key of the column at a place of the line; empty beside them."""
        for column in self.shown:
            x -= column.width + 1
            if x < 0:
                return column.key
        return ""

    def titled(self) -> Iterator[Column]:
        """The columns with the sign of the order at the one that they are sorted by."""
        for column in self.shown:
            if self.sorting is not None and column.key == self.sorting.key:
                sign = "▴" if self.sorting.backwards else "▾"
                title = column.title.rstrip()[: column.width - 1]
                yield column._replace(title=title + sign)
            else:
                yield column


_SPARED = ("title", "evidence")
"""They give way to a long SKU, as do the columns of one channel each: the row names its own."""

_TITLE_MIN = 6
_EVIDENCE_MIN = 24
_UPDATE_MAX = 20
_GIVING = (("evidence", _EVIDENCE_MIN), ("result", 10), ("title", 0), ("why", 10))
"""What becomes narrower for a long SKU, the first first, and how narrow."""
_GIVING_TITLE = (("evidence", _EVIDENCE_MIN), ("result", 14))
_SKU_MIN, _TITLE_LEFT = 12, 8
"""What a number leaves of them, at least."""


def fitted(
    columns: Sequence[Column], width: int, sku: int, title: int, update: int
) -> Sequence[Column]:
    """Let nothing be cut that a row goes by where a title could be; the title takes what is free.

    `sku`, `title` and `update` are how wide the widest are; 0: none is known yet.
    """
    wide = {column.key: column.width for column in columns}
    if "sku" not in wide:
        return columns
    free = width - sum(column.width + 1 for column in columns)
    free = _widen(wide, "sku", sku, free, _GIVING)
    number = "update" if "update" in wide else "id"
    if number in wide:
        giving = (*_GIVING_TITLE, ("sku", max(_SKU_MIN, sku)), ("title", _TITLE_LEFT))
        free = _widen(wide, number, update, free, giving)
    if wide.get("title", _TITLE_MIN) < _TITLE_MIN:
        # What is left of it tells nothing: the SKU has more use for it.
        free += wide.pop("title") + 1
        free = _widen(wide, "sku", sku, free, ())
    if "title" in wide:
        if title and title < wide["title"] and ("evidence" in wide or "result" in wide):
            free += wide["title"] - max(title, _TITLE_MIN)
            wide["title"] = max(title, _TITLE_MIN)
        free = _widen(wide, "title", title, free, _GIVING_TITLE)
    last = next((key for key in ("evidence", "result", "title") if key in wide), "")
    if last and free > 0:
        wide[last] += free
    return [column._replace(width=wide[column.key]) for column in columns if column.key in wide]


def _widen(
    wide: dict[str, int], key: str, to: int, free: int, giving: Iterable[tuple[str, int]]
) -> int:
    """Give a column so much of what is free, then of the others; what is left free."""
    taken = max(0, min(to - wide[key], free))
    wide[key] += taken
    for other, least in giving:
        given = min(max(0, to - wide[key]), max(0, wide.get(other, 0) - least))
        if given and other in wide:
            wide[other] -= given
            wide[key] += given
    return free - taken
