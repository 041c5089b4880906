"""The channels' page: how fresh each is, how its polls go, its limits, and its errors.

A list with a cursor, and under it all there is to show of the channel that the cursor stands on.
The list comes with the snapshot that is read for every page; only the polls of that one channel are
read for this one.
"""

from array import array
from collections.abc import Coroutine, Iterator, Mapping
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
from console.tui.pages.page import Acts
from console.tui.views import channel_detail
from console.tui.views.channels import SORTED_BY, ChannelSheet, ChannelSort, ordered
from console.tui.widgets.table import VirtualTable
from console.tui.widgets.text import TextBlock
from store.queries.values import ChannelHealth


class ChannelsPage(ListPage):
    """See the module."""

    place: ClassVar[PageName] = PageName.CHANNELS
    AUTO_FOCUS = "#channel-rows"
    SORTS: ClassVar[Mapping[str, str]] = SORTED_BY
    sort: str = ChannelSort.CONFIGURED

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self.shown: ChannelDetail | None = None
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
        snapshot, now = self.session.snapshot, self.session.clock.now()
        if snapshot is None:
            return
        health = self._health()
        order = ordered(health.values(), self.sort, backwards=self.backwards)
        ids = array("q", (channel.id for channel in order))
        self.rows.offer(ids, now=now, at_once=at_once)
        self.rows.fill(health, list(health))
        self._go_to_wanted()
        await self.look()

    def point_at(self, channel: str) -> bool:
        self._wanted = channel
        return True

    def _go_to_wanted(self) -> None:
        wanted, self._wanted = self._wanted, ""
        names = [
            channel.name
            for channel in map(self._health().get, self.rows.ids)
            if channel is not None
        ]
        if wanted in names:
            self.rows.go_to(names.index(wanted))

    def _health(self) -> dict[int, ChannelHealth]:
        snapshot = self.session.snapshot
        return (
            {channel.id: channel for channel in snapshot.status.channels}
            if snapshot is not None
            else {}
        )

    async def look(self) -> None:
        snapshot, under = self.session.snapshot, self.rows.current
        self.shown = (
            await self.context.source.channel(under.name, snapshot.status)
            if snapshot is not None and under is not None
            else None
        )
        self.rewrite("channel", "polls", "legend")
        self.write_titles()

    def tick(self) -> None:
        self.rows.tick(self.session.clock.now())
        self.rewrite("header", "log", "channel", "polls")

    def able(self) -> tuple[str, ...]:
        channel = self.rows.current
        if channel is None:
            return ()
        judge = ("accept", "discard") if channel.quarantined_poll is not None else ()
        cancel = ("cancel",) if channel.running is not None else ()
        return ("poll_now", "pause_channel", *judge, *cancel)

    def actions(self) -> Acts:
        return {
            **super().actions(),
            "poll_now": self.do_poll_now,
            "pause_channel": self.do_pause_channel,
            "cancel": self.do_cancel,
            "accept": self.do_accept,
            "discard": self.do_discard,
            "detail": self.do_detail,
        }

    def do_poll_now(self) -> Coroutine[None, None, None] | None:
        channel = self._under()
        return None if channel is None else self.context.channels.poll_now(channel)

    def do_pause_channel(self) -> Coroutine[None, None, None] | None:
        channel = self._under()
        return None if channel is None else self.context.channels.pause_or_resume(channel)

    def do_cancel(self) -> Coroutine[None, None, None] | None:
        channel = self._under()
        return None if channel is None else self.context.channels.cancel(channel)

    def do_accept(self) -> Coroutine[None, None, None] | None:
        channel = self._under()
        return None if channel is None else self.context.incidents.accept(channel.name)

    def do_discard(self) -> Coroutine[None, None, None] | None:
        channel = self._under()
        return None if channel is None else self.context.incidents.discard(channel.name)

    async def do_detail(self) -> None:
        channel = self._under()
        if channel is not None:
            await self.context.navigator.show_disagreements_of(channel.name)

    def copies(self) -> Iterator[CopyChoice]:
        channel = self.rows.current
        if channel is not None:
            yield from channel_choices(channel)

    def view(self) -> ExportView:
        snapshot = self.session.snapshot
        return export.channels(snapshot.status.channels if snapshot is not None else ())

    def _under(self) -> ChannelHealth | None:
        """The channel under the cursor; where there is none, the log says so."""
        channel = self.rows.current
        if channel is None:
            self.session.say("no channel is under the cursor", Tone.WARN)
            self.repaint()
        return channel

    def _facts(self, width: int) -> Content:
        return channel_detail.facts(
            self.shown, self.session.usable_key, now=self.session.clock.now(), width=width
        )

    def _polls(self, width: int) -> Content:
        return channel_detail.polls(self.shown, now=self.session.clock.now(), width=width)

    def write_titles(self) -> None:
        snapshot = self.session.snapshot
        stale = snapshot.status.overview.channels_stale if snapshot is not None else 0
        text = f" · {stale} not fresh" if stale else ""
        text += f" · sort {self.order}" if self.order != ChannelSort.CONFIGURED else ""
        self.entitle("channel-rows-panel", f"Channels {len(self.rows.ids)}", text)
        shown = len(self.shown.polls) if self.shown is not None else 0
        # A rule, unlike a frame, leaves no space round its title.
        gap = " " if self.has_class("-narrow") else ""
        self.set_title("channel-panel", channel_detail.title(self.shown, gap))
        text = f" · the newest {shown}" if shown else ""
        self.entitle("polls-panel", f"{gap}Recent polls", f"{text}{gap}")
