"""Through the past: to the next change and the one before, by an hour, to a time. Read-only.

A live console has no past to move through: there they do nothing.
"""

from collections.abc import Coroutine

from textual.app import App

from console.tui.data.replay import HOUR_MS
from console.tui.dialogs.goto import GoToDialog
from console.tui.drawing.tones import Tone
from console.tui.session.state import ConsoleState
from store.errors import StoreError


class ReplayHandler:
    """One operator's way through what is kept."""

    def __init__(self, app: App[int], session: ConsoleState) -> None:
        self._app = app
        self._session = session

    async def step(self, *, on: bool, sku: str | None) -> None:
        """To the next change, or the one before; on a SKU's page, of that SKU."""
        replay = self._session.replay
        if replay is not None:
            await self._go(replay.step(on=on, sku=sku))

    async def leap(self, hours: int) -> None:
        """So many hours on, or back."""
        replay = self._session.replay
        if replay is not None:
            await self._go(replay.leap(hours * HOUR_MS))

    async def ask(self) -> None:
        """To a time that the operator says."""
        replay = self._session.replay
        if replay is None:
            return
        at = await self._app.push_screen_wait(GoToDialog(replay))
        if at is not None:
            await self._go(replay.go(at))

    async def _go(self, going: Coroutine[None, None, None]) -> None:
        try:
            await going
        except StoreError as error:
            self._session.say(str(error), Tone.WARN)
        self._session.request_refresh()
