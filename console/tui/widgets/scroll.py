"""What scrolls: long lists, and columns in which the arrow keys move a cursor first."""

from collections.abc import Callable
from enum import StrEnum
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.widget import Widget


class Leap(StrEnum):
    """How far a key moves a cursor, or what is scrolled: the names of the actions."""

    FIRST = "first"
    LAST = "last"
    HALF_PAGE_DOWN = "half_page_down"
    HALF_PAGE_UP = "half_page_up"
    PAGE_DOWN = "page_down"
    PAGE_UP = "page_up"

    @property
    def halves(self) -> int:
        """In half pages, below 0 upwards; 0: to an end."""
        pages = {"half_page_down": 1, "half_page_up": -1, "page_down": 2, "page_up": -2}
        return pages.get(self, 0)


class LongScrollBar(ScrollBar):
    """The scrollbar of a long list: painted again only where its thumb has moved.

    Of 100,000 rows a page is less than a step of the thumb, and the bar is as high as the list.
    """

    position: Reactive[float] = Reactive(0.0, repaint=False)

    def watch_position(self, old_value: float, new_value: float) -> None:
        if self._step_at(old_value) != self._step_at(new_value):
            self.refresh()

    def _step_at(self, position: float) -> int:
        """On which eighth of a cell the thumb begins. Source: textual 8.2.8, `ScrollBarRender`."""
        height, total, seen = self.size.height, self.window_virtual_size, self.window_size
        if not 0 < seen < total:
            return 0
        thumb = max(1, seen * height / total)
        return int((height - thumb) * position / (total - seen) * 8)


class LongScrollView(ScrollView):
    """A view of very many lines."""

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        if self._vertical_scrollbar is None:
            # As Textual makes its own.
            bar = LongScrollBar(name="vertical", thickness=self.scrollbar_size_vertical)
            bar.display = False
            self._vertical_scrollbar = bar
            self.app._start_widget(self, bar)  # noqa: SLF001 (Textual's)
        return self._vertical_scrollbar


class ScrollBody(VerticalScroll, can_focus=False):
    """What columns stand in: side by side, or under each other and scrolled together."""

    class Reached(Message):
        """Its end has come in sight."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value > old_value and new_value >= self.max_scroll_y - 1:
            self.post_message(self.Reached())


class CursorScroll(ScrollBody, can_focus=True):
    """One column of a body. It scrolls by itself where it is too long for its place."""

    BINDINGS: ClassVar[list[BindingType]] = [("j", "scroll_down", "Down"), ("k", "scroll_up", "Up")]

    def __init__(
        self,
        step: Callable[[int], bool] = lambda _: False,
        *,
        id: str,  # noqa: A002 (Textual's)
        classes: str = "",
    ) -> None:
        """`step` moves a cursor by so many rows, and says whether it could."""
        super().__init__(id=id, classes=classes)
        self._step_by = step

    @property
    def mover(self) -> VerticalScroll:
        """What an arrow key scrolls: the column, or the body where that holds it whole."""
        body = self.parent
        if self.max_scroll_y > 0 or not isinstance(body, VerticalScroll):
            return self
        return body

    def beyond(self, widget: Widget, line: int) -> int:
        """How far a widget's line is below what is in sight; below 0 where it is above."""
        seen, at = self.mover.region, widget.region.y + line
        if at < seen.y:
            return at - seen.y
        return max(0, at - seen.bottom + 1)

    def action_scroll_down(self) -> None:
        if not self._step_by(1):
            self.mover.scroll_relative(y=1, animate=False)

    def action_scroll_up(self) -> None:
        if not self._step_by(-1):
            self.mover.scroll_relative(y=-1, animate=False)

    def action_page_down(self) -> None:
        self.mover.scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        self.mover.scroll_page_up(animate=False)

    def action_leap(self, how: str) -> None:
        """Scroll as far as `Leap` has it."""
        leap, mover = Leap(how), self.mover
        if leap.halves:
            by = leap.halves * (mover.scrollable_content_region.height // 2)
            mover.scroll_relative(y=by, animate=False)
        elif leap is Leap.FIRST:
            mover.scroll_home(animate=False)
        else:
            mover.scroll_end(animate=False)

    def action_scroll_home(self) -> None:
        self.mover.scroll_home(animate=False)

    def action_scroll_end(self) -> None:
        self.mover.scroll_end(animate=False)
