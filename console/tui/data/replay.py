"""The past on the screen: which instant is shown, and the way to those before and after it.

A `Replay` is the console's clock, which stands still until the
operator steps, and moves the cache that is shown with it. A console of now can visit the past: its
`ShownClock` shows the instant for so long.
"""

import asyncio

import msgspec

from console.text.format import age, day_and_time
from store.database.connection import Database
from store.errors import NoSuchThing
from store.model import Millis
from sync.clock import Clock

HOUR_MS = 3_600_000
_MINUTE_MS = 60_000


class Replay(msgspec.Struct):
    """See the module. A clock to whoever asks for one."""

    database: Database
    """As it stood at the instant."""
    clock: Clock
    """The time that it is."""
    at: Millis
    first: Millis
    """When the first poll that is kept began: before it there is nothing to show."""
    thinned_before: Millis | None
    """What was over before has been thinned out; None: all is kept."""
    moved: str = ""
    """How far the last step led."""

    @classmethod
    def begin(cls, database: Database, clock: Clock) -> "Replay":
        """Show a database that was opened at an instant. Raises NoSuchThing, as `go` does."""
        from store.history import retention  # A console of what is so now pays for no past.

        if database.at is None:
            raise ValueError("the cache was opened as it is now")
        first = check(database, database.at, clock.now())
        return cls(database, clock, database.at, first, database.read(retention.thinned_before))

    def now(self) -> Millis:
        """The instant that is shown."""
        return self.at

    async def sleep(self, span_ms: int) -> None:
        await self.clock.sleep(span_ms)

    async def go(self, at: Millis) -> None:
        """Show another instant. Raises NoSuchThing, and stays."""
        await asyncio.to_thread(check, self.database, at, self.clock.now())
        # The clock moves before the cache does. A reading that runs meanwhile may mix the two, but
        # the handler asks for another one right after this, which has both.
        before, self.at = self.at, at
        self.database.rewind(at)
        self.moved = f"{_span(abs(at - before))} {'on' if at > before else 'back'}"

    async def leap(self, span_ms: int) -> None:
        """Go so far on, or back, but no further than there is anything to show."""
        await self.go(max(self.first, min(self.clock.now(), self.at + span_ms)))

    async def step(self, *, on: bool, sku: str | None) -> None:
        """Go to the next change or the one before, of one SKU where it is given.

        Raises NoSuchThing where there is none, and other trouble with the cache.
        """
        from store.history import change_points  # As above.

        if on:
            at = await self.database.aread(
                change_points.following, self.at, sku=sku, until=self.clock.now()
            )
        else:
            at = await self.database.aread(change_points.preceding, self.at, sku=sku)
        if at is None or at < self.first:
            whose = f" of {sku}" if sku is not None else ""
            way = "has changed since" if on else "on record changed before that"
            raise NoSuchThing(f"nothing{whose} {way}")
        await self.go(at)

    @property
    def summary(self) -> str:
        """What the log's line begins with: how long ago, and what may be lacking."""
        ago = f" as it was {age(self.clock.now() - self.at)} ago"
        if self.moved:
            ago += f" ({self.moved})"
        if self.thinned_before is not None and self.at < self.thinned_before:
            return f"{ago}, thinned out before {day_and_time(self.thinned_before)}"
        return ago


class ShownClock:
    """The console's clock: the time that it is, or the instant of the past that is visited."""

    def __init__(self, live: Clock) -> None:
        self.live = live
        self.visited: Replay | None = None

    def now(self) -> Millis:
        """The instant that is shown."""
        return self.live.now() if self.visited is None else self.visited.at

    async def sleep(self, span_ms: int) -> None:
        await self.live.sleep(span_ms)


def _span(span_ms: int) -> str:
    return f"{span_ms / 1000:.1f} s" if span_ms < _MINUTE_MS else age(span_ms)


def check(database: Database, at: Millis, now: Millis) -> Millis:
    """Make sure that there is something to show of an instant; answer when that begins.

    Raises NoSuchThing where it is still to come, or before the first poll that is kept.
    """
    from store.history import change_points  # As above.

    first = database.read(change_points.first)
    if at > now:
        raise NoSuchThing(f"{day_and_time(at)} is in the future")
    if first is None:
        raise NoSuchThing("nothing has been polled yet: there is no past to show")
    if at < first:
        began = f"the first poll on record began {day_and_time(first)}"
        raise NoSuchThing(f"no data of {day_and_time(at)}: {began}")
    return first
