"""The frame that every page stands in: header, tabs, the log's line, the filter's line, the legend.

A page reads what it shows in `reload`, through its context's source and off this thread. What its
keys do stands in `actions`; an act that is a coroutine runs as a worker, and may ask with a dialog.
"""

import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets._toast import ToastRack

from console.keys.action import Chapter, PageName
from console.text.confirmation import DecisionTarget
from console.text.format import clean
from console.tui.data.filters.disagreement_filter import FilterError
from console.tui.dialogs.dialog import ToastScreen
from console.tui.drawing.tones import Tone
from console.tui.pages.context import PageContext, Subject
from console.tui.session import story_band
from console.tui.session.memory import PageMemory
from console.tui.views import channels, header
from console.tui.widgets.filter_input import FilterInput
from console.tui.widgets.panes import Panes
from console.tui.widgets.scroll import CursorScroll, Leap
from console.tui.widgets.table import VirtualTable
from console.tui.widgets.table_messages import Moved
from console.tui.widgets.text import TextBlock, set_title

if TYPE_CHECKING:
    from console.reports.clipboard import CopyChoice
    from console.tui.data.export import ExportView

Acts = Mapping[str, Callable[[], Coroutine[Any, Any, None] | None]]
"""By the name of an action what does it: at once, or as a worker where it gives a coroutine."""

ROOMY = 110
"""From this width on the lines at the edges are written in full words."""
BREAKPOINTS: list[tuple[int, str]] = [(0, "-narrow"), (132, "-wide")]


