"""The checklist's answers, measured off the screen's thread and kept for a while.

To measure costs a reader thread 0.4 s at 100,000 SKUs: so seldom enough that it is never more
than a few per cent of a core, and in between the answers are shown with their age.
"""

import asyncio
import importlib
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from console.tui.data.values import Ask
from store.model import Millis
from sync.clock import Clock
from sync.settings import Settings

if TYPE_CHECKING:
    from sync.checklist.case import Answer

EVERY_MS = 30_000
REST = 40
"""After a measurement it rests for so many times as long as that took."""


@dataclass(frozen=True, slots=True)
class ChecklistResult:
    """The answers, and when they were found."""

    at: Millis
    again_at: Millis
    """Before this, nothing is measured again."""
    answers: "tuple[Answer, ...]"


class ChecklistData:
    """Measures for the checklist's page. Raises StoreError where the cache can't be read."""

    def __init__(self, ask: Ask, settings: Settings, clock: Clock) -> None:
        self._ask = ask
        self._settings = settings
        self._clock = clock
        self._checked: ChecklistResult | None = None

    async def look(self) -> ChecklistResult:
        """The answers; measured again where the last ones have had their time."""
        now, known = self._clock.now(), self._checked
        # A clock that was set back would keep old answers for as long.
        if known is not None and known.at <= now < known.again_at:
            return known
        for name in _LATE:
            await asyncio.to_thread(importlib.import_module, name)
        from store.checklist import measure
        from sync import checklist

        began = monotonic()
        found = await self._ask(
            measure.measure, now=now, unseen_after_ms=self._settings.events.unseen_after_ms
        )
        took_ms = int(1_000 * (monotonic() - began))
        answers = checklist.answers(checklist.case(self._settings, found))
        again_at = now + max(EVERY_MS, REST * took_ms)
        self._checked = ChecklistResult(now, again_at, answers)
        return self._checked


# It knows every kind of channel: the first paint does not wait for that, and neither does a key.
_LATE = ("store.checklist.measure", "sync.checklist")
