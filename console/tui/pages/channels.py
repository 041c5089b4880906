"""The channels' page: how fresh each is, how its polls go, what it leaves us, and what it said.

A list with a cursor, and under it all there is to tell of the channel that the cursor stands on.
The list comes with the glance that the app reads for every page; only that one channel's polls
are read for it.
"""

from array import array
from collections.abc import Coroutine, Iterator
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content

from console.keys.action import PageName
from console.reports.clipboard import CopyChoice, channel_choices
from console.tui.data import export
from console.tui.data.export import ExportView
from console.tui.data.values import ChannelDetail
from console.tui.drawing.tones import Tone
from console.tui.pages.context import PageContext
from console.tui.pages.listing import ListPage
from console.tui.views import channel_detail
from console.tui.views.channels import ChannelSheet
from console.tui.widgets.table import VirtualTable
from console.tui.widgets.text import TextBlock, entitle
from store.queries.values import ChannelHealth


class ChannelsPage(ListPage):
    """See the module."""

    place: ClassVar[PageName] = PageName.CHANNELS
    AUTO_FOCUS = "#channel-rows"

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self.whole: ChannelDetail | None = None
        self._wanted = ""
        """The channel that the cursor goes to with the next reading."""
        self.rows: VirtualTable[ChannelHealth] = VirtualTable(
            ChannelSheet(), empty="No channel is configured.", id="channel-rows"
        )

    @property
    def table(self) -> "VirtualTable[Any]":
        return self.rows

    def body(self) -> ComposeResult:
        with Vertical(id="channel-rows-panel", classes="panel"):
            yield self.rows
        with Container(id="channel-body"):
            with VerticalScroll(id="channel-panel", classes="panel"):
                yield TextBlock(self._facts, id="channel")
            with VerticalScroll(id="polls-panel", classes="panel"):
                yield TextBlock(self._polls, id="polls")

    async def reload(self, *, at_once: bool = False) -> None:
        """Take the channels from the glance, and read the one under the cursor."""
        glance, now = self.session.glance, self.session.clock.now()
        if glance is None:
            return
        health = self._health()
        self.rows.offer(array("q", health), now=now, at_once=at_once)
        self.rows.fill(health, list(health))
        self._go_to_wanted()
        await self.look()
        self.repaint()

    def point_at(self, channel: str) -> None:
        self._wanted = channel

    def _go_to_wanted(self) -> None:
        wanted, self._wanted = self._wanted, ""
        names = [one.name for one in map(self._health().get, self.rows.ids) if one is not None]
        if wanted in names:
            self.rows.action_jump(names.index(wanted))

    def _health(self) -> dict[int, ChannelHealth]:
        glance = self.session.glance
        return {one.id: one for one in glance.status.channels} if glance is not None else {}

    async def look(self) -> None:
        glance, under = self.session.glance, self.rows.current
        self.whole = (
            await self.context.source.channel(under.name, glance.status)
            if glance is not None and under is not None
            else None
        )
        self.rewrite("#channel, #polls, #legend")
        self.entitle_all()

    def tick(self) -> None:
        self.rows.tick(self.session.clock.now())
        self.rewrite("#header, #said, #channel, #polls")

    def able(self) -> tuple[str, ...]:
        one = self.rows.current
        if one is None:
            return ()
        judge = ("accept", "discard") if one.quarantined_poll is not None else ()
        cancel = ("cancel",) if one.running is not None else ()
        return ("poll_now", "pause_channel", *judge, *cancel)

    def do_poll_now(self) -> Coroutine[None, None, None] | None:
        one = self._under()
        return None if one is None else self.context.channels.poll_now(one)

    def do_pause_channel(self) -> Coroutine[None, None, None] | None:
        one = self._under()
        return None if one is None else self.context.channels.pause_or_resume(one)

    def do_cancel(self) -> Coroutine[None, None, None] | None:
        one = self._under()
        return None if one is None else self.context.channels.cancel(one)

    def do_accept(self) -> Coroutine[None, None, None] | None:
        one = self._under()
        return None if one is None else self.context.incidents.accept(one.name)

    def do_discard(self) -> Coroutine[None, None, None] | None:
        one = self._under()
        return None if one is None else self.context.incidents.discard(one.name)

    async def do_detail(self) -> None:
        one = self._under()
        if one is not None:
            await self.context.navigator.show_disagreements_of(one.name)

    def copies(self) -> Iterator[CopyChoice]:
        one = self.rows.current
        if one is not None:
            yield from channel_choices(one)

    def view(self) -> ExportView:
        glance = self.session.glance
        return export.channels(glance.status.channels if glance is not None else ())

    def _under(self) -> ChannelHealth | None:
        """The channel under the cursor; that there is none is told."""
        one = self.rows.current
        if one is None:
            self.session.say("no channel is under the cursor", Tone.WARN)
            self.repaint()
        return one

    def _facts(self, width: int) -> Content:
        return channel_detail.facts(
            self.whole, self.session.usable_key, now=self.session.clock.now(), width=width
        )

    def _polls(self, width: int) -> Content:
        return channel_detail.polls(self.whole, now=self.session.clock.now(), width=width)

    def entitle_all(self) -> None:
        glance = self.session.glance
        stale = glance.status.overview.channels_stale if glance is not None else 0
        told = f" · {stale} not fresh" if stale else ""
        self.entitle("channel-rows-panel", f"Channels {len(self.rows.ids)}", told)
        shown = len(self.whole.polls) if self.whole is not None else 0
        # A rule, unlike a frame, leaves no space round its title.
        gap = " " if self.has_class("-narrow") else ""
        for widget in self.query("#channel-panel"):
            entitle(widget, channel_detail.title(self.whole, gap))
        told = f" · the newest {shown}" if shown else ""
        self.entitle("polls-panel", f"{gap}Recent polls", f"{told}{gap}")