class Page(ToastScreen, Screen[None]):
    """See the module."""

    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    place: ClassVar[PageName]
    filter_hint: ClassVar[str] = ""
    """What the filter's empty line shows; empty: the page has no filter."""

    is_apart: ClassVar[bool] = False
    """Whether it is read without the glance, so that both can be read at a time."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self.context = context
        self.session = context.session
        self.filter_text = ""
        self.fresh = PageMemory()
        """How the page begins where nothing is remembered."""
        self.panes = Panes(self)

    def _compositor_refresh(self) -> None:
        # Textual would render the whole screen while a batch of updates is open, as it is at the
        # start, and then write nothing of it. What is to be painted stays noted until it is closed.
        if not self.app._batch_count:  # noqa: SLF001 (Textual's)
            super()._compositor_refresh()

    def compose(self) -> ComposeResult:
        # Textual sets these once the page has a size, and then applies all styles again.
        widths = self._get_breakpoint_classes(self.app.size.width, BREAKPOINTS)
        self.set_class(True, *widths, update=False)
        yield TextBlock(self._header, id="header")
        yield TextBlock(self._tabs, id="tabs")
        yield from self.body()
        if self.session.story is not None:
            yield TextBlock(self._story, id="story")
        yield TextBlock(self._log_line, id="log")
        if self.filter_hint:
            yield FilterInput(self.filter_hint, self.complete)
        yield TextBlock(self._legend, id="legend")

    def body(self) -> ComposeResult:
        """What stands between the tabs and the log's line."""
        yield from ()

    async def reload(self, *, at_once: bool = False) -> None:
        """Read again what this page shows; whoever asks repaints it.

        `at_once`: the operator asked. Raises StoreError.
        """
        del at_once

    async def freshen(self) -> None:
        """Read again what is in view of a long list, between two reloads. Raises StoreError."""

    def tick(self) -> None:
        """Let time be seen: ages, the clock, countdowns."""
        self.rewrite()
        self.place_toasts()

    @on(Moved)
    def place_toasts(self) -> None:
        """Have what is said in passing stand where the row under the cursor is not."""
        rack = self.query_one_optional(ToastRack)
        if rack is not None and rack.display:
            line = self._cursor_line()
            self.set_class(line is not None and line >= self.size.height // 2, "-low")

    def _cursor_line(self) -> int | None:
        """Which line of the screen the row under the cursor stands on."""
        table = self.focused
        if not isinstance(table, VirtualTable):
            table = next(iter(self.query(VirtualTable)), None)
        if table is None or not table.ids:
            return None
        return table.region.y + 1 + table.cursor - round(table.scroll_y)

    def repaint(self) -> None:
        """Write everything again that is not a list."""
        self.rewrite()

    def rewrite(self, *names: str) -> None:
        """Write the text blocks of these ids again, else all of them.

        What is being taken down as the app closes is passed over.
        """
        # By id and by class, never by a selector of styles: Textual remembers the one and walks
        # the tree for the other, while a selector is matched with every widget, at every key.
        if not names:
            for block in self.walk_children(TextBlock):
                block.rewrite()
            return
        for name in names:
            found = self.query_one_optional(f"#{name}", TextBlock)
            if found is not None:
                found.rewrite()

    def set_title(self, panel: str, title: Content) -> None:
        """Give the panel of this id its title."""
        found = self.query_one_optional(f"#{panel}", Widget)
        if found is not None:
            set_title(found, title)

    def able(self) -> tuple[str, ...]:
        """The deciding actions that can be done now, for the legend."""
        return self.session.able(self.picked(), marks=False)

    def picked(self) -> DecisionTarget:
        """The update that a deciding key would decide on."""
        return DecisionTarget(why_not="no update is under the cursor here")

    def subject(self) -> Subject | None:
        """What of a SKU is under the cursor; None where nothing is."""
        return None

    def point_at(self, channel: str) -> bool:
        """Put the cursor on a channel, where the page has them; whether it has this one."""
        del channel
        return False

    def note(self) -> str:
        """What is shown at the right of the tabs."""
        clears = f"  ({self.session.key('clear')} clears)" if self.session.key("clear") else ""
        filtered = f"filter: {self.filter_text}{clears}" if self.filter_text else ""
        return "  ".join(text for text in (self.session.busy, filtered) if text)

    def lead(self) -> str:
        """What is shown before the log's line."""
        return ""

    def filter_by(self, text: str) -> None:
        """Take a new filter. Raises FilterError with the remedy."""
        self.filter_text = text.strip()

    def complete(self, text: str) -> str | None:
        """What is being typed into the filter's line, brought to its end; None: as it is."""
        del text
        return None

    def actions(self) -> Acts:
        """By the name of an action what it does on this page: each page adds its own."""
        return {
            "filter": self.do_filter,
            "clear": self.do_clear,
            "copy": self.do_copy,
            "export": self.do_export,
            "previous_change": self.do_previous_change,
            "next_change": self.do_next_change,
            "hour_back": self.do_hour_back,
            "hour_on": self.do_hour_on,
            "go_to": self.do_go_to,
            "undo": self.do_undo,
            "pause_writes": self.do_pause_writes,
            "zoom_pane": self.panes.zoom,
            "fold_pane": self.do_fold_pane,
            "ignore_rules": self.do_ignore_rules,
            **{how: partial(self._leap, how) for how in Leap},
            "story_next": self.do_story_next,
            "story_silence": self.do_story_silence,
            "story_again": self.do_story_again,
        }

    def do_fold_pane(self) -> None:
        if why := self.panes.fold():
            self.session.say(f"can't fold: {why}", Tone.WARN)
            self.rewrite("log")

    def on_resize(self) -> None:
        if self.panes.zoomed or self.panes.folded:
            self.call_after_refresh(self.panes.place)

    def _leap(self, how: Leap) -> None:
        """Move the cursor of what has the focus, else of the page's first list."""
        movers = (self.focused, *self.query(VirtualTable), *self.query(CursorScroll))
        for mover in movers:
            if isinstance(mover, VirtualTable | CursorScroll):
                mover.action_leap(how)
                return

    async def do_filter(self) -> None:
        self.add_class("-filtering")
        # The act lasts until what is typed next goes there.
        await self.query_one(FilterInput).open(self.filter_text)

    def close_filter(self) -> bool:
        """Put the filter's line away; whether it was open."""
        was_open = self.has_class("-filtering")
        self.remove_class("-filtering")
        if was_open and self.AUTO_FOCUS:
            self.query(self.AUTO_FOCUS).first().focus()
        return was_open

    async def do_clear(self) -> None:
        """Step back by one: the filter's line, the past, what is chosen, else the page before."""
        if self.close_filter():
            return
        if self.session.is_visiting:
            await self.context.replay.leave()
        elif not self.clear_marks_or_filter():
            await self.context.navigator.back()

    def clear_marks_or_filter(self) -> bool:
        """Let go of marks, else of the filter; whether there was anything to let go of."""
        if not self.filter_text:
            return False
        self.filter_by("")
        self.session.request_refresh()
        return True

    def copies(self) -> "Iterator[CopyChoice]":
        """The ways to copy what is under the cursor; none: there is nothing to copy."""
        yield from ()

    def view(self) -> "ExportView | None":
        """What of this page can be exported; None: nothing."""
        return None

    def page_memory(self) -> PageMemory:
        """What is remembered of this page between runs."""
        panes = self.panes
        return PageMemory(filter=self.filter_text, zoomed=panes.zoomed, folded=panes.folded)

    def restore(self, before: PageMemory) -> None:
        """Take up what is remembered of this page; what is no more is passed over."""
        with contextlib.suppress(FilterError):
            self.filter_by(before.filter)
        self.panes.zoomed, self.panes.folded = before.zoomed, before.folded
        if self.is_attached:
            self.panes.place()

    async def do_copy(self) -> None:
        await self.context.copying.copy(self.copies())

    async def do_export(self) -> None:
        await self.context.copying.export(self.view())

    @property
    def sku_shown(self) -> str | None:
        """The one SKU that the page is about."""
        return None

    def do_previous_change(self) -> Coroutine[None, None, None]:
        return self.context.replay.step(on=False, sku=self.sku_shown)

    def do_next_change(self) -> Coroutine[None, None, None]:
        return self.context.replay.step(on=True, sku=self.sku_shown)

    def do_hour_back(self) -> Coroutine[None, None, None]:
        return self.context.replay.leap(-1)

    def do_hour_on(self) -> Coroutine[None, None, None]:
        return self.context.replay.leap(1)

    def do_go_to(self) -> Coroutine[None, None, None]:
        return self.context.replay.ask()

    def do_undo(self) -> Coroutine[None, None, None]:
        return self.context.updates.undo(self.picked())

    def do_pause_writes(self) -> Coroutine[None, None, None]:
        return self.context.channels.pause_or_resume_writes()

    async def do_ignore_rules(self) -> None:
        if await self.context.ignoring.show_rules():
            await self.context.navigator.show_ignored()

    def do_story_next(self) -> Coroutine[None, None, None]:
        return self.context.story.step()

    def do_story_silence(self) -> Coroutine[None, None, None]:
        return self.context.story.silence_or_go_on()

    def do_story_again(self) -> Coroutine[None, None, None]:
        return self.context.story.begin_again()

    @on(Input.Submitted, "#filter")
    def _filter_typed(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.filter_by(event.value)
        except FilterError as error:
            # The filter's line stands where the log's does: there nobody sees it yet.
            self.session.say(str(error), Tone.WARN)
            self.notify(clean(str(error)), severity="warning", markup=False)
            return
        self.query_one(FilterInput).remember(event.value)
        self.close_filter()
        self.session.request_refresh()

    def _header(self, width: int) -> Content:
        snapshot, now = self.session.snapshot, self.session.clock.now()
        banner = header.Banner.of(self.context.settings.console)
        return header.header(
            msgspec.structs.replace(self.session.status(), banner=banner),
            snapshot.status.overview if snapshot is not None else None,
            now=now,
            width=width,
            brief=width < ROOMY,
            reading=channels.reading(snapshot.status.channels if snapshot is not None else (), now),
        )

    def _tabs(self, width: int) -> Content:
        snapshot = self.session.snapshot
        status = snapshot.status if snapshot is not None else None
        return header.tabs(
            status, self.place, note=self.note(), width=width, actions=self.session.actions
        )

    def _log_line(self, width: int) -> Content:
        replay = self.session.replay
        text = "" if replay is None else replay.summary
        return self.session.line(width, text + self.lead())

    def _story(self, width: int) -> Content:
        return story_band.band(self.session, self.place, width)

    def _legend(self, width: int) -> Content:
        return header.legend(
            width,
            narrow=width < ROOMY,
            read_only=self.session.read_only,
            able=(*self.able(), "pause_writes"),
            actions=[
                action
                for action in self.session.actions
                if self.place in action.on
                and not self.session.refuses(action)
                and (action.group is not Chapter.PAST or self.session.replay is not None)
            ],
        )
