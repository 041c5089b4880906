"""When raises may be approved: `[[approval.windows]]`. Pure, but for the calendar of APScheduler.

A window begins by a cron expression, in its time zone, and lasts for its duration. Within a
`freeze`, and outside every `allow` where there is one, raises and rules wait; a person may still
approve a reduction, for what is oversold goes on selling meanwhile.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from store.model import Millis
from sync.corrections.cron import trigger_of
from sync.settings import ApprovalWindow, WindowStanding
from sync.time_zones import TimeZone, zone_of

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

JOINED_MAX = 24
"""So many windows that touch each other are seen as one."""


def standing(windows: Sequence[ApprovalWindow], now: Millis) -> WindowStanding | None:
    """What the windows say at an instant; None where there are none that say anything."""
    # An engine asks five times a second, and a calendar takes milliseconds.
    return _standing(tuple(windows), now - now % 1_000)


@lru_cache(maxsize=16)
def _standing(windows: tuple[ApprovalWindow, ...], now: Millis) -> WindowStanding | None:
    freezes = [window for window in windows if window.effect == "freeze"]
    allows = [window for window in windows if window.effect == "allow"]
    frozen = _within(freezes, now)
    if frozen is not None:
        until, reason = frozen
        return WindowStanding(held=True, until=until, reason=reason)
    open_now = _within(allows, now)
    if open_now is not None:
        until, reason = open_now
        # A freeze that begins sooner ends it.
        begins = [at for window in freezes for at in _first(_begins(window, now))]
        return WindowStanding(held=False, until=min([until, *begins]), reason=reason)
    if not allows:
        return None
    opens = [(at, window.reason) for window in allows for at in _first(_begins(window, now))]
    if not opens:
        return WindowStanding(held=True, until=None, reason="no window opens any more")
    at, reason = min(opens)
    return WindowStanding(held=True, until=at, reason=f"outside of: {reason}")


def _within(windows: Sequence[ApprovalWindow], now: Millis) -> tuple[Millis, str] | None:
    """The end of those that last at an instant, with the reason of the one that ends last."""
    lasting: list[tuple[Millis, str]] = []
    for window in windows:
        end: Millis | None = None
        begins = _begins(window, now - window.duration_ms)
        for at, _ in zip(begins, range(JOINED_MAX), strict=False):
            if at > (now if end is None else end):
                break
            end = at + window.duration_ms
        if end is not None:
            lasting.append((end, window.reason))
    return max(lasting) if lasting else None


def _begins(window: ApprovalWindow, after: Millis) -> Iterator[Millis]:
    """When it begins, from the first time after an instant on."""
    trigger = _trigger(window.cron, window.timezone)
    before: datetime | None = None
    at = datetime.fromtimestamp(after / 1000, UTC) + timedelta(milliseconds=1)
    while True:
        found = trigger.get_next_fire_time(before, at)
        if found is None:
            return
        yield round(found.timestamp() * 1000)
        before, at = found, found + timedelta(seconds=1)


def _first(begins: Iterator[Millis]) -> list[Millis]:
    found = next(begins, None)
    return [] if found is None else [found]


@lru_cache(maxsize=64)
def _trigger(cron: str, timezone: TimeZone | None) -> "CronTrigger":
    return trigger_of(cron, zone_of(timezone))
