"""Through the past: to the next change and the one before, by an hour, to a time. Read-only.

From a console of now the first step back opens the cache once more, as it was: that is shown until
the operator returns. The engine, and what was approved, go on below.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from console.tui.data.replay import HOUR_MS, Replay
from console.tui.data.source import DataSource
from console.tui.dialogs.dialog import DialogApp
from console.tui.dialogs.goto import GoToDialog
from console.tui.drawing.tones import Tone
from console.tui.session.state import ConsoleState
from console.tui.widgets.table import VirtualTable
from store.database.connection import Database
from store.errors import StoreError


class Screens(Protocol):
    """What is shown, and how it is read again: the app."""

    @property
    def tables(self) -> "Mapping[str, VirtualTable[Any]]":
        """Every list of the pages that have been opened."""
        ...

    async def refresh_now(self) -> None:
        """Read the cache and show it."""


class ReplayHandler:
    """One operator's way through what is kept."""

    def __init__(
        self, app: DialogApp, session: ConsoleState, source: DataSource, screens: Screens
    ) -> None:
        self._app = app
        self._session = session
        self._source = source
        self._screens = screens
        self._marks: Mapping[str, set[int]] = {}
        """By the list, what was marked when the past was entered."""
        self._past: Database | None = None
        """What was visited last, for the next visit."""

    async def step(self, *, on: bool, sku: str | None) -> None:
        """To the next change, or the one before; on a SKU's page, of that SKU."""
        await self._go(lambda replay: replay.step(on=on, sku=sku))

    async def leap(self, hours: int) -> None:
        """So many hours on, or back."""
        await self._go(lambda replay: replay.leap(hours * HOUR_MS))

    async def ask(self) -> None:
        """To a time that the operator says."""
        await self._go(self._ask)

    async def leave(self) -> None:
        """From a visit to the past back to now, before any other key has its effect."""
        replay = self._session.replay
        if replay is None or not self._session.is_visiting:
            return
        self._source.show(None)
        self._session.visit(None)
        tables = self._screens.tables
        for name, marks in self._marks.items():
            tables[name].marks = set(marks)
        await self._show_again()
        self._session.say("now again", Tone.STRONG)

    def close(self) -> None:
        """Let go of the past that was visited."""
        if self._past is not None:
            self._past.close()

    async def _ask(self, replay: Replay) -> None:
        at = await self._app.push_screen_wait(GoToDialog(replay))
        if at is not None:
            await replay.go(at)

    async def _go(self, going: Callable[[Replay], Awaitable[None]]) -> None:
        replay = self._session.replay
        try:
            if replay is not None:
                await going(replay)
            else:
                await self._enter(going)
        except StoreError as error:
            self._session.say(str(error), Tone.WARN)
        await self._show_again()

    async def _enter(self, going: Callable[[Replay], Awaitable[None]]) -> None:
        """Open the past, and show it where there is something to show. Raises StoreError."""
        replay = await asyncio.to_thread(self._open)
        before = replay.at
        await going(replay)
        if replay.at == before:
            return
        # What has begun before and is still to ask would ask in the past.
        self._app.overtake()
        self._marks = {name: set(table.marks) for name, table in self._screens.tables.items()}
        self._session.visit(replay)
        self._source.show(replay.database)

    def _open(self) -> Replay:
        # A console of what is so now pays for no past.
        from store.history.rewind import open_at

        clock = self._session.live_clock
        # To open it and to ask it each thing for the first time takes half a second: it stays open.
        if self._past is None:
            self._past = open_at(self._source.settings.database, clock.now())
        self._past.rewind(clock.now())
        return Replay.begin(self._past, clock)

    async def _show_again(self) -> None:
        """Read what is shown; of the rows that were read at another instant nothing is left."""
        for table in self._screens.tables.values():
            table.forget_unseen()
        await self._screens.refresh_now()
