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
from sync.times.time_zones import TimeZone, zone_of

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

JOINED_MAX = 24
"""So many times of a window that touch each other are seen as one."""
FOLLOWED_MAX = 6
"""So many windows that go on where another ends are followed to their end."""


def standing(windows: Sequence[ApprovalWindow], now: Millis) -> WindowStanding | None:
    """What the windows say at an instant; None where there are none that say anything."""
    # An engine asks five times a second, and a calendar takes milliseconds.
    return _standing(tuple(windows), now - now % 1_000)


@lru_cache(maxsize=16)
def _standing(windows: tuple[ApprovalWindow, ...], now: Millis) -> WindowStanding | None:
    freezes = [window for window in windows if window.effect == "freeze"]
    allows = [window for window in windows if window.effect == "allow"]
    held = _held(freezes, allows, now)
    if held is not None:
        until, reason = held
        # Where one thing that holds ends, another may hold on: the end is where none does.
        for _ in range(FOLLOWED_MAX):
            after = None if until is None else _held(freezes, allows, until)
            if after is None:
                break
            until = after[0]
        return WindowStanding(held=True, until=until, reason=reason)
    open_now = _within(allows, now)
    if open_now is None:
        return None
    closes, reason = open_now
    for _ in range(FOLLOWED_MAX):
        later = _within(allows, closes)
        if later is None:
            break
        closes = later[0]
    # A freeze that begins sooner ends it.
    begins = [at for window in freezes for at in _first(_begins(window, now))]
    return WindowStanding(held=False, until=min([closes, *begins]), reason=reason)


def _held(
    freezes: Sequence[ApprovalWindow], allows: Sequence[ApprovalWindow], at: Millis
) -> tuple[Millis | None, str] | None:
    """What holds raises at an instant: until when at least, where that ends, and why."""
    frozen = _within(freezes, at)
    if frozen is not None:
        return frozen
    if not allows or _within(allows, at) is not None:
        return None
    opens = [(begin, window.reason) for window in allows for begin in _first(_begins(window, at))]
    if not opens:
        return None, "no window opens any more"
    begin, reason = min(opens)
    return begin, f"outside of: {reason}"


def _within(windows: Sequence[ApprovalWindow], at: Millis) -> tuple[Millis, str] | None:
    """The end of those that last at an instant, with the reason of the one that ends last."""
    ends = [(end, window.reason) for window in windows for end in _end(window, at)]
    return max(ends) if ends else None


def _end(window: ApprovalWindow, now: Millis) -> list[Millis]:
    """When a window ends that lasts at an instant, with the next times that it touches."""
    end: Millis | None = None
    begins = _begins(window, now - window.duration_ms)
    for at, _ in zip(begins, range(JOINED_MAX), strict=False):
        if at > (now if end is None else end):
            break
        end = at + window.duration_ms
    return [] if end is None else [end]


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
