"""The virtual table: any number of rows, of which only the visible ones are fetched and painted.

It holds a snapshot of row ids and a small cache of rows; it asks for what it lacks by posting
`RowsMissing` and is answered with `fill`. Cursor and marks belong to ids, so that new data never
moves the cursor off its row nor the row off its line.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.strip import Strip

from console.text.format import wrap
from console.tui.drawing.columns import Order, Sheet, TableColumns, place_of, spans
from console.tui.drawing.row_strips import GUTTER, RowInks, heading, line_strip, row_strip
from console.tui.drawing.tones import Cell, Tone
from console.tui.widgets.scroll import Leap, LongScrollView
from console.tui.widgets.table_messages import (
    HeadClicked,
    Moved,
    OrderChanged,
    RowOpened,
    RowsMissing,
)
from store.model import Millis

V = TypeVar("V")

QUIET_S = 1.5
"""New order waits until the operator's last key is this old."""

AGES_MS = 5_000
"""Ages tick together, this far apart: over a slow line every digit counts."""

FLASH_S = 0.7

_CACHED_MAX = 2_000
_WORD_LINE = 2


class VirtualTable(LongScrollView, Generic[V], can_focus=True, inherit_bindings=False):
    """A list whose cursor and marks stand on ids."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "virtual-table--head",
        "virtual-table--cursor",
        "virtual-table--resting",
        "virtual-table--flash",
        *(f"virtual-table--{tone}" for tone in Tone),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        ("up,k", "move(-1)", "Up"),
        ("down,j", "move(1)", "Down"),
        ("pageup", "leap('page_up')", "Page up"),
        ("pagedown", "leap('page_down')", "Page down"),
        ("home", "leap('first')", "First"),
        ("end", "leap('last')", "Last"),
    ]

    def __init__(self, sheet: Sheet[V], *, empty: str, id: str) -> None:  # noqa: A002 (Textual's)
        super().__init__(id=id)
        self.sheet = sheet
        self.empty = empty
        self.marks: set[int] = set()
        self.lost = 0
        """How many marks went with their rows since that was last logged."""
        self.waiting = 0
        """How many rows wait behind the present order."""
        self.now: Millis = 0
        self.group_marks: Mapping[int, str] = {}
        """By the id of a row that stands for others, the sign of their marks."""
        self._ids: array[int] = array("q")
        self._tags = b""
        self._markable: array[int] | None = None
        self._next: Order | None = None
        self._rows: dict[int, V] = {}
        self._gone: set[int] = set()
        self._flashes: dict[int, float] = {}
        self._cursor = 0
        self._touched = -QUIET_S
        self._loaded = False
        self.columns = TableColumns(sheet)
        self._drawn: dict[int, Sequence[Cell | None]] = {}
        self._inks = RowInks(
            lambda tone: self.get_component_rich_style(f"virtual-table--{tone}", partial=True)
        )
        self._plain = Style()
        """What a row without anything about it is drawn on, in this frame."""

    @property
    def ids(self) -> "array[int]":
        return self._ids

    @property
    def tags(self) -> bytes:
        """A byte beside each id, as they were offered with it."""
        return self._tags

    @property
    def markable(self) -> "array[int]":
        """All that can be marked, what is folded away included."""
        return self._ids if self._markable is None else self._markable

    @property
    def cursor(self) -> int:
        """The place of the row under the cursor."""
        return self._cursor

    @property
    def loaded(self) -> bool:
        return self._loaded

    @property
    def cursor_id(self) -> int | None:
        return self._ids[self._cursor] if self._ids else None

    @property
    def current(self) -> V | None:
        """The row under the cursor, where it has been fetched and still stands."""
        return None if self.cursor_id in self._gone else self._rows.get(self.cursor_id or -1)

    def lines(self) -> Iterator[tuple[int, V]]:
        """The rows in view that have been fetched, each with its place."""
        for line in self._lines_in_view():
            if (value := self._rows.get(self._ids[line])) is not None:
                yield line, value

    def window(self, order: "array[int] | None" = None) -> list[int]:
        """The ids in view and a page on either side, also of an order before it is taken."""
        ids, top, page = self._ids, round(self.scroll_y), max(1, self.size.height)
        if order is not None:
            ids, top = order, top + place_of(order, self.cursor_id, self._cursor) - self._cursor
        first = max(0, min(top, len(ids) - page) - page)
        return list(ids[first : first + 3 * page])

    def missing(self) -> list[int]:
        return [row_id for row_id in self.window() if row_id not in self._rows]

    def offer(
        self,
        ids: "array[int]",
        *,
        now: Millis,
        fresh: int = 0,
        at_once: bool = False,
        tags: bytes = b"",
        markable: "array[int] | None" = None,
    ) -> None:
        """Take a new order: at once, or when the operator's hands have come to rest.

        `fresh` is how many of the ids are new: it is shown while they wait. `tags` has a byte for
        each id; `markable` are all ids that can be marked, where some are folded away.
        """
        if not 0 <= now - self.now < AGES_MS:
            self.now = now
        order = Order(ids, tags, markable)
        # Live without jumping: while the operator moves the cursor or scrolls, a new order would
        # put another row under the next key. It waits, and the title says how many rows wait with
        # it.
        if self._loaded and ids == self._ids:
            self._next, self.waiting = None, 0
            self._tags, self._markable = tags, markable
        elif self._loaded and self._ids and not at_once and self.is_touched:
            self._next, self.waiting = order, fresh
            self.set_timer(QUIET_S, self._settle)
        else:
            self._adopt(order)
        self.post_message(OrderChanged(self))

    def fill(self, rows: Mapping[int, V], asked: Sequence[int]) -> None:
        """Take rows. An id that was asked for and is not among them has gone: it greys."""
        before, until = self.current, monotonic() + FLASH_S
        gone = set(asked) - rows.keys()
        changed = gone ^ self._gone.intersection(asked)
        for row_id, value in rows.items():
            known = self._rows.get(row_id)
            if known != value:
                changed.add(row_id)
            # A row that comes into sight for the first time has not changed: it does not flash.
            if known is not None and self.sheet.flash_key(known) != self.sheet.flash_key(value):
                self._flashes[row_id] = until
        self._rows.update(rows)
        if self.columns.learn(rows.values()):
            self.refresh()
        self._gone = self._gone.difference(asked) | gone
        if len(self._rows) > _CACHED_MAX:
            # Only what is in sight is worth its memory: the rest is soon read again by id.
            self.forget_unseen()
        if self._flashes:
            self.set_timer(FLASH_S, self._unflash)
        # Most readings of the rows in view find them as they are.
        for line in self._lines_in_view():
            if self._ids[line] in changed:
                self._refresh_row(line)
        # At this a page reads all that it shows of that row; a fill comes with every reading.
        if self.current != before:
            self.post_message(Moved(self))

    def forget_unseen(self) -> None:
        """Let go of all rows but those in the window, which the next reading brings again."""
        self._rows = {i: self._rows[i] for i in self.window() if i in self._rows}

    def tick(self, now: Millis) -> None:
        """Let ages grow, repainting only the lines whose text that changes."""
        self.now = now
        # Over a slow line each repainted row is felt: only those that read differently are.
        for line, value in self.lines():
            if self.cells(self._ids[line], value) != self._drawn.get(self._ids[line]):
                self._refresh_row(line)

    def mark(self, ids: Sequence[int]) -> None:
        """Mark these rows; if all of them are marked, unmark them."""
        if self.marks.issuperset(ids):
            self.marks.difference_update(ids)
        else:
            self.marks.update(ids)
        if len(ids) == 1 and self.cursor_id == ids[0]:
            self._refresh_row(self._cursor)
        else:
            self.refresh()
        self.post_message(OrderChanged(self))

    def mark_all(self) -> None:
        """Mark every row of the list; if all are marked, none."""
        everything = set(self.markable)
        self.marks = set() if self.marks >= everything else everything
        self.refresh()
        self.post_message(OrderChanged(self))

    def action_move(self, by: int) -> None:
        self.go_to(self._cursor + by)

    def action_leap(self, how: str) -> None:
        """Move the cursor as far as `Leap` has it."""
        leap, page = Leap(how), max(1, self.size.height - 2)
        line = self._cursor + int(leap.halves * page / 2)
        self.go_to(line if leap.halves else 0 if leap is Leap.FIRST else len(self._ids))

    @property
    def is_touched(self) -> bool:
        """Whether the operator is at it: a new order would wait."""
        return monotonic() - self._touched < QUIET_S

    def touch(self) -> None:
        """The operator is at it: hold the order still for a moment."""
        self._touched = monotonic()

    def on_click(self, event: events.Click) -> None:
        line = event.y - 1 + round(self.scroll_y)
        if event.y < 1 and (key := self.columns.at(event.x - GUTTER)):
            self.post_message(HeadClicked(self, key))
        if event.y < 1 or line >= len(self._ids):
            return
        self.go_to(line)
        if event.x < GUTTER:
            self.mark([self._ids[line]])
        elif event.chain > 1:
            self.post_message(RowOpened(self))

    def on_resize(self) -> None:
        self._measure()
        self.go_to(self._cursor)

    def on_focus(self) -> None:
        self._refresh_row(self._cursor)

    on_blur = on_focus

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.touch()
            if self.missing():
                self.post_message(RowsMissing(self))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._inks.forget()

    def render_lines(self, crop: Region) -> list[Strip]:
        # It hangs on every widget around this one, and is the same for all lines of a frame.
        self._plain = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            style = self.get_component_rich_style("virtual-table--head")
            return line_strip([Segment(heading(self.columns.titled()), style)], width, style)
        line = y - 1 + round(self.scroll_y)
        if line < len(self._ids):
            return self._row(line, width)
        text = "" if self._ids else self._said(y - _WORD_LINE, width - GUTTER)
        style = self._inks.on(self._plain)[Tone.DIM]
        return line_strip([Segment(" " * GUTTER + text, style)], width, style)

    def _said(self, line: int, width: int) -> str:
        """A line of what an empty list says."""
        said = wrap(self.empty if self._loaded else "reading the cache…", max(1, width))
        return said[line] if 0 <= line < len(said) else ""

    def _row(self, line: int, width: int) -> Strip:
        row_id = self._ids[line]
        ground = self._ground(line, row_id)
        bar = "▌" if line == self._cursor else " "
        mark = "x" if row_id in self.marks else self.group_marks.get(row_id, " ")
        cells = [(Cell("·", Tone.FAINT), 1, False)]
        if (value := self._rows.get(row_id)) is not None:
            drawn = self._drawn[row_id] = self.cells(row_id, value)
            cells = list(spans(drawn, self.columns.shown))
        if row_id in self._gone:
            cells = [(cell._replace(tone=Tone.FAINT), room, end) for cell, room, end in cells]
        return row_strip(bar, mark, cells, width, ground, self._inks.on(ground))

    def cells(self, row_id: int, value: V) -> Sequence[Cell | None]:  # noqa: ARG002 (for others)
        return self.sheet.cells(value, self.columns.shown, self.now)

    def _ground(self, line: int, row_id: int) -> Style:
        name = ""
        if self._flashes.get(row_id, 0) > monotonic():
            name = "flash"
        elif line == self._cursor:
            name = "cursor" if self.has_focus else "resting"
        return self.get_component_rich_style(f"virtual-table--{name}") if name else self._plain

    def go_to(self, line: int) -> None:
        """Put the cursor on the row of this place, bring it into view, and say so."""
        self.touch()
        before, self._cursor = self._cursor, max(0, min(line, len(self._ids) - 1))
        visible, top = max(1, self.size.height - 1), round(self.scroll_y)
        if not top <= self._cursor < top + visible:
            top = self._cursor if self._cursor < top else self._cursor - visible + 1
            self.scroll_to(y=top, animate=False)
        self._refresh_row(before)
        self._refresh_row(self._cursor)
        self.post_message(Moved(self))
        if self.missing():
            self.post_message(RowsMissing(self))

    def _adopt(self, order: "Order") -> None:
        """Show a new order with the cursor on its id and that id on its line of the screen."""
        # What the operator looks at stays where it is, whatever was inserted or removed above it.
        stood = self.cursor_id
        offset = self._cursor - round(self.scroll_y)
        ids = order.ids
        self._ids, self._next, self.waiting, self._loaded = ids, None, 0, True
        self._tags, self._markable = order.tags, order.markable
        self._cursor = place_of(ids, stood, self._cursor)
        if marked := len(self.marks):
            self.marks.intersection_update(ids if order.markable is None else order.markable)
            self.lost += marked - len(self.marks)
        self._gone.clear()
        self._drawn.clear()
        self._measure()
        self.scroll_to(y=max(0, self._cursor - offset), animate=False)
        self.refresh()
        self.post_message(RowsMissing(self))
        self.post_message(Moved(self))

    def _settle(self) -> None:
        """Take the waiting order once the hands have rested long enough."""
        if self._next is None:
            return
        if (rest := monotonic() - self._touched) < QUIET_S:
            self.set_timer(QUIET_S - rest, self._settle)
            return
        self._adopt(self._next)
        self.post_message(OrderChanged(self))

    def _unflash(self) -> None:
        self._flashes = {i: until for i, until in self._flashes.items() if until > monotonic()}
        self.refresh()

    def choose_columns(self, chosen: Sequence[str]) -> None:
        """Show these, in this order; none: the sheet's own choice."""
        self.columns.chosen = tuple(chosen)
        if self.is_attached:
            self._drawn.clear()
            self._measure()
            self.refresh()

    def _measure(self) -> None:
        self.columns.measure(self.size.width - GUTTER)
        self.virtual_size = Size(self.size.width, len(self._ids) + 1)

    def _lines_in_view(self) -> range:
        top = round(self.scroll_y)
        return range(top, min(len(self._ids), top + self.size.height))

    def _refresh_row(self, line: int) -> None:
        y = line + 1 - round(self.scroll_y)
        if 1 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))
