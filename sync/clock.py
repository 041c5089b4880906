"""The only source of time and sleep, and instants as text.

Everything that needs either is handed a `Clock`, so that tests and the simulation own both.
"""

import time
from datetime import UTC, datetime, tzinfo
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
        # Whoever sleeps has a loop; whoever only wants the time is spared its import.
        from asyncio import sleep

        await sleep(span_ms / 1000)


def rfc3339(at: Millis | None) -> str | None:
    """Write an instant as RFC 3339 in UTC with milliseconds, e.g. `2026-11-23T14:02:11.250Z`."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def from_rfc3339(text: str, zone: tzinfo = UTC, *, until: Millis | None = None) -> Millis:
    """Read an instant; one without an offset is a time of `zone`.

    A clock that is put back shows an hour twice, and one that is put forward leaves one out. What
    it shows in such an hour can mean two instants: it is the earlier of them, or, where `until` is
    given, the later one that is not after `until`.
    Raises ValueError for what is not an instant, and for a year that can't be written back in UTC.
    """
    at = datetime.fromisoformat(text.strip())
    if at.tzinfo is None and zone is not UTC:
        # Of the two folds one has the offset of before the change and one that of after it, in the
        # hour that is left out as in the one that comes twice (PEP 495).
        first = at.replace(tzinfo=zone).timestamp()
        second = at.replace(tzinfo=zone, fold=1).timestamp()
        seconds = first
        if first != second:
            later = max(first, second)
            is_later = until is not None and later * 1000 <= until
            seconds = later if is_later else min(first, second)
    else:
        seconds = (at.replace(tzinfo=UTC) if at.tzinfo is None else at).timestamp()
    millis = round(seconds * 1000)
    if not _FIRST <= millis <= _LAST:
        raise ValueError("year out of range in UTC")
    return millis
