"""What every act shares: who acts and when, a decision off the screen's thread, and the log.

An act runs in a worker of the app: it may ask with a dialog and wait for the answer.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from textual.app import App

from console.tui.data.source import DataSource
from console.tui.drawing.tones import Tone
from console.tui.session.state import ConsoleState
from console.tui.widgets.decision_table import DecisionTable
from store.database.connection import Database
from store.errors import StoreError

T = TypeVar("T")


class Handler:
    """One operator's acts on one cache."""

    def __init__(
        self, app: App[Any], database: Database, source: DataSource, session: ConsoleState
    ) -> None:
        self._app = app
        self._database = database
        self._source = source
        self._session = session

    @cached_property
    def _reasons(self) -> deque[str]:
        """Those that this operator gave last, the newest first: they are offered again."""
        return deque(maxlen=6)

    @property
    def _who(self) -> str:
        return self._session.operator

    @property
    def _now(self) -> int:
        return self._session.live_clock.now()

    async def _decide(self, act: Callable[[], list[T]]) -> list[T]:
        """Run an act on another thread; trouble with the cache is logged, and nothing was done."""
        try:
            # A write waits for whoever writes to the cache now, and that may be another process. On
            # the screen's thread every key would wait with it.
            return await asyncio.to_thread(act)
        except (StoreError, RuntimeError) as error:
            # A RuntimeError is the closed cache's: its writer has gone.
            self._say(f"nothing was decided: {error}", Tone.BAD)
            return []

    def _refuse(self, text: str, why: str) -> None:
        """Say in the log that nothing is done, and at the row under the cursor why."""
        self._say(text, Tone.WARN)
        for table in self._app.screen.query(DecisionTable):
            if table.has_focus:
                table.refuse_here(why)

    def _say(self, text: str, tone: Tone) -> None:
        self._session.say(text, tone)
        self._session.request_refresh()
