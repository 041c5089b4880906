"""The only source of time and sleep, and instants as text.

Everything that needs either is handed a `Clock`, so that tests and the simulation own both.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

from store.model import Millis

_FIRST: Millis = -62_135_596_800_000
_LAST: Millis = 253_402_300_799_999
"""The first and the last instant that `rfc3339` can write: years 1 to 9999."""


class Clock(Protocol):
    def now(self) -> Millis:
        """Milliseconds since 1970, UTC."""
        ...

    async def sleep(self, span_ms: int) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Millis:
        return time.time_ns() // 1_000_000

    async def sleep(self, span_ms: int) -> None:
        await asyncio.sleep(span_ms / 1000)


def rfc3339(at: Millis | None) -> str | None:
    """Write an instant as RFC 3339 in UTC with milliseconds, e.g. `2026-11-23T14:02:11.250Z`."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def from_rfc3339(text: str) -> Millis:
    """Read an instant; one without an offset is taken as UTC (WooCommerce's `…_gmt`).

    Raises ValueError for what is not an instant, and for a year that can't be written back in UTC.
    """
    at = datetime.fromisoformat(text.strip())
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    millis = round(at.timestamp() * 1000)
    if not _FIRST <= millis <= _LAST:
        raise ValueError("year out of range in UTC")
    return millis
